"""What the generated organization protects, and by which rules: tables of types and of rules."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A resource type and how its ARNs and sizes look."""

    type: str
    """AWS Backup's name."""
    config_type: str
    """AWS Config's name, which the compliance reports use."""
    arn: str
    recovery_point: str
    typical_gib: float
    """0 where AWS Backup reports no size (RDS, Aurora)."""


_SNAPSHOT = "arn:aws:backup:{region}:{account}:recovery-point:{job}"
_FILE_SYSTEM = ":{region}:{account}:file-system/fs-{hex}"
KINDS: Sequence[Kind] = (
    Kind(
        type="EBS",
        config_type="AWS::EC2::Volume",
        arn="arn:aws:ec2:{region}:{account}:volume/vol-{hex}",
        recovery_point="arn:aws:ec2:{region}::snapshot/snap-{hex}",
        typical_gib=120,
    ),
    Kind(
        type="EC2",
        config_type="AWS::EC2::Instance",
        arn="arn:aws:ec2:{region}:{account}:instance/i-{hex}",
        recovery_point="arn:aws:ec2:{region}::image/ami-{hex}",
        typical_gib=60,
    ),
    Kind(
        type="RDS",
        config_type="AWS::RDS::DBInstance",
        arn="arn:aws:rds:{region}:{account}:db:{name}",
        recovery_point="arn:aws:rds:{region}:{account}:snapshot:awsbackup:job-{job}",
        typical_gib=0,
    ),
    Kind(
        type="Aurora",
        config_type="AWS::RDS::DBCluster",
        arn="arn:aws:rds:{region}:{account}:cluster:{name}",
        recovery_point="arn:aws:rds:{region}:{account}:cluster-snapshot:awsbackup:job-{job}",
        typical_gib=0,
    ),
    Kind(
        type="DynamoDB",
        config_type="AWS::DynamoDB::Table",
        arn="arn:aws:dynamodb:{region}:{account}:table/{name}",
        recovery_point=_SNAPSHOT,
        typical_gib=2,
    ),
    Kind(
        type="EFS",
        config_type="AWS::EFS::FileSystem",
        arn=f"arn:aws:elasticfilesystem{_FILE_SYSTEM}",
        recovery_point=_SNAPSHOT,
        typical_gib=900,
    ),
    Kind(
        type="S3",
        config_type="AWS::S3::Bucket",
        arn="arn:aws:s3:::{name}-{account}-{region}",
        recovery_point=_SNAPSHOT,
        typical_gib=4000,
    ),
    Kind(
        type="CloudFormation",
        config_type="AWS::CloudFormation::Stack",
        arn="arn:aws:cloudformation:{region}:{account}:stack/{name}/{uuid}",
        recovery_point=_SNAPSHOT,
        typical_gib=0,
    ),
)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule of a backup plan."""

    name: str
    schedule: str
    hour: int
    """When its jobs are created, UTC."""
    keep_days: int
    cold_after_days: int | None
    copy_to: str | None
    """The Region of the copy vault."""


RULES: Sequence[Rule] = (
    Rule(
        name="daily",
        schedule="cron(0 22 ? * * *)",
        hour=22,
        keep_days=35,
        cold_after_days=None,
        copy_to=None,
    ),
    Rule(
        name="daily_with_copy",
        schedule="cron(0 3 ? * * *)",
        hour=3,
        keep_days=120,
        cold_after_days=30,
        copy_to="eu-north-1",
    ),
    Rule(
        name="every_12_hours, first",
        schedule="cron(0 5/12 ? * * *)",
        hour=5,
        keep_days=14,
        cold_after_days=None,
        copy_to=None,
    ),
)
