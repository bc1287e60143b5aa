"""How it is proven that what is backed up can be restored: restore tests, audit frameworks, the
drill, and the way back from another account.

Sources: AWS Backup's developer guide and API reference (restore testing, audit frameworks).
"""

import datetime
from typing import Annotated, Literal

from pydantic import Field

from stacks.model import Model
from stacks.schedule_values import CronExpression, Timezone
from stacks.values import (
    AccountOrCentral,
    CheckFunction,
    Days,
    Region,
    ResourceArnPattern,
    RestoreTestingName,
    SecurityGroupId,
    SubnetId,
    TagKey,
    TagValue,
    TestedResourceType,
    VaultName,
)


class RecoveryPoints(Model):
    """Which recovery points a restore test may take."""

    algorithm: Literal["latest", "random"] = "latest"
    """Within the window."""
    types: Annotated[
        tuple[Literal["snapshot", "continuous"], ...], Field(min_length=1, max_length=2)
    ] = ("snapshot", "continuous")
    vaults: Annotated[tuple[VaultName, ...], Field(min_length=1)] | None = None
    """By their names in settings, air-gapped ones too; null: all that this stack has there."""
    window_days: Annotated[int, Field(strict=True, ge=1, le=365)] = 30


class RestoreSelection(Model):
    """Resources of one type, of which a test restores recovery points."""

    type: TestedResourceType
    arns: Annotated[tuple[ResourceArnPattern, ...], Field(min_length=1, max_length=30)] | None = (
        None
    )
    """null: all of the type. Of each resource a test restores one recovery point."""
    equals: dict[TagKey, TagValue] = Field(default_factory=dict)
    not_equals: dict[TagKey, TagValue] = Field(default_factory=dict)
    """Tags of a resource's latest recovery point, where AWS Backup looks for them: all must hold.
    Only without `arns`."""
    metadata: dict[str, str] = Field(default_factory=dict)
    """Of the restore, laid over what AWS Backup infers, such as a subnet."""
    validation_window_hours: Annotated[int, Field(strict=True, ge=1, le=168)] = 8
    """How long what was restored stays to be checked."""
    check: CheckFunction | None = None
    """A Lambda function of the customer's own in this account and Region, by its name, that judges
    what was restored; null: check_restore does, as far as it knows the type."""


class RestoreTestingPlan(Model):
    """When restores are tested, and of what."""

    schedule: CronExpression = "cron(0 5 ? * SUN *)"
    timezone: Timezone = "Etc/UTC"
    start_window_hours: Annotated[int, Field(strict=True, ge=1, le=168)] = 24
    """In which AWS Backup begins the restores, one now and one then; what could not has FAILED."""
    regions: Annotated[tuple[Region, ...], Field(min_length=1)] | None = None
    """null: all in which one of the vaults stands."""
    recovery_points: RecoveryPoints = RecoveryPoints()
    selections: dict[RestoreTestingName, RestoreSelection] = Field(min_length=1, max_length=30)

    @property
    def judged(self) -> dict[str, dict[str, int | str]]:
        """What check_restore must know, by type: AWS tells it the type of what was restored, and
        not the selection. The shortest window of a type counts; checks have one check a type."""
        told: dict[str, dict[str, int | str]] = {}
        for chosen in self.selections.values():
            hours, entry = chosen.validation_window_hours, told.setdefault(chosen.type, {})
            shortest = min(hours, int(entry.get("validation_window_hours", hours)))
            own = {} if chosen.check is None else {"check": chosen.check}
            entry |= {"validation_window_hours": shortest, **own}
        return told


class Drill(Model):
    """A runbook that backs up and restores an instance of its own, and cancels a backup of it to
    see an alert become an incident (`backup-org drill`)."""

    region: Region | None = None
    """null: the stack's first Region with vaults."""
    instance_type: str = "t3.micro"
    subnet: SubnetId | None = None
    """null: of the default VPC."""
    security_groups: tuple[SecurityGroupId, ...] = ()


class Recovery(Model):
    """The way back of what lies in another account's vault (`backup-org recover`): with
    `from_account` the side that takes back and restores, without it the side that gives back what
    its vaults took in."""

    from_account: AccountOrCentral | None = None
    """The one account whose copies the stack's vaults take in, beside what `copies_from` lets in.
    central: the stack that `central_vaults_in` names."""
    delete_after_days: Days = 30
    """Of what is copied back: by then it is restored, and backed up anew."""


class Evidence(Model):
    """What auditors are given is kept, and signed, in this account."""

    expire_after_days: Days = 2555
    """Of drills' records: seven years."""
    force_destroy: bool = False
    """Lets `destroy` delete the records with their bucket."""


class AcceptedException(Model):
    """Something that knowingly is not as it should be, which evidence tells of."""

    reason: Annotated[str, Field(min_length=10, max_length=1000)]
    until: datetime.date
    """Past which it is told as expired."""
