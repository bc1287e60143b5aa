"""What an event tells: a job, a runbook or an alarm that ended, well or not; what a scan found or
somebody changed."""

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypedDict, cast

from handlers.open_ticket import changes
from reports.aws_partition import aws_partition
from reports.own_events import EVENT_SOURCE, RESTORE_TEST_VERDICT, SILENT_REGIONS, TICKET_TEST


class UnrecognisedEvent(ValueError):
    """An event that is no end of a backup, copy or restore job."""


class Kind(StrEnum):
    BACKUP = "backup"
    COPY = "copy"
    RESTORE = "restore"
    VERDICT = "verdict"
    """On what a restore test restored."""
    ISSUES = "issues"
    """Of a backup that completed: what its message category says beside."""
    MALWARE = "malware"
    CHANGE = "change"
    """Of a vault, a plan or settings, by somebody who is no deployment."""
    ALARM = "alarm"
    RUNBOOK = "runbook"
    SILENCE = "silence"
    """Of Regions that have not been heard of."""
    TEST = "test"
    """Of the way itself, by `backup-org tickets test`."""


_KINDS = {
    "Backup Job State Change": Kind.BACKUP,
    "Copy Job State Change": Kind.COPY,
    "Restore Job State Change": Kind.RESTORE,
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
    "COMPLETED_WITH_ISSUES",
    "THREATS_FOUND",
    "CHANGED",
    "SILENT",
}
_ENDS_WELL = {"COMPLETED", "OK", "SUCCESS", "SUCCESSFUL"}


@dataclass(frozen=True, kw_only=True)
class Alert:
    """A job that ended, from the EventBridge event of AWS Backup."""

    kind: Kind
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
    vault: str = ""
    """Its name, where there is one to what is told."""
    plan: str = ""
    """Id of the plan whose job it was."""
    rule: str = ""
    """Id of that plan's rule; "" for a job that was started on demand, and where the event does
    not say: not every failure's does."""
    message: str
    told: datetime.datetime
    """The event's time, in UTC and whole seconds."""
    ended: datetime.datetime | None = None
    """The job's completion date, in UTC; not every failure's event has one."""

    @property
    def time(self) -> datetime.datetime:
        """When it ended, as well as is known."""
        return self.ended or self.told

    @property
    def failed(self) -> bool:
        return self.state in _FAILURES

    @property
    def end(self) -> str:
        """What an event that comes twice has in common: a job may end more than once, PARTIAL and
        then COMPLETED."""
        return f"{self.job_id} {self.state}"


def read_alert(event: Mapping[str, Any]) -> Alert:
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
        return Alert(
            kind=kind,
            job_id=needed(detail, f"{kind}JobId"),
            state=state,
            **_envelope(event),
            resource=_text(detail, "sourceResourceArn")
            if kind is Kind.RESTORE
            else needed(detail, "resourceArn"),
            recovery_point=_recovery_point(kind, event),
            destination=_text(detail, "destinationBackupVaultArn"),
            testing_plan=_text(detail, "restoreTestingPlanArn"),
            resource_type=_text(detail, "resourceType"),
            vault=_vault(detail),
            plan=_text(_created_by(detail), "backupPlanId"),
            rule=_text(_created_by(detail), "backupPlanRuleId"),
            message=_text(detail, "statusMessage").strip('"'),
            ended=_ended(event),
        )
    except (AttributeError, KeyError, IndexError, TypeError) as error:
        raise UnrecognisedEvent(f"{error!r} in the event {event!r}"[:2000]) from error


