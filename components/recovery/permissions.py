"""What the steps of a recovery's runbooks may do, each in its own account."""

from collections.abc import Sequence

import pulumi

from components.iam import Statement, may_pass
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
        may_pass("HandOverTheRoleOfBackups", backup_role_arn, "backup.amazonaws.com"),
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
        may_pass("HandOverTheRoleOfBackups", backup_role_arn, "backup.amazonaws.com"),
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
