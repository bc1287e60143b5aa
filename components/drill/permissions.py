"""What the steps of a drill, and of its clean-up, may do in an account."""

import pulumi

from components.drill.drill_steps import DRILL_TAG, DrillPlan
from components.iam import Conditions, Statement, may_pass

_ASKED: Conditions = {"StringLike": {f"aws:RequestTag/{DRILL_TAG}": "*"}}
_TAGGED: Conditions = {"StringLike": {f"aws:ResourceTag/{DRILL_TAG}": "*"}}


def drill_permissions(
    plan: DrillPlan, *, vault_arn: pulumi.Input[str], role_arn: str
) -> list[Statement]:
    """`role_arn` is the role that has them: the clean-up acts in it too."""
    ssm = f"arn:{plan.partition}:ssm:{plan.region}"
    parameter = plan.image_parameter.removeprefix("/")
    return [
        Statement(
            sid="FindTheNewestImage",
            actions=["ssm:GetParameter"],
            resources=[f"{ssm}::parameter/{parameter}"],
        ),
        *_instances(plan),
        *_backups(plan, vault_arn),
        Statement(
            sid="ReadItsOwnSteps",
            actions=["ssm:GetAutomationExecution"],
            resources=[f"{ssm}:{plan.account}:automation-execution/*"],
        ),
        Statement(
            sid="SeeOtherDrills", actions=["ssm:DescribeAutomationExecutions"], resources=["*"]
        ),
        Statement(
            sid="StartTheCleanUp",
            actions=["ssm:StartAutomationExecution"],
            resources=[
                f"{ssm}:{plan.account}:automation-definition/{plan.clean_up_runbook}:*",
                f"{ssm}:{plan.account}:automation-execution/*",
                f"{ssm}:{plan.account}:document/{plan.clean_up_runbook}",
            ],
        ),
        may_pass("HandOverItsOwnRole", role_arn, "ssm.amazonaws.com"),
        may_pass("HandOverTheRoleOfBackups", plan.backup_role_arn, "backup.amazonaws.com"),
    ]


def _instances(plan: DrillPlan) -> list[Statement]:
    """Run with the drill's tag, which nothing else may be removed without."""
    instances, volumes = _ec2(plan, "instance"), _ec2(plan, "volume")
    exactly = {"ec2:InstanceType": plan.instance_type, "ec2:MetadataHttpTokens": "required"}
    return [
        Statement(
            sid="RunItsInstance",
            actions=["ec2:RunInstances"],
            resources=[instances],
            conditions={**_ASKED, "StringEquals": exactly},
        ),
        Statement(
            sid="WithItsVolumes",
            actions=["ec2:RunInstances"],
            resources=[volumes],
            conditions=_ASKED,
        ),
        Statement(
            sid="InItsNetwork",
            actions=["ec2:RunInstances"],
            resources=[
                _ec2(plan, "network-interface"),
                _ec2(plan, "subnet", plan.subnet or "*"),
                *(_ec2(plan, "security-group", g) for g in plan.security_groups or ("*",)),
            ],
        ),
        Statement(
            sid="OfAnImageOfAmazon",
            actions=["ec2:RunInstances"],
            resources=[f"arn:{plan.partition}:ec2:{plan.region}::image/*"],
            conditions={"StringEquals": {"ec2:Owner": "amazon"}},
        ),
        Statement(
            sid="TagThem",
            actions=["ec2:CreateTags"],
            resources=[instances, volumes],
            conditions={"StringEquals": {"ec2:CreateAction": "RunInstances"}},
        ),
        Statement(
            sid="RemoveInstances",
            actions=["ec2:TerminateInstances"],
            resources=[instances],
            conditions=_TAGGED,
        ),
        Statement(
            sid="RemoveVolumes",
            actions=["ec2:DeleteVolume"],
            resources=[volumes],
            conditions=_TAGGED,
        ),
        Statement(
            sid="LookAtThem",
            actions=[
                "ec2:DescribeImages",
                "ec2:DescribeInstances",
                "ec2:DescribeInstanceStatus",
                "ec2:DescribeSnapshots",
                "ec2:DescribeVolumes",
            ],
            resources=["*"],
        ),
    ]


def _backups(plan: DrillPlan, vault_arn: pulumi.Input[str]) -> list[Statement]:
    """AWS Backup knows no condition on recovery points, and an instance's are images: those in
    other vaults are guarded by these vaults' own policies (deny_deletion)."""
    images = f"arn:{plan.partition}:ec2:{plan.region}::image/*"
    return [
        Statement(
            sid="BackUpIntoItsVault",
            actions=["backup:ListRecoveryPointsByBackupVault", "backup:StartBackupJob"],
            resources=[vault_arn],
        ),
        Statement(
            sid="RestoreAndRemoveRecoveryPoints",
            actions=[
                "backup:DeleteRecoveryPoint",
                "backup:DescribeRecoveryPoint",
                "backup:GetRecoveryPointRestoreMetadata",
                "backup:StartRestoreJob",
            ],
            resources=[images],
        ),
        Statement(
            sid="FollowAndStopJobs",
            actions=[
                "backup:DescribeBackupJob",
                "backup:DescribeRestoreJob",
                "backup:ListBackupJobs",
                "backup:ListRestoreJobs",
                "backup:StopBackupJob",
            ],
            resources=["*"],
        ),
    ]


def _ec2(plan: DrillPlan, kind: str, name: str = "*") -> str:
    return f"arn:{plan.partition}:ec2:{plan.region}:{plan.account}:{kind}/{name}"
