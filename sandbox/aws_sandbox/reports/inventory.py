"""What is backed up: resources that stay the same from day to day, by a seed, and their rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import blake2b
from struct import unpack_from

from aws_sandbox.reports.report_plans import ReportedAccount


class SeededNumbers:
    """Numbers that depend on the key alone: the same key gives the same, in any order and process.

    A hash is drawn at once, so a job of any day can be looked at without the days before it.
    """

    __slots__ = ("_bytes", "_numbers")

    def __init__(self, key: str) -> None:
        self._bytes = blake2b(key.encode(), digest_size=32).digest()
        self._numbers = unpack_from("<8H", self._bytes, 16)

    def share(self, number: int) -> float:
        """The `number`th of eight independent numbers, in [0, 1)."""
        return self._numbers[number] / 65536

    def uuid(self) -> str:
        """In upper case, as AWS Backup writes job ids."""
        text = self._bytes.hex().upper()
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-A{text[17:20]}-{text[20:32]}"

    def hexadecimal(self, digits: int) -> str:
        """Up to 32 lower-case digits, as in `vol-0123…`."""
        return self._bytes.hex()[:digits]


@dataclass(frozen=True, kw_only=True)
class ResourceType:
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
RESOURCE_TYPES: Sequence[ResourceType] = (
    ResourceType(
        type="EBS",
        config_type="AWS::EC2::Volume",
        arn="arn:aws:ec2:{region}:{account}:volume/vol-{hex}",
        recovery_point="arn:aws:ec2:{region}::snapshot/snap-{hex}",
        typical_gib=120,
    ),
    ResourceType(
        type="EC2",
        config_type="AWS::EC2::Instance",
        arn="arn:aws:ec2:{region}:{account}:instance/i-{hex}",
        recovery_point="arn:aws:ec2:{region}::image/ami-{hex}",
        typical_gib=60,
    ),
    ResourceType(
        type="RDS",
        config_type="AWS::RDS::DBInstance",
        arn="arn:aws:rds:{region}:{account}:db:{name}",
        recovery_point="arn:aws:rds:{region}:{account}:snapshot:awsbackup:job-{job}",
        typical_gib=0,
    ),
    ResourceType(
        type="Aurora",
        config_type="AWS::RDS::DBCluster",
        arn="arn:aws:rds:{region}:{account}:cluster:{name}",
        recovery_point="arn:aws:rds:{region}:{account}:cluster-snapshot:awsbackup:job-{job}",
        typical_gib=0,
    ),
    ResourceType(
        type="DynamoDB",
        config_type="AWS::DynamoDB::Table",
        arn="arn:aws:dynamodb:{region}:{account}:table/{name}",
        recovery_point=_SNAPSHOT,
        typical_gib=2,
    ),
    ResourceType(
        type="EFS",
        config_type="AWS::EFS::FileSystem",
        arn=f"arn:aws:elasticfilesystem{_FILE_SYSTEM}",
        recovery_point=_SNAPSHOT,
        typical_gib=900,
    ),
    ResourceType(
        type="S3",
        config_type="AWS::S3::Bucket",
        arn="arn:aws:s3:::{name}-{account}-{region}",
        recovery_point=_SNAPSHOT,
        typical_gib=4000,
    ),
    ResourceType(
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


_WORKLOADS = ("orders", "billing", "ledger", "search", "portal", "archive", "reports", "mail")
_STAGES = ("prod", "stage", "dev")


@dataclass(frozen=True, kw_only=True, eq=False)
class ProtectedResource:
    """A protected resource."""

    key: str
    """Names it among all of all seeds: what its jobs' numbers are drawn with."""
    account: ReportedAccount
    region: str
    kind: ResourceType
    arn: str
    name: str
    rule: Rule
    gib: float
    troubled: bool
    """Fails often, as one resource in twenty does."""
    parent: "ProtectedResource | None"
    """The CloudFormation stack that it is backed up with."""

    def recovery_point(self, job_id: str, region: str) -> str:
        """The ARN of what a job made in a Region."""
        return self.kind.recovery_point.format(
            region=region,
            account=self.account.id,
            job=job_id.lower(),
            hex=SeededNumbers(f"{job_id}/{region}").hexadecimal(17),
        )

    @cached_property
    def columns(self) -> Mapping[str, str]:
        """The columns that are the same in the row of each of its jobs."""
        account, region = self.account.id, self.region
        here = f"arn:aws:backup:{region}:{account}"
        plan = SeededNumbers(f"{self.key.rsplit('/', 1)[0]}/{self.rule.name}")
        return {
            "pathToRoot": self.account.path_to_root,
            "accountId": account,
            "region": region,
            "resourceType": self.kind.type,
            "resourceArn": self.arn,
            "resourceName": self.name,
            "backupPlanArn": f"{here}:backup-plan:{plan.uuid().lower()}",
            "backupRuleId": SeededNumbers(f"{plan.uuid()}/rule").uuid().lower(),
            "backupPlanName": "organization-standard",
            "backupRuleName": self.rule.name,
            "backupRuleSchedule": self.rule.schedule,
            "backupRuleTimezone": "Etc/UTC",
            "backupOptions": '{"WindowsVSS":"enabled"}' if self.kind.type == "EC2" else "",
            "isParentJob": "true" if self.kind.type == "CloudFormation" else "false",
            "backupVaultName": "central",
            "backupVaultArn": f"{here}:backup-vault:central",
            "vaultType": "BACKUP_VAULT",
            "vaultLockStatus": "LOCKED" if plan.share(0) < 0.6 else "UNLOCKED",
            "isEncrypted": "true",
            "encryptionKeyArn": f"arn:aws:kms:{region}:{account}:key/{plan.uuid().lower()}",
            "deleteAfterDays": str(self.rule.keep_days),
            "moveToColdAfterDays": str(self.rule.cold_after_days or ""),
            "enableArchive": "false",
            "iamRoleArn": f"arn:aws:iam::{account}:role/service-role/AWSBackupDefaultServiceRole",
        }