def _alarm(event: Mapping[str, Any]) -> Alert:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html"""
    detail = event["detail"]
    state = detail["state"]["value"]
    if state not in _FAILURES | _ENDS_WELL:
        raise UnrecognisedEvent(f"the alarm {detail['alarmName']} in the state {state!r}")
    return Alert(
        kind=Kind.ALARM,
        job_id=needed(event, "id"),
        state=state,
        **_envelope(event),
        resource=event["resources"][0],
        resource_type="CloudWatch alarm",
        message=_text(detail["state"], "reason"),
    )


def _runbook(event: Mapping[str, Any]) -> Alert:
    """https://docs.aws.amazon.com/systems-manager/latest/userguide/monitoring-systems-manager-event-examples.html

    It says nothing of why: the execution does, in the console.
    """
    detail = event["detail"]
    state = needed(detail, "Status").upper()
    envelope = _envelope(event)
    account, region = envelope["account"], envelope["region"]
    if state not in _FAILURES | _ENDS_WELL:
        raise UnrecognisedEvent(f"the runbook {detail['Definition']} in the state {state!r}")
    execution = needed(detail, "ExecutionId")
    # A document is told by its name, or by its ARN where another account shares it.
    document = needed(detail, "Definition").rpartition("/")[2]
    return Alert(
        kind=Kind.RUNBOOK,
        job_id=execution,
        state=state,
        **envelope,
        resource=f"arn:{aws_partition(region)}:ssm:{region}:{account}:document/{document}",
        resource_type="Automation runbook",
        message="Which step failed, and why: Systems Manager, Automation, Executions, "
        f"{execution}; or: aws ssm get-automation-execution --automation-execution-id {execution}",
    )


def _verdict(event: Mapping[str, Any]) -> Alert:
    """Of handlers/check_restore. Its time is the restore's: the newest test of a resource counts,
    whenever it was judged."""
    detail, state = event["detail"], event["detail"]["validationStatus"]
    if event["source"] != EVENT_SOURCE or state not in _FAILURES | _ENDS_WELL:
        raise UnrecognisedEvent(f"a verdict {state!r} from {event['source']!r}")
    return Alert(
        kind=Kind.VERDICT,
        job_id=needed(detail, "restoreJobId"),
        state=state,
        **_envelope(event),
        resource=_text(detail, "sourceResourceArn"),
        recovery_point=_text(detail, "recoveryPointArn"),
        testing_plan=needed(detail, "restoreTestingPlanArn"),
        created=_text(detail, "createdResourceArn"),
        resource_type=_text(detail, "resourceType"),
        message=_text(detail, "validationStatusMessage"),
        ended=_ended(event),
    )


def _scan(event: Mapping[str, Any]) -> Alert:
    """A scan that completed says in its result whether it found threats; one that completed with
    issues may have found some in what it could read."""
    detail = event["detail"]
    found = _text(detail.get("scanResult") or detail, "scanResultStatus")
    state = "THREATS_FOUND" if found == "THREATS_FOUND" else needed(detail, "state")
    if state not in _FAILURES:
        raise UnrecognisedEvent(f"a scan in the state {state!r} that found {found!r}")
    return Alert(
        kind=Kind.MALWARE,
        job_id=needed(detail, "scanJobId"),
        state=state,
        **_envelope(event),
        resource=needed(detail, "resourceArn"),
        recovery_point=_text(detail, "recoveryPointArn"),
        resource_type=_text(detail, "resourceType"),
        vault=_vault(detail),
        message=_text(detail, "statusMessage").strip('"'),
        plan=_text(_created_by(detail), "backupPlanId"),
        rule=_text(_created_by(detail), "backupRuleId"),
        ended=_ended(event),
    )


def _change(event: Mapping[str, Any]) -> Alert:
    """A call that was refused changed nothing."""
    detail = event["detail"]
    if error := _text(detail, "errorCode"):
        raise UnrecognisedEvent(f"{detail['eventName']} was refused: {error}")
    envelope = _envelope(event)
    account, region = envelope["account"], envelope["region"]
    changed = changes.changed(detail, f"arn:{aws_partition(region)}:backup:{region}:{account}:")
    return Alert(
        kind=Kind.CHANGE,
        job_id=needed(detail, "eventID"),
        state="CHANGED",
        **envelope,
        resource=changed.resource,
        recovery_point=changed.recovery_point,
        resource_type=changed.resource_type,
        vault=changed.vault,
        message=changes.sentence(detail),
    )


def _test(event: Mapping[str, Any]) -> Alert:
    detail = event["detail"]
    state = needed(detail, "state")
    if event["source"] != EVENT_SOURCE or state not in ("FAILED", "COMPLETED"):
        raise UnrecognisedEvent(f"a ticket test {state!r} from {event['source']!r}")
    return Alert(
        kind=Kind.TEST,
        job_id=needed(event, "id"),
        state=state,
        **_envelope(event),
        resource=needed(detail, "testId"),
        resource_type="test of the way to ServiceNow",
        message=_text(detail, "statusMessage"),
    )


def _silence(event: Mapping[str, Any]) -> Alert:
    """Of all Regions of the customer at once."""
    detail = event["detail"]
    state = needed(detail, "state")
    if event["source"] != EVENT_SOURCE or state not in ("SILENT", "OK"):
        raise UnrecognisedEvent(f"a look for heartbeats {state!r} from {event['source']!r}")
    return Alert(
        kind=Kind.SILENCE,
        job_id=needed(event, "id"),
        state=state,
        **_envelope(event),
        resource="heartbeats",
        resource_type="heartbeats of accounts and Regions",
        message="\n".join(detail["silent"]),
    )


def issues_of(backup: Alert, category: str, message: str) -> Alert:
    """What the message category of a backup that completed says, which its event does not:
    https://docs.aws.amazon.com/aws-backup/latest/devguide/API_BackupJob.html, MessageCategory."""
    well = category == "SUCCESS"
    return replace(
        backup,
        kind=Kind.ISSUES,
        state="COMPLETED" if well else "COMPLETED_WITH_ISSUES",
        message=": ".join(filter(None, ("" if well else category, message))),
    )


