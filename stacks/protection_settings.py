"""How an account's data is protected: vaults, plans, their rules, copies and windows.

Sources: AWS Backup's developer guide and API reference (quotas, vault lock, logically air-gapped
vaults, lifecycle, assigning resources).
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from stacks.model import Model
from stacks.schedule_values import CronExpression, Timezone
from stacks.values import (
    AccountOrCentral,
    AccountOrUnit,
    BreakGlassRole,
    Days,
    KeyArn,
    PlanName,
    Region,
    ResourceArnPattern,
    ResourceTypeName,
    TagKey,
    TagPattern,
    TagValue,
    TimeOfDay,
    TopicArn,
    VaultName,
)

WORD, KEYS = "[word]", "[keys]"
"""What a vault's key is written as; told apart first, so that a mistake is told once."""
VaultKey = Annotated[
    Annotated[Literal["customer_managed", "aws_managed"], Tag(WORD)]
    | Annotated[dict[Region, KeyArn], Tag(KEYS), Field(min_length=1)],
    Discriminator(lambda given: WORD if isinstance(given, str) else KEYS),
]
"""customer_managed: one of our own, in each Region. aws_managed: aws/backup. Or keys that exist
already, by Region."""


class Lock(Model):
    """A vault lock: what lies in the vault is kept for a time, by whom ever it should go."""

    mode: Literal["governance", "compliance"]
    """governance: whoever may change the lock may lift it. compliance: past its days of grace
    nobody may, AWS included."""
    min_retention_days: Days | None = None
    max_retention_days: Days | None = None
    changeable_for_days: Annotated[int, Field(strict=True, ge=3, le=36500)] | None = None
    """The days of grace, in which a compliance lock can still be changed or deleted."""
    final: VaultName | None = None
    """The vault's name once more, without which no compliance lock is put on it."""


VaultEvent = Literal[
    "BACKUP_JOB_STARTED",
    "BACKUP_JOB_COMPLETED",
    "COPY_JOB_STARTED",
    "COPY_JOB_SUCCESSFUL",
    "COPY_JOB_FAILED",
    "RESTORE_JOB_STARTED",
    "RESTORE_JOB_COMPLETED",
    "RECOVERY_POINT_MODIFIED",
    "S3_BACKUP_OBJECT_FAILED",
    "S3_RESTORE_OBJECT_FAILED",
    "CONTINUOUS_BACKUP_INTERRUPTED",
    "RECOVERY_POINT_INDEX_COMPLETED",
    "RECOVERY_POINT_INDEX_DELETED",
    "RECOVERY_POINT_INDEXING_FAILED",
]
"""Those of PutBackupVaultNotifications that are not deprecated."""


class Notifications(Model):
    """What a vault tells SNS topics, beside the alerts that go by EventBridge."""

    events: tuple[VaultEvent, ...] = Field(min_length=1)
    topics: dict[Region, TopicArn] = Field(min_length=1)
    """By Region: a vault tells one topic, of its own Region."""


class Vault(Model):
    """A backup vault in each of the stack's Regions."""

    key: VaultKey = "customer_managed"
    """Fixed once the vault is made."""
    regions: tuple[Region, ...] | None = Field(default=None, min_length=1)
    """null: all of the stack's."""
    deny_deletion: bool = True
    """Nobody deletes recovery points or changes their lifecycle but the break-glass roles."""
    break_glass_roles: tuple[BreakGlassRole, ...] = ()
    """Of this account: names with their paths, or ARNs; * stands for any part of a name."""
    copies_from: Literal["organization"] | None = None
    """Whose copies the vault takes in, beside those of its own account."""
    lock: Lock | None = None
    notifications: Notifications | None = None
    force_destroy: bool = False
    """Lets `destroy` delete the vault with its recovery points and key. Without it the engine
    refuses to delete or replace either."""
    leave_on_destroy: bool = False
    """Lets `destroy` leave the vault in the account as it is: points, key, policy and lock. The
    stack knows it no more then."""

    @property
    def retention_bounds(self) -> tuple[int | None, int | None]:
        """The fewest and most days for which the vault takes anything; None: no such bound."""
        lock = self.lock
        return (lock.min_retention_days, lock.max_retention_days) if lock else (None, None)


