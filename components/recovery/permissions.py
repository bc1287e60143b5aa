"""What the steps of a recovery's runbooks may do, each in its own account."""

from collections.abc import Sequence

import pulumi

from components.iam import Statement
from reports.aws_partition import aws_partition


def copy_back_permissions(
    *, account: str, regions: Sequence[str], backup_role_arn: pulumi.Input[str]
) -> list[Statement]:
    return [
        Statement(
            sid="StartCopies",
            actions=["backup:StartCopyJob"],
            resources=_recovery_points(account, regions),
        ),
        Statement(sid="FollowCopies", actions=["backup:DescribeCopyJob"], resources=["*"]),
        _hands_over(backup_role_arn),
    ]


def restore_permissions(
    *, account: str, regions: Sequence[str], backup_role_arn: pulumi.Input[str]
) -> list[Statement]:
    return [
        Statement(
            sid="StartRestores",
            actions=[
                "backup:DescribeRecoveryPoint",
                "backup:GetRecoveryPointRestoreMetadata",
                "backup:StartRestoreJob",
            ],
            resources=_recovery_points(account, regions),
        ),
        Statement(sid="FollowRestores", actions=["backup:DescribeRestoreJob"], resources=["*"]),
        _hands_over(backup_role_arn),
    ]


def _recovery_points(account: str, regions: Sequence[str]) -> list[str]:
    """Of every type: AWS Backup's own, and the snapshots of services that keep them themselves."""
    partition = aws_partition(regions[0])
    kinds = (
        ("backup", account, "recovery-point:*"),
        ("ec2", "", "image/*"),
        ("ec2", "", "snapshot/*"),
        ("fsx", account, "backup/*"),
        ("rds", account, "cluster-snapshot:awsbackup:*"),
        ("rds", account, "snapshot:awsbackup:*"),
        ("redshift", account, "snapshot:*"),
        ("redshift-serverless", account, "snapshot/*"),
    )
    return [
        f"arn:{partition}:{service}:{region}:{owner}:{resource}"
        for region in regions
        for service, owner, resource in kinds
    ]


def _hands_over(backup_role_arn: pulumi.Input[str]) -> Statement:
    return Statement(
        sid="HandOverTheRoleOfBackups",
        actions=["iam:PassRole"],
        resources=[backup_role_arn],
        conditions={"StringEquals": {"iam:PassedToService": "backup.amazonaws.com"}},
    )
