"""What an event means for ServiceNow: nothing, an incident, a note on it, or its end.

One incident stands for one protected resource and one kind of job, however often that job fails;
it is resolved when a later job of that kind completes. Tests of restores are a kind of their own,
and what was found of what they restored another: a restore that completes says nothing of that.
This system's own alarms are told in the same way: an alarm that goes off is a failure, one that is
over a completion; and so are its runbooks, by the document that was executed.
"""

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from reports.aws_partition import aws_partition
from reports.correlation import DISPLAY, correlation_id
from reports.restore_tests import EVENT_SOURCE, MISSED_START, NOT_JUDGED, RESTORE_TEST_VERDICT


class UnrecognisedEvent(ValueError):
    """An event that is no end of a backup, copy or restore job."""


class JobKind(StrEnum):
    BACKUP = "backup"
    COPY = "copy"
    RESTORE = "restore"
    VERDICT = "verdict"
    """On what a restore test restored."""
    ALARM = "alarm"
    RUNBOOK = "runbook"


_KINDS = {
    "Backup Job State Change": JobKind.BACKUP,
    "Copy Job State Change": JobKind.COPY,
    "Restore Job State Change": JobKind.RESTORE,
}
_FAILURES = {
    "FAILED",
    "EXPIRED",
    "ABORTED",
    "PARTIAL",
    "ALARM",
    "TIMEDOUT",
    "CANCELLED",
    "TIMED_OUT",
}
_ENDS_WELL = {"COMPLETED", "OK", "SUCCESS", "SUCCESSFUL"}
_SAID = {"TIMEDOUT": "timed out", "CANCELLED": "was cancelled", "SUCCESS": "ended well"}
_HEADLINE_LIMIT = 160
_TEXT_LIMIT = 4000
"""Characters of ServiceNow's fields, which cuts off what is longer without a word."""


@dataclass(frozen=True, kw_only=True)
class JobEnd:
    """A job that ended, from the EventBridge event of AWS Backup."""

    kind: JobKind
    job_id: str
    state: str
    """COMPLETED, or one of FAILED, EXPIRED, ABORTED, PARTIAL; of a verdict SUCCESSFUL, FAILED or
    TIMED_OUT; of an alarm ALARM or OK; of a runbook SUCCESS, or one of FAILED, TIMEDOUT,
    CANCELLED."""
    account: str
    region: str
    resource: str
    """ARN of what is backed up; "" for a restore that failed, whose event names the recovery point
    alone."""
    recovery_point: str = ""
    """ARN of what a job made or, for a restore, read."""
    destination: str = ""
    """ARN of the vault that a copy goes to."""
    testing_plan: str = ""
    """ARN of the restore testing plan that started a restore."""
    created: str = ""
    """ARN of what a restore test restored, of which a verdict is."""
    resource_type: str
    vault: str
    message: str
    time: datetime.datetime
    """When the job ended, in UTC: to the millisecond where the event says it, else the event's
    time, which is in whole seconds."""

    @property
    def failed(self) -> bool:
        return self.state in _FAILURES

    @property
    def end(self) -> str:
        """What an event that comes twice has in common: a job may end more than once, PARTIAL and
        then COMPLETED."""
        return f"{self.job_id} {self.state}"


def job_end(event: Mapping[str, Any]) -> JobEnd:
    """Reads an event; raises UnrecognisedEvent naming what is missing or unknown.

    Source: AWS Backup Developer Guide, "Monitoring AWS Backup events using Amazon EventBridge".
    """
    try:
        if read := _OTHERS.get(event["detail-type"]):
            return read(event)
        kind = _KINDS[event["detail-type"]]
        detail = event["detail"]
        # "Some events report status, whereas others report state."
        state = detail.get("state") or detail["status"]
        if state not in _FAILURES | _ENDS_WELL:
            raise UnrecognisedEvent(f"a {kind} job in the state {state!r} has not ended")
        return JobEnd(
            kind=kind,
            job_id=_needed(detail, f"{kind}JobId"),
            state=state,
            account=_needed(event, "account"),
            region=_needed(event, "region"),
            resource=_text(detail, "sourceResourceArn")
            if kind is JobKind.RESTORE
            else _needed(detail, "resourceArn"),
            recovery_point=_recovery_point(kind, event),
            destination=_text(detail, "destinationBackupVaultArn"),
            testing_plan=_text(detail, "restoreTestingPlanArn"),
            resource_type=_text(detail, "resourceType"),
            vault=_vault(detail),
            message=_text(detail, "statusMessage").strip('"'),
            time=_ended(event),
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
        job_id=_needed(event, "id"),
        state=state,
        account=_needed(event, "account"),
        region=_needed(event, "region"),
        resource=event["resources"][0],
        resource_type="CloudWatch alarm",
        vault="",
        message=_text(detail["state"], "reason"),
        time=_time_of(event),
    )


