"""What may be set of alerts and of the incidents that they become."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from stacks.model import Model
from stacks.schedule_values import Timezone
from stacks.values import (
    AccountId,
    PlanName,
    Region,
    ResourceArnPattern,
    SecretName,
    ServiceUrl,
    TagKey,
    TimeOfDay,
)

AlertKind = Literal[
    "backup",
    "copy",
    "restore",
    "verdict",
    "issues",
    "malware",
    "change",
    "alarm",
    "runbook",
    "silence",
]
Level = Literal["1", "2", "3"]
"""ServiceNow's: 1 high, 2 medium, 3 low."""
FieldName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,79}$")]
"""Of a column of ServiceNow's table."""


class Monitoring(Model):
    """Which events become incidents: backups that are FAILED, EXPIRED or ABORTED, copies and
    restores that are FAILED or ABORTED, alarms and runbooks always do. The rules of all of a
    customer's stacks take what is set here, so it stands in the customer's file."""

    resolve: bool = True
    """What completes resolves the incident of what failed before."""
    partial: bool = False
    """Jobs that end PARTIAL."""
    restore_tests: bool = True
    """Restores that restore tests tried, and what was found of them."""
    malware: bool = False
    """Scans that found threats, ended with issues, or failed."""
    changes: bool = False
    """Vaults, locks and plans changed by another identity than the deploy role. Needs a trail of
    CloudTrail in each Region, which `backup-org doctor` looks for."""
    completed_with_issues: bool = False
    """Backups that COMPLETED with a message category other than SUCCESS, which the event does not
    say: the job is looked up in its account, at one call for each completed backup."""
    missing_reports: bool = True
    """Reports that did not arrive, where the stack has some."""
    heartbeat: bool = True
    """Each Region tells every six hours that its way is open; who is silent is one incident."""


class Priority(Model):
    """Urgency and impact of what is of these kinds and tiers; none named: of all."""

    kinds: tuple[AlertKind, ...] = ()
    tiers: tuple[PlanName, ...] = ()
    """Of the plan whose job it was; a job of no plan is of none."""
    urgency: Level
    impact: Level


class ConfigurationItem(Model):
    """How the resource is found in ServiceNow's CMDB, for the incident's field cmdb_ci."""

    table: FieldName = "cmdb_ci_vm_object"
    """ServiceNow's discovery has instances and load balancers in this one, volumes in
    cmdb_ci_storage_volume."""
    field: FieldName = "object_id"
    """Of the table, that holds what is looked for."""
    by: Literal["arn", "id", "tag"] = "id"
    """What is looked for: the resource's ARN, the last part of it, or the value of its tag."""
    tag: TagKey | None = None
    """Its key; for `by: tag`."""


class Texts(Model):
    """Texts of incidents, in which {fact} stands for a fact (docs/tickets.md lists them); null:
    this system's own."""

    short_description: str | None = Field(default=None, min_length=1, max_length=160)
    description: str | None = Field(default=None, min_length=1, max_length=4000)
    work_notes: str | None = Field(default=None, min_length=1, max_length=4000)
    close_notes: str | None = Field(default=None, min_length=1, max_length=4000)


class Storm(Model):
    """One cause in one account: from so many resources within so many minutes on, they are
    grouped into one incident that lists them."""

    resources: Annotated[int, Field(strict=True, ge=2, le=100)] = 5
    minutes: Annotated[int, Field(strict=True, ge=1, le=1440)] = 15


class QuietPeriod(Model):
    """A maintenance window of what is backed up: failures wait for its end, and are told then if
    nothing has made them good."""

    reason: str = Field(min_length=1, max_length=200)
    accounts: tuple[AccountId, ...] = ()
    """None: all; so for Regions and resources."""
    regions: tuple[Region, ...] = ()
    resources: tuple[ResourceArnPattern, ...] = ()
    starts: datetime | None = None
    ends: datetime | None = None
    """Once, from and until; both have a zone."""
    weekdays: tuple[Literal["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"], ...] = ()
    """Or every week, on the days on which it starts."""
    start: TimeOfDay | None = None
    end: TimeOfDay | None = None
    """Before `start`: on the next day."""
    timezone: Timezone = "Etc/UTC"


class Ticketing(Model):
    """Incidents in ServiceNow."""

    url: ServiceUrl
    secret: SecretName
    """The Secrets Manager secret, in this account and Region, with ServiceNow's credentials: a
    JSON object of username and password, of client_id and client_secret, or of api_key."""
    assignment_group: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    """Its name or sys_id."""
    urgency: Level = "2"
    impact: Level = "2"
    priorities: tuple[Priority, ...] = ()
    """Other urgency and impact by kind and tier: the first that fits."""
    category: str = Field(default="software", min_length=1, max_length=40)
    caller: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    """Field caller_id: name or sys_id; many an instance demands one."""
    fields: dict[FieldName, str] = Field(default_factory=dict)
    """More fields of a new incident, and their values."""
    configuration_item: ConfigurationItem | None = None
    texts: Texts = Texts()
    close_code: str = Field(default="Resolved by request", min_length=1, max_length=40)
    """An instance has its own list of these."""
    duplicate_close_code: str = Field(default="Duplicate", min_length=1, max_length=40)
    """For an incident that is one too many."""
    note_seconds: Annotated[int, Field(strict=True, ge=1, le=3600)] = 60
    """Between two work notes on one incident, at least."""
    storm: Storm | None = Storm()
    quiet_periods: tuple[QuietPeriod, ...] = ()
    account_names: dict[AccountId, str] = Field(default_factory=dict)
    """How accounts are called, where neither the organization nor their stacks tell."""
    maximum_concurrency: Annotated[int, Field(strict=True, ge=2, le=1000)] = 2
    """How many incidents are worked on at once."""