class AirGappedVault(Model):
    """A logically air-gapped vault: locked from the start, in AWS's own keeping."""

    regions: tuple[Region, ...] | None = Field(default=None, min_length=1)
    """null: all of the stack's."""
    min_retention_days: Annotated[int, Field(strict=True, ge=7, le=36500)] = 7
    max_retention_days: Days
    key_arns: dict[Region, KeyArn] = Field(default_factory=dict)
    """By Region, keys of the customer's own; elsewhere AWS's. Fixed once the vault is made."""
    copies_from: Literal["organization"] | None = None
    """Whose copies the vault takes in, beside those of its own account."""
    share_with: tuple[AccountOrUnit, ...] = ()
    """Accounts and organizational units that may see the vault and restore from it, through
    AWS Resource Access Manager."""
    share_outside_organization: bool = False
    """Accounts of another organization may be among them."""
    destroy_empty: bool = False
    """Lets `destroy` delete the vault while nothing lies in it; AWS deletes no other."""
    leave_on_destroy: bool = False
    """Lets `destroy` leave the vault in the account as it is. The stack knows it no more then."""

    @property
    def retention_bounds(self) -> tuple[int | None, int | None]:
        """The fewest and most days for which the vault takes anything."""
        return self.min_retention_days, self.max_retention_days


class Copy(Model):
    """Where a rule copies what it made."""

    account: AccountOrCentral | None = None
    """null: the same account. central: the stack that `central_vaults_in` names."""
    region: Region | None = None
    """null: the Region of the backup."""
    vault: VaultName | None = None
    """By default the plan's vault's name; in this account also an air-gapped vault's."""
    move_to_cold_storage_after_days: Days | None = None
    delete_after_days: Days | None = None
    """With neither, a copy is kept as the rule keeps what it made."""


class Rule(Model):
    """When a plan backs up, and how long it keeps what it made."""

    schedule: CronExpression
    timezone: Timezone | None = None
    """By default the maintenance window's, without one Etc/UTC."""
    start_window_minutes: Annotated[int, Field(strict=True, ge=60)] | None = None
    """By default what the maintenance window leaves, without one 480, which is AWS's own. Of jobs
    on one resource one runs at a time: a weekly one that meets the daily waits, and expires at the
    end of its window."""
    completion_window_minutes: Annotated[int, Field(strict=True)] = 1440
    """An hour more than the start window at least (stacks/protection_checks.py)."""
    move_to_cold_storage_after_days: Days | None = None
    """Of types that can (stacks/resource_types.py), and of EBS with `archive_ebs_snapshots`."""
    archive_ebs_snapshots: bool = False
    """Whether snapshots of EBS volumes move there too. They become full ones, which costs more than
    it saves where they are made more than monthly."""
    delete_after_days: Days
    continuous: bool = False
    """Point-in-time recovery, for 35 days at most, of types that have it; snapshots of others."""
    copies: tuple[Copy, ...] = Field(default=(), max_length=5)
    recovery_point_tags: dict[TagKey, TagValue] = Field(default_factory=dict, max_length=10)
    scan: Literal["full", "incremental"] | None = None
    """By Amazon GuardDuty's malware protection, as `malware_scan` of the plan says."""


STANDARD_RULES = {
    "daily": Rule(schedule="cron(0 1 ? * * *)", delete_after_days=35),
    "weekly": Rule(schedule="cron(0 2 ? * SUN *)", delete_after_days=90),
    "monthly": Rule(schedule="cron(0 3 1 * ? *)", delete_after_days=365),
}


class Tier(Model):
    """A named set of rules, which plans choose."""

    rules: dict[PlanName, Rule] = Field(min_length=1)