def _runbook(event: Mapping[str, Any]) -> JobEnd:
    """https://docs.aws.amazon.com/systems-manager/latest/userguide/monitoring-systems-manager-event-examples.html

    It says nothing of why: the execution does, in the console.
    """
    detail = event["detail"]
    state = _needed(detail, "Status").upper()
    account, region = _needed(event, "account"), _needed(event, "region")
    if state not in _FAILURES | _ENDS_WELL:
        raise UnrecognisedEvent(f"the runbook {detail['Definition']} in the state {state!r}")
    execution = _needed(detail, "ExecutionId")
    # A document is told by its name, or by its ARN where another account shares it.
    document = _needed(detail, "Definition").rpartition("/")[2]
    return JobEnd(
        kind=JobKind.RUNBOOK,
        job_id=execution,
        state=state,
        account=account,
        region=region,
        resource=f"arn:{aws_partition(region)}:ssm:{region}:{account}:document/{document}",
        resource_type="Automation runbook",
        vault="",
        message="Which step failed, and why: Systems Manager, Automation, Executions, "
        f"{execution}; or: aws ssm get-automation-execution --automation-execution-id {execution}",
        time=_time_of(event),
    )


def _verdict(event: Mapping[str, Any]) -> JobEnd:
    """Of handlers/check_restore. Its time is the restore's: the newest test of a resource counts,
    whenever it was judged."""
    detail, state = event["detail"], event["detail"]["validationStatus"]
    if event["source"] != EVENT_SOURCE or state not in _FAILURES | _ENDS_WELL:
        raise UnrecognisedEvent(f"a verdict {state!r} from {event['source']!r}")
    return JobEnd(
        kind=JobKind.VERDICT,
        job_id=_needed(detail, "restoreJobId"),
        state=state,
        account=_needed(event, "account"),
        region=_needed(event, "region"),
        resource=_text(detail, "sourceResourceArn"),
        recovery_point=_text(detail, "recoveryPointArn"),
        testing_plan=_needed(detail, "restoreTestingPlanArn"),
        created=_text(detail, "createdResourceArn"),
        resource_type=_text(detail, "resourceType"),
        vault="",
        message=_text(detail, "validationStatusMessage"),
        time=_ended(event),
    )


_OTHERS: Mapping[str, Callable[[Mapping[str, Any]], JobEnd]] = {
    "CloudWatch Alarm State Change": _alarm,
    "EC2 Automation Execution Status-change Notification": _runbook,
    RESTORE_TEST_VERDICT: _verdict,
}


def _ended(event: Mapping[str, Any]) -> datetime.datetime:
    """The job's completion date; not every failure's event has one."""
    told = _time_of(event)
    try:
        return _in_utc(event["detail"].get("completionDate"))
    except (TypeError, ValueError):
        return told


def _time_of(event: Mapping[str, Any]) -> datetime.datetime:
    try:
        return _in_utc(event["time"])
    except (TypeError, ValueError) as error:
        raise UnrecognisedEvent(
            f"the event's time {event['time']!r} is no ISO 8601 time with a zone"
        ) from error


def _in_utc(text: str) -> datetime.datetime:
    moment = datetime.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no zone")
    return moment.astimezone(datetime.UTC)


def _recovery_point(kind: JobKind, event: Mapping[str, Any]) -> str:
    """A copy's event names the one that was read among its resources."""
    detail = event["detail"]
    if kind is JobKind.COPY:
        return _text(detail, "destinationRecoveryPointArn")
    named = next(iter(event.get("resources") or ()), "")
    if named or kind is not JobKind.RESTORE:
        return named
    # A test that never started may have had none.
    needed = _text if _text(detail, "restoreTestingPlanArn") else _needed
    return needed(detail, "recoveryPointArn")


def _vault(detail: Mapping[str, Any]) -> str:
    arn = _text(detail, "backupVaultArn") or _text(detail, "destinationBackupVaultArn")
    return _text(detail, "backupVaultName") or arn.rpartition(":")[2]


def _text(fields: Mapping[str, Any], name: str) -> str:
    """AWS writes null or {} for some texts that there are not."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _needed(fields: Mapping[str, Any], name: str) -> str:
    if not (text := _text(fields, name)):
        raise UnrecognisedEvent(f"{name} is missing or no text in {fields!r}"[:2000])
    return text


def correlation_ids(customer: str, job: JobEnd) -> Sequence[str]:
    """What ties an incident to what it is about. A failure is told under the first; a job that
    completes ends what is open under any."""
    scope = (customer, job.kind, job.account, job.region)
    return [correlation_id(*scope, subject) for subject in _subjects(job)]


def _subjects(job: JobEnd) -> Sequence[str]:
    """Of a copy: its resource in the one vault, as copies elsewhere say nothing of this one. Of a
    restore: its resource, as the next one reads another recovery point. A restore test that
    failed for a resource that nobody knows is told for all of that type, and ends with none of
    them: that another resource could be restored says nothing of this one."""
    if job.kind is JobKind.COPY:
        return [f"{job.resource}|{job.destination}"]
    if job.testing_plan:
        return [f"{job.testing_plan}|{job.resource or job.resource_type}"]
    if job.kind is not JobKind.RESTORE:
        return [job.resource]
    return [job.resource, job.recovery_point] if job.resource else [job.recovery_point]


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What was last done about a correlation id."""

    open: bool
    time: datetime.datetime
    """Of the latest end of a job that is known."""
    ends: frozenset[str]
    """The ends at that time; of what an earlier version noted, the job's id without its state."""

    def has(self, job: JobEnd) -> bool:
        return job.end in self.ends or (job.job_id in self.ends and job.failed is self.open)


