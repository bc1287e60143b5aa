"""What the steps of a scripted backup may do in an account."""

from collections.abc import Sequence

import pulumi

from components.iam import Statement, may_pass
from components.scripts.script_document import AGREED_TAG
from reports.aws_partition import aws_partition


def scripted_backup_permissions(
    *,
    account: str,
    regions: Sequence[str],
    document_arns: Sequence[pulumi.Input[str]],
    instance_tags: Sequence[tuple[str, str]],
    vault_arns: Sequence[pulumi.Input[str]],
    copies: bool,
    backup_role_arn: pulumi.Input[str],
    output_bucket: str | None,
) -> list[Statement]:
    """`instance_tags`: scripts run on, and backups are started of, instances with one of these.
    `copies`: whether a rule copies what it made, which of an instance is an image."""
    partition = aws_partition(regions[0])
    bucket_arn = f"arn:{partition}:s3:::{output_bucket}" if output_bucket else None
    images = [f"arn:{partition}:ec2:{region}::image/*" for region in regions]
    instances = [f"arn:{partition}:ec2:{region}:{account}:instance/*" for region in regions]
    return [
        *_run_scripts(document_arns, bucket_arn),
        *(
            Statement(
                sid=f"RunOnInstances{number}",
                actions=["ssm:SendCommand"],
                resources=instances,
                conditions={"StringEquals": {f"ssm:resourceTag/{key}": wanted}},
            )
            for number, (key, wanted) in enumerate(instance_tags, start=1)
        ),
        Statement(
            sid="FollowCommandsAndFindTargets",
            actions=[
                "ssm:DescribeInstanceInformation",
                "ssm:GetCommandInvocation",
                "ssm:ListCommandInvocations",
                "ssm:ListCommands",
                "tag:GetResources",
            ],
            resources=["*"],
        ),
        Statement(
            sid="ReadItsOwnSteps",
            actions=["ssm:GetAutomationExecution"],
            resources=[
                f"arn:{partition}:ssm:{r}:{account}:automation-execution/*" for r in regions
            ],
        ),
        Statement(
            sid="StartBackups", actions=["backup:StartBackupJob"], resources=list(vault_arns)
        ),
        *(
            [Statement(sid="StartCopies", actions=["backup:StartCopyJob"], resources=images)]
            if copies
            else []
        ),
        Statement(sid="FollowBackups", actions=["backup:DescribeBackupJob"], resources=["*"]),
        may_pass("HandOverTheRoleOfBackups", backup_role_arn, "backup.amazonaws.com"),
        Statement(
            sid="LookAtSnapshots",
            actions=["ec2:DescribeImages", "ec2:DescribeInstances", "ec2:DescribeSnapshots"],
            resources=["*"],
        ),
        Statement(
            sid="RecordTheResult",
            actions=["ec2:CreateTags"],
            resources=[
                f"arn:{partition}:ec2:{region}::{kind}/*"
                for region in regions
                for kind in ("image", "snapshot")
            ],
            conditions={"ForAllValues:StringLike": {"aws:TagKeys": "backup-org:*"}},
        ),
    ]


def _run_scripts(
    document_arns: Sequence[pulumi.Input[str]], bucket_arn: str | None
) -> list[Statement]:
    """Run Command asks for the bucket too, which the instance then writes to."""
    if not document_arns:
        return []
    tag, value = AGREED_TAG
    statements = [
        Statement(
            sid="RunTheScriptsWithTheAgreedTag",
            actions=["ssm:SendCommand"],
            resources=document_arns,
            conditions={"StringEquals": {f"aws:ResourceTag/{tag}": value}},
        ),
        Statement(
            sid="ReadTheTagsOfTheScripts",
            actions=["ssm:ListTagsForResource"],
            resources=document_arns,
        ),
    ]
    if bucket_arn is not None:
        statements.append(
            Statement(
                sid="NameTheBucketOfTheOutput",
                actions=["ssm:SendCommand"],
                resources=[bucket_arn],
            )
        )
    return statements