TIERS: Mapping[str, Tier] = {
    "standard": Tier(rules=STANDARD_RULES),
    "bronze": Tier(rules={"daily": Rule(schedule="cron(0 1 ? * * *)", delete_after_days=14)}),
    "silver": Tier(
        rules={
            "daily": STANDARD_RULES["daily"],
            "weekly": STANDARD_RULES["weekly"],
        }
    ),
    "gold": Tier(
        rules={
            **STANDARD_RULES,
            # Windows that do not meet: of runs that do, AWS Backup makes one.
            "six-hourly": Rule(
                schedule="cron(0 7,13,19 ? * * *)", start_window_minutes=180, delete_after_days=7
            ),
            "daily": Rule(
                schedule="cron(0 1 ? * * *)", start_window_minutes=300, delete_after_days=35
            ),
        }
    ),
}
"""Those that are there without being written; a customer's of the same name takes the place."""


class MaintenanceWindow(Model):
    """When backups may run."""

    start: TimeOfDay
    end: TimeOfDay
    """Before `start`: on the next day."""
    timezone: Timezone = "Etc/UTC"
    expected_backup_minutes: Annotated[int, Field(strict=True, ge=1)]
    """How long the longest backup takes, once started."""


class Conditions(Model):
    """Tags that every selected resource has, or has not: all must hold. * stands in `like`."""

    equals: dict[TagKey, TagValue] = Field(default_factory=dict)
    not_equals: dict[TagKey, TagValue] = Field(default_factory=dict)
    like: dict[TagKey, TagPattern] = Field(default_factory=dict)
    not_like: dict[TagKey, TagPattern] = Field(default_factory=dict)


class Selection(Model):
    """What a plan protects: by default every supported resource that carries the tag.

    Of these `conditions` and exclusions leave out some; `any_tags` and `arns` add more.
    """

    tag: TagKey | None = "backup-plan"
    """null: no tag decides."""
    value: TagValue | None = None
    """By default the plan's name."""
    any_tags: dict[TagKey, TagValue] = Field(default_factory=dict)
    """More tags, each of which is enough."""
    conditions: Conditions = Conditions()
    resource_types: tuple[ResourceTypeName, ...] = ()
    """Names such as EC2, EBS, RDS, as AWS Backup's opt-ins have them; none: all that are opted in.
    What is named is protected without its opt-in, but for Aurora, DocumentDB and Neptune."""
    arns: tuple[ResourceArnPattern, ...] = ()
    """Resources beside those that the tag selects."""
    exclude_resource_types: tuple[ResourceTypeName, ...] = ()
    exclude_arns: tuple[ResourceArnPattern, ...] = ()


class MalwareScan(Model):
    """How Amazon GuardDuty scans what the plan's rules with `scan` made."""

    resource_types: tuple[Literal["EBS", "EC2", "S3"], ...] = ("EBS", "EC2", "S3")


class Plan(Model):
    """A backup plan, in each of the stack's Regions."""

    vault: VaultName | None = None
    """By default the stack's only vault."""
    air_gapped_vault: VaultName | None = None
    """Takes the vault's place, which stands in where type or key do not allow it."""
    tier: PlanName | None = None
    """By default, where no rules are written, the tier of the plan's name, else `standard`."""
    rules: dict[PlanName, Rule | None] | None = Field(default=None, min_length=1)
    """Without a tier all there are; with one, laid over its rules by name (null: not that one)."""
    selection: Selection = Selection()
    regions: tuple[Region, ...] | None = Field(default=None, min_length=1)
    """null: all of the vault's."""
    maintenance_window: MaintenanceWindow | None = None
    """By default the stack's."""
    windows_vss: bool = False
    """Of instances with Windows, backups in which applications have written what they hold."""
    malware_scan: MalwareScan | None = None


def plan_tier(name: str, plan: Plan, tiers: Mapping[str, Tier]) -> str | None:
    """The tier that a plan's rules begin with; `tiers` are the customer's."""
    if plan.tier is None and plan.rules:
        return None
    return plan.tier or (name if name in {**TIERS, **tiers} else "standard")


def plan_rules(name: str, plan: Plan, tiers: Mapping[str, Tier]) -> Mapping[str, Rule]:
    """A plan's rules: its own, laid over those of its tier; `tiers` are the customer's."""
    tier = plan_tier(name, plan, tiers)
    given = {**TIERS, **tiers}[tier].rules if tier else {}
    laid_over = {**given, **(plan.rules or {})}
    return {name: rule for name, rule in laid_over.items() if rule is not None}