_OTHERS: Mapping[str, Callable[[Mapping[str, Any]], Alert]] = {
    "CloudWatch Alarm State Change": _alarm,
    "EC2 Automation Execution Status-change Notification": _runbook,
    "Scan Job State Change": _scan,
    "AWS API Call via CloudTrail": _change,
    RESTORE_TEST_VERDICT: _verdict,
    TICKET_TEST: _test,
    SILENT_REGIONS: _silence,
}


class _Envelope(TypedDict):
    """What EventBridge itself writes into every event."""

    account: str
    region: str
    told: datetime.datetime


def _envelope(event: Mapping[str, Any]) -> _Envelope:
    return _Envelope(
        account=needed(event, "account"), region=needed(event, "region"), told=_time_of(event)
    )


def _created_by(detail: Mapping[str, Any]) -> Mapping[str, Any]:
    """Which plan started a job; nothing for one that was started on demand."""
    found = detail.get("createdBy")
    return cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else {}


def _ended(event: Mapping[str, Any]) -> datetime.datetime | None:
    try:
        return _in_utc(event["detail"].get("completionDate"))
    except (TypeError, ValueError):
        return None


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


def _recovery_point(kind: Kind, event: Mapping[str, Any]) -> str:
    """A copy's event names the one that was read among its resources."""
    detail = event["detail"]
    if kind is Kind.COPY:
        return _text(detail, "destinationRecoveryPointArn")
    named = next(iter(event.get("resources") or ()), "")
    if named or kind is not Kind.RESTORE:
        return named
    # A test that never started may have had none.
    read = _text if _text(detail, "restoreTestingPlanArn") else needed
    return read(detail, "recoveryPointArn")


def _vault(detail: Mapping[str, Any]) -> str:
    arn = _text(detail, "backupVaultArn") or _text(detail, "destinationBackupVaultArn")
    return _text(detail, "backupVaultName") or arn.rpartition(":")[2]


def _text(fields: Mapping[str, Any], name: str) -> str:
    """AWS writes null or {} for some texts that there are not."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def needed(fields: Mapping[str, Any], name: str) -> str:
    """Raises UnrecognisedEvent naming what is missing."""
    if not (text := _text(fields, name)):
        raise UnrecognisedEvent(f"{name} is missing or no text in {fields!r}"[:2000])
    return text
