"""What a job's or an alarm's event means for ServiceNow: nothing, an incident, a note, its end.

One incident stands for one protected resource and one kind of job, however often that job fails;
it is resolved when a later job of that kind completes. This system's own alarms are told in the
same way: an alarm that goes off is a failure, one that is over a completion.
"""

import datetime
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class UnrecognisedEvent(ValueError):
    """An event that is no end of a backup, copy or restore job."""


class JobKind(StrEnum):
    BACKUP = "backup"
    COPY = "copy"
    RESTORE = "restore"
    ALARM = "alarm"


_KINDS = {
    "Backup Job State Change": JobKind.BACKUP,
    "Copy Job State Change": JobKind.COPY,
    "Restore Job State Change": JobKind.RESTORE,
}
_FAILURES = {"FAILED", "EXPIRED", "ABORTED", "PARTIAL", "ALARM"}
_ENDS_WELL = {"COMPLETED", "OK"}
_ALARM = "CloudWatch Alarm State Change"
_DISPLAY = "backup-org"


@dataclass(frozen=True, kw_only=True)
class JobEnd:
    """A job that ended, from the EventBridge event of AWS Backup."""

    kind: JobKind
    job_id: str
    state: str
    """COMPLETED, or one of FAILED, EXPIRED, ABORTED, PARTIAL; of an alarm ALARM or OK."""
    account: str
    region: str
    resource: str
    """ARN of what was to be backed up or copied; for a restore that of the recovery point, because
    the event of a restore that failed names nothing else."""
    resource_type: str
    vault: str
    message: str
    time: datetime.datetime

    @property
    def failed(self) -> bool:
        return self.state in _FAILURES


def job_end(event: Mapping[str, Any]) -> JobEnd:
    """Reads an event; raises UnrecognisedEvent naming what is missing or unknown.

    Source: AWS Backup Developer Guide, "Monitoring AWS Backup events using Amazon EventBridge".
    """
    try:
        if event["detail-type"] == _ALARM:
            return _alarm(event)
        kind = _KINDS[event["detail-type"]]
        detail = event["detail"]
        # "Some events report status, whereas others report state."
        state = detail.get("state") or detail["status"]
        if state not in _FAILURES | _ENDS_WELL:
            raise UnrecognisedEvent(f"a {kind} job in the state {state!r} has not ended")
        return JobEnd(
            kind=kind,
            job_id=detail[f"{kind}JobId"],
            state=state,
            account=event["account"],
            region=event["region"],
            resource=event["resources"][0] if kind == JobKind.RESTORE else detail["resourceArn"],
            resource_type=detail.get("resourceType", ""),
            vault=_vault(detail),
            message=str(detail.get("statusMessage", "")).strip('"'),
            time=datetime.datetime.fromisoformat(event["time"]),
        )
    except (AttributeError, KeyError, IndexError, TypeError) as error:
        raise UnrecognisedEvent(f"{error!r} in the event {event!r}"[:2000]) from error


def _alarm(event: Mapping[str, Any]) -> JobEnd:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html"""
    detail = event["detail"]
    state = detail["state"]["value"]
    if state not in _FAILURES | _ENDS_WELL:
        raise UnrecognisedEvent(f"the alarm {detail['alarmName']} in the state {state!r}")
    return JobEnd(
        kind=JobKind.ALARM,
        job_id=event["id"],
        state=state,
        account=event["account"],
        region=event["region"],
        resource=event["resources"][0],
        resource_type="CloudWatch alarm",
        vault="",
        message=str(detail["state"].get("reason", "")),
        time=datetime.datetime.fromisoformat(event["time"]),
    )


def _vault(detail: Mapping[str, Any]) -> str:
    arn = detail.get("backupVaultArn") or detail.get("destinationBackupVaultArn") or ""
    return detail.get("backupVaultName") or str(arn).rpartition(":")[2]


def correlation_id(customer: str, job: JobEnd) -> str:
    """What ties an incident to a resource: at most 100 characters, ServiceNow's field."""
    subject = "|".join((customer, job.kind, job.account, job.region, job.resource))
    return f"{_DISPLAY}-{hashlib.sha256(subject.encode()).hexdigest()[:40]}"


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What was last done about a correlation id."""

    open: bool
    job_id: str
    time: datetime.datetime
    """Of the event."""


class Action(StrEnum):
    NOTHING = "nothing"
    REPORT = "report"
    """Open an incident, or add a note to the one that is open."""
    RESOLVE = "resolve"
    REMEMBER = "remember"
    """Nothing for ServiceNow; but what happened before this counts no more."""


def action(job: JobEnd, memory: Memory | None) -> Action:
    """What to do about a job's end. Events may come twice and out of order: the latest counts."""
    if memory is not None and (job.job_id == memory.job_id or job.time < memory.time):
        return Action.NOTHING
    if job.failed:
        return Action.REPORT
    return Action.RESOLVE if memory is not None and memory.open else Action.REMEMBER


@dataclass(frozen=True, kw_only=True)
class IncidentStyle:
    """How incidents are filed: decisions of the customer."""

    customer: str
    assignment_group: str
    urgency: str
    impact: str
    close_code: str


def incident_fields(job: JobEnd, style: IncidentStyle) -> dict[str, str]:
    """A new incident's fields, as ServiceNow's Table API names them."""
    fields = {
        "short_description": _headline(job)[:160],
        "description": _facts(job),
        "urgency": style.urgency,
        "impact": style.impact,
        "category": "software",
        "correlation_id": correlation_id(style.customer, job),
        "correlation_display": _DISPLAY,
    }
    if style.assignment_group:
        fields["assignment_group"] = style.assignment_group
    return fields


def note_fields(job: JobEnd) -> dict[str, str]:
    """What is added to an incident when its job fails again."""
    return {"work_notes": f"Again: {_headline(job)}\n\n{_facts(job)}"}


def resolution_fields(job: JobEnd, style: IncidentStyle) -> dict[str, str]:
    """What resolves an incident: its state, and the two fields that the state demands."""
    return {
        "state": "6",
        "close_code": style.close_code,
        "close_notes": f"{_headline(job)}\n\n{_facts(job)}",
    }


def _headline(job: JobEnd) -> str:
    resource = job.resource.rpartition(":")[2]
    if job.kind is JobKind.ALARM:
        return f"AWS Backup: {resource} in {job.account} {'goes off' if job.failed else 'is over'}"
    return f"AWS Backup: {job.kind} {job.state.lower()} for {resource} in {job.account}"


def _facts(job: JobEnd) -> str:
    facts = {
        "State": job.state,
        "Message": job.message,
        "Job": job.job_id,
        "Resource": job.resource,
        "Resource type": job.resource_type,
        "Vault": job.vault,
        "Account": job.account,
        "Region": job.region,
        "Time": job.time.isoformat(),
    }
    return "\n".join(f"{name}: {value}" for name, value in facts.items() if value)
