"""Audit frameworks of AWS Backup Audit Manager: their controls, with their parameters.

Sources, in AWS Backup's developer guide: controls-and-remediation.html (what each control looks at,
its parameters and scope), creating-frameworks-api.html, API_ControlScope.html. The names of the
parameters of copies to Regions and accounts are those of AWS Config's rules.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from stacks.model import Model
from stacks.values import (
    AccountId,
    Days,
    Region,
    ResourceTypeName,
    RoleArn,
    TagKey,
    TagValue,
)

Unit = Literal["hours", "days"]
Time = Annotated[
    dict[Unit, Annotated[int, Field(strict=True, ge=1)]], Field(min_length=1, max_length=1)
]
"""{hours: 12} or {days: 7}."""


class ControlScope(Model):
    """What a control looks at, one of these; nothing: all that AWS Config records."""

    resource_types: tuple[ResourceTypeName, ...] = ()
    resource_id: Annotated[str, Field(min_length=1, max_length=768)] | None = None
    """Of the only resource, beside its type; of a plan or vault, where a control is about those."""
    tag: dict[TagKey, TagValue] = Field(default_factory=dict, max_length=1)


class Control(Model):
    """A control without parameters."""

    scope: ControlScope = ControlScope()

    @property
    def parameters(self) -> Mapping[str, str]:
        """As AWS Backup takes them."""
        return {}


class MinimumFrequencyAndRetention(Control):
    every: Time = Field(default_factory=lambda: {"days": 1})
    """24 hours, or 31 days, at most."""
    retention_days: Days = 35

    @property
    def parameters(self) -> Mapping[str, str]:
        unit, value = next(iter(self.every.items()))
        return {
            "requiredFrequencyUnit": unit,
            "requiredFrequencyValue": f"{value}",
            "requiredRetentionDays": f"{self.retention_days}",
        }


class ManualDeletionDisabled(Control):
    except_roles: tuple[RoleArn, ...] = Field(default=(), max_length=5)
    """That may delete recovery points nevertheless."""

    @property
    def parameters(self) -> Mapping[str, str]:
        return {"principalArnList": ",".join(self.except_roles)} if self.except_roles else {}


class MinimumRetention(Control):
    days: Days = 35

    @property
    def parameters(self) -> Mapping[str, str]:
        return {"requiredRetentionDays": f"{self.days}"}


class CrossRegion(Control):
    regions: tuple[Region, ...] = ()
    """Where there must be copies; none: in any other."""

    @property
    def parameters(self) -> Mapping[str, str]:
        return {"crossRegionList": ",".join(self.regions)} if self.regions else {}


class CrossAccount(Control):
    accounts: tuple[AccountId, ...] = Field(default=(), max_length=5)
    """Where there must be copies; none: in any other."""

    @property
    def parameters(self) -> Mapping[str, str]:
        return {"crossAccountList": ",".join(self.accounts)} if self.accounts else {}


class VaultLock(Control):
    min_retention_days: Days | None = None
    max_retention_days: Days | None = None

    @property
    def parameters(self) -> Mapping[str, str]:
        given = {
            "minRetentionDays": self.min_retention_days,
            "maxRetentionDays": self.max_retention_days,
        }
        return {name: f"{days}" for name, days in given.items() if days is not None}


class LastRecoveryPoint(Control):
    within: Time = Field(default_factory=lambda: {"days": 1})
    """744 hours, or 31 days, at most."""

    @property
    def parameters(self) -> Mapping[str, str]:
        return _age(self.within)


class RestoreTime(Control):
    minutes: Annotated[int, Field(strict=True, ge=1)] = 720

    @property
    def parameters(self) -> Mapping[str, str]:
        return {"maxRestoreTime": f"{self.minutes}"}


class AirGapped(Control):
    within: Time = Field(default_factory=lambda: {"days": 7})
    """24 to 2184 hours, or 91 days at most; AWS advises against less than a week."""

    @property
    def parameters(self) -> Mapping[str, str]:
        return _age(self.within)


def _age(within: Mapping[Unit, int]) -> Mapping[str, str]:
    unit, value = next(iter(within.items()))
    return {"recoveryPointAgeUnit": unit, "recoveryPointAgeValue": f"{value}"}


class Controls(Model):
    """Those that a framework has; `{}` is a control as AWS Backup has it by default."""

    AWS_NAMES: ClassVar[Mapping[str, str]] = {
        "resources_protected_by_backup_plan": "BACKUP_RESOURCES_PROTECTED_BY_BACKUP_PLAN",
        "minimum_frequency_and_retention": "BACKUP_PLAN_MIN_FREQUENCY_AND_MIN_RETENTION_CHECK",
        "manual_deletion_disabled": "BACKUP_RECOVERY_POINT_MANUAL_DELETION_DISABLED",
        "recovery_points_encrypted": "BACKUP_RECOVERY_POINT_ENCRYPTED",
        "minimum_retention": "BACKUP_RECOVERY_POINT_MINIMUM_RETENTION_CHECK",
        "protected_by_cross_region": "BACKUP_RESOURCES_PROTECTED_BY_CROSS_REGION",
        "protected_by_cross_account": "BACKUP_RESOURCES_PROTECTED_BY_CROSS_ACCOUNT",
        "protected_by_vault_lock": "BACKUP_RESOURCES_PROTECTED_BY_BACKUP_VAULT_LOCK",
        "last_recovery_point_created": "BACKUP_LAST_RECOVERY_POINT_CREATED",
        "restore_time_meets_target": "RESTORE_TIME_FOR_RESOURCES_MEET_TARGET",
        "in_air_gapped_vault": "RESOURCES_IN_LOGICALLY_AIR_GAPPED_VAULT",
    }

    OWN_TYPES: ClassVar[Mapping[str, str]] = {
        "minimum_frequency_and_retention": "AWS::Backup::BackupPlan",
        "manual_deletion_disabled": "AWS::Backup::BackupVault",
    }
    """Of AWS Config, where a control is about plans or vaults."""

    resources_protected_by_backup_plan: Control | None = None
    minimum_frequency_and_retention: MinimumFrequencyAndRetention | None = None
    manual_deletion_disabled: ManualDeletionDisabled | None = None
    recovery_points_encrypted: Control | None = None
    minimum_retention: MinimumRetention | None = None
    protected_by_cross_region: CrossRegion | None = None
    protected_by_cross_account: CrossAccount | None = None
    protected_by_vault_lock: VaultLock | None = None
    last_recovery_point_created: LastRecoveryPoint | None = None
    restore_time_meets_target: RestoreTime | None = None
    in_air_gapped_vault: AirGapped | None = None

    @property
    def given(self) -> Mapping[str, Control]:
        """By their names in settings."""
        found = {name: getattr(self, name) for name in self.AWS_NAMES}
        return {name: control for name, control in found.items() if control is not None}


class Framework(Model):
    """An audit framework of AWS Backup Audit Manager, in each of the stack's Regions."""

    regions: Annotated[tuple[Region, ...], Field(min_length=1)] | None = None
    """null: all of the stack's."""
    description: Annotated[str, Field(max_length=1024)] | None = None
    controls: Controls | None = None
    """null: those that what the stack has fulfils by its settings (docs/frameworks.md)."""