def remembered(job: JobEnd, memory: Memory | None) -> Memory:
    """What is known once a job's end has been dealt with."""
    at_once = memory.ends if memory is not None and memory.time == job.time else frozenset[str]()
    return Memory(open=job.failed, time=job.time, ends=at_once | {job.end})


class Action(StrEnum):
    NOTHING = "nothing"
    REPORT = "report"
    """Open an incident, or add a note to the one that is open."""
    RESOLVE = "resolve"
    REMEMBER = "remember"
    """Nothing for ServiceNow; but what happened before this counts no more."""


def action(job: JobEnd, memory: Memory | None) -> Action:
    """What to do about a job's end. Events may come twice and in any order: the latest end counts,
    and of two at one time the one that is well."""
    if memory is None:
        return Action.REPORT if job.failed else Action.REMEMBER
    if memory.has(job) or job.time < memory.time:
        return Action.NOTHING
    if job.time == memory.time and not memory.open:
        return Action.NOTHING
    if job.failed:
        return Action.REPORT
    return Action.RESOLVE if memory.open else Action.REMEMBER


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
        "short_description": _cut(_headline(job), _HEADLINE_LIMIT),
        "description": _facts(job),
        "urgency": style.urgency,
        "impact": style.impact,
        "category": "software",
        "correlation_id": correlation_ids(style.customer, job)[0],
        "correlation_display": DISPLAY,
    }
    if style.assignment_group:
        fields["assignment_group"] = style.assignment_group
    return fields


def note_fields(job: JobEnd) -> dict[str, str]:
    """What is added to an incident when its job fails again."""
    return {"work_notes": _facts(job, f"Again: {_headline(job)}")}


def resolution_fields(job: JobEnd, style: IncidentStyle) -> dict[str, str]:
    """What resolves an incident: its state, and the two fields that the state demands."""
    return {
        "state": "6",
        "close_code": style.close_code,
        "close_notes": _facts(job, _headline(job)),
    }


def _headline(job: JobEnd) -> str:
    resource = (job.resource or job.recovery_point or job.resource_type).rpartition(":")[2]
    if job.kind is JobKind.ALARM:
        return f"AWS Backup: {resource} in {job.account} {'goes off' if job.failed else 'is over'}"
    if job.kind is JobKind.RUNBOOK:
        document = resource.rpartition("/")[2]
        return f"AWS Backup: runbook {document} {_SAID.get(job.state, 'failed')} in {job.account}"
    if job.testing_plan:
        return f"AWS Backup: {_of_test(job, f'{resource} in {job.account}')}"
    return f"AWS Backup: {job.kind} {job.state.lower()} for {resource} in {job.account}"


def _of_test(job: JobEnd, what: str) -> str:
    """How a restore test ended, or what was found of what it restored."""
    if job.kind is JobKind.RESTORE:
        if _never_started(job):
            return f"restore test did not start in its window for {what}"
        return f"restore test {job.state.lower()} for {what}"
    if job.state == "TIMED_OUT":
        return f"nobody judged in time what a restore test restored of {what}"
    if not job.failed:
        return f"what a restore test restored of {what} is good: {job.message}"
    if job.message.startswith(NOT_JUDGED):
        reason = job.message.removeprefix(NOT_JUDGED)
        return f"nobody could judge what a restore test restored of {what}: {reason}"
    return f"what a restore test restored of {what} is not good: {job.message}"


def _never_started(job: JobEnd) -> bool:
    return job.failed and MISSED_START in job.message


def _facts(job: JobEnd, headline: str = "") -> str:
    """The message comes last, so that a long one costs nothing but its own end."""
    facts = {
        "State": job.state,
        "Job": job.job_id,
        "Resource": job.resource,
        "Resource type": job.resource_type,
        "Recovery point": job.recovery_point,
        "Restored as": job.created,
        "Restore testing plan": job.testing_plan,
        "Tried": "no restore was tried, so this says nothing of the backup"
        if job.testing_plan and _never_started(job)
        else "",
        "Vault": job.destination or job.vault,
        "Account": job.account,
        "Region": job.region,
        "Time": job.time.isoformat(),
        "Message": job.message,
    }
    lines = [f"{name}: {value}" for name, value in facts.items() if value]
    return _cut("\n".join([headline, "", *lines] if headline else lines), _TEXT_LIMIT)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