@lru_cache(maxsize=4096)
def resources(
    seed: int, account: ReportedAccount, region: str, count: int
) -> Sequence[ProtectedResource]:
    """The resources of one account and Region; a larger count keeps those of a smaller one."""
    made: list[ProtectedResource] = []
    last_stack: ProtectedResource | None = None
    for number in range(count):
        resource = _resource(f"{seed}/{account.id}/{region}/{number}", account, region, last_stack)
        made.append(resource)
        last_stack = resource if resource.kind.type == "CloudFormation" else last_stack
    return tuple(made)


def _resource(
    key: str, account: ReportedAccount, region: str, last_stack: ProtectedResource | None
) -> ProtectedResource:
    numbers = SeededNumbers(key)
    kind = RESOURCE_TYPES[int(numbers.share(0) ** 1.5 * len(RESOURCE_TYPES))]
    workload = _WORKLOADS[int(numbers.share(1) * len(_WORKLOADS))]
    stage = _STAGES[int(numbers.share(2) ** 2 * len(_STAGES))]
    name = f"{workload}-{stage}-{int(key.rsplit('/', 1)[1]):03d}"
    inside = numbers.share(3) < 0.5 and kind.type in {"EBS", "DynamoDB"}
    parent = last_stack if inside else None
    return ProtectedResource(
        key=key,
        account=account,
        region=region,
        kind=kind,
        arn=kind.arn.format(
            region=region,
            account=account.id,
            name=name,
            hex=numbers.hexadecimal(17),
            uuid=numbers.uuid().lower(),
        ),
        name=name,
        rule=parent.rule if parent else RULES[int(numbers.share(4) * len(RULES))],
        gib=kind.typical_gib * 4 ** (2 * numbers.share(5) - 1),
        troubled=numbers.share(6) < 0.05,
        parent=parent,
    )
