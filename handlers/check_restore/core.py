"""What a restore test's job is, what was found of the restored thing, and what that is called.

A verdict is given once and cannot be changed. What nobody could judge is FAILED with the reason: a
test that is left open proves nothing, and looks like one that is still to be judged.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from reports.restore_tests import NOT_JUDGED


class UnrecognisedEvent(ValueError):
    """A message that is no end of a restore test's job."""


@dataclass(frozen=True)
class Good:
    """What was restored is as it should be, as far as was looked."""

    reason: str


@dataclass(frozen=True)
class Bad:
    """What was restored is not as it should be."""

    reason: str


@dataclass(frozen=True)
class NotYet:
    """What was restored is still being made: it is looked at again."""

    reason: str


@dataclass(frozen=True)
class Unjudgeable:
    """Nobody can tell, nor will later."""

    reason: str


Finding = Good | Bad | NotYet | Unjudgeable

ValidationStatus = Literal["SUCCESSFUL", "FAILED", "TIMED_OUT"]
_GIVEN: tuple[ValidationStatus, ...] = ("SUCCESSFUL", "FAILED", "TIMED_OUT")
_MESSAGE_LIMIT = 1000
"""Characters; AWS documents none, and an event takes 256 KB."""
_LOOK_AGAIN = timedelta(minutes=5)
_MARGIN = timedelta(minutes=10)
"""Before the validation window closes: a verdict that comes later is refused."""


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What settings say of the restores of one type by one testing plan."""

    validation_window_hours: int
    check: str = ""
    """The name of the customer's own function that judges; "": this one does."""


UNKNOWN_SELECTION = Selection(validation_window_hours=1)
"""Of a type that settings no longer have: the shortest window there is, and the built-in check."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the event says of a job, which is all that is known where the job cannot be read."""

    restore_job_id: str
    detail: Mapping[str, Any]
    time: str
    """Of the event, ISO 8601."""

    def text(self, name: str) -> str:
        """AWS writes null or {} for some texts that there are not."""
        value = self.detail.get(name)
        return value if isinstance(value, str) else ""


def told(message: str) -> Told:
    """Reads a queue's message; raises UnrecognisedEvent with the offending part."""
    try:
        event = json.loads(message)
        detail = event["detail"]
        job = Told(
            restore_job_id=str(detail["restoreJobId"]), detail=detail, time=str(event["time"])
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UnrecognisedEvent(f"{error!r} in the message {message[:500]!r}") from error
    if not job.text("restoreTestingPlanArn") or job.text("status") != "COMPLETED":
        raise UnrecognisedEvent(f"no restore test that completed: {message[:500]!r}")
    return job


@dataclass(frozen=True, kw_only=True)
class RestoreJob:
    """A restore test's job, COMPLETED, as DescribeRestoreJob or else the event tells it."""

    restore_job_id: str
    restore_testing_plan_arn: str
    resource_type: str
    created_resource_arn: str
    source_resource_arn: str
    recovery_point_arn: str
    completion_date: datetime
    size_bytes: int | None = None
    """Of what was backed up; None where AWS does not say."""
    validation_status: ValidationStatus | None = None
    """None: nobody has judged it."""
    validation_status_message: str = ""

    @property
    def created_id(self) -> str:
        """The last part of what was restored: an id, or a name."""
        return self.created_resource_arn.rpartition(":")[2].rpartition("/")[2]

    def request(self) -> dict[str, str]:
        """What a customer's own check is given: docs/restore-tests.md tells of it."""
        return {
            "restoreJobId": self.restore_job_id,
            "restoreTestingPlanArn": self.restore_testing_plan_arn,
            "resourceType": self.resource_type,
            "createdResourceArn": self.created_resource_arn,
            "sourceResourceArn": self.source_resource_arn,
            "recoveryPointArn": self.recovery_point_arn,
            "completionDate": self.completion_date.isoformat(),
        }


def described(job: Told, answer: Mapping[str, Any]) -> RestoreJob:
    """Of DescribeRestoreJob's answer; the event has what that leaves out."""

    def text(member: str) -> str:
        name = member[0].lower() + member[1:]
        return str(answer.get(member) or job.text(name))

    status, size = answer.get("ValidationStatus"), answer.get("BackupSizeInBytes")
    return RestoreJob(
        restore_job_id=job.restore_job_id,
        restore_testing_plan_arn=job.text("restoreTestingPlanArn"),
        resource_type=text("ResourceType"),
        created_resource_arn=text("CreatedResourceArn"),
        source_resource_arn=text("SourceResourceArn"),
        recovery_point_arn=text("RecoveryPointArn"),
        completion_date=_completion(job, answer.get("CompletionDate")),
        size_bytes=int(size) if size is not None else None,
        validation_status=status if status in _GIVEN else None,
        validation_status_message=answer.get("ValidationStatusMessage") or "",
    )


def _completion(job: Told, described_at: datetime | None) -> datetime:
    if described_at is not None:
        return described_at.astimezone(UTC)
    try:
        return datetime.fromisoformat(job.text("completionDate") or job.time).astimezone(UTC)
    except ValueError as error:
        raise UnrecognisedEvent(f"{error} of the restore job {job.restore_job_id}") from error


def selection_of(selections: Mapping[str, Any], job: RestoreJob) -> Selection:
    """AWS tells a job's testing plan and not its selection: settings have one check a type."""
    given = selections.get(job.restore_testing_plan_arn, {}).get(job.resource_type)
    return Selection(**given) if given else UNKNOWN_SELECTION


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long a job may be looked at again, and how often its message may fail."""

    deadline: datetime
    tries: int
    """How often the message has been received, this time included."""
    tries_most: int
    """After which the queue gives it up."""
    retry_after: timedelta
    """When the queue hands a message that failed out again."""

    def may_wait(self, now: datetime) -> bool:
        """Whether there is time to look again."""
        return now + _LOOK_AGAIN < self.deadline

    def is_last_try(self, now: datetime) -> bool:
        return self.tries >= self.tries_most or now + self.retry_after >= self.deadline


LOOK_AGAIN_SECONDS = int(_LOOK_AGAIN.total_seconds())


def deadline(job: RestoreJob, selection: Selection) -> datetime:
    """By which a verdict must be given: AWS Backup deletes what it restored when the validation
    window closes, counted from the end of the restore."""
    return job.completion_date + timedelta(hours=selection.validation_window_hours) - _MARGIN


@dataclass(frozen=True, kw_only=True)
class Verdict:
    status: ValidationStatus
    message: str

    @classmethod
    def given(cls, job: RestoreJob) -> "Verdict | None":
        """That which AWS Backup has; None where it has none."""
        if job.validation_status is None:
            return None
        return cls(status=job.validation_status, message=job.validation_status_message)


def verdict(finding: Finding) -> Verdict:
    """What cannot wait any longer is not judged, as is what nobody can judge."""
    match finding:
        case Good(reason):
            return Verdict(status="SUCCESSFUL", message=reason[:_MESSAGE_LIMIT])
        case Bad(reason):
            return Verdict(status="FAILED", message=reason[:_MESSAGE_LIMIT])
        case NotYet(reason):
            reason = f"until its validation window closed: {reason}"
        case Unjudgeable(reason):
            pass
    return Verdict(status="FAILED", message=f"{NOT_JUDGED}{reason}"[:_MESSAGE_LIMIT])


def event_detail(job: RestoreJob, given: Verdict) -> str:
    """The detail of the event that tells a verdict, in the words of AWS Backup's own events."""
    return json.dumps(
        {
            **job.request(),
            "validationStatus": given.status,
            "validationStatusMessage": given.message,
        }
    )


_REFUSED = ("AccessDenied", "Unauthorized", "UnauthorizedOperation", "403")
_GONE = ("NotFound", "NoSuch", "ResourceNotFound", "404")


def unjudgeable_error(code: str, text: str) -> Unjudgeable | None:
    """What no later try would change; None: it is worth another. `code` is AWS's own."""
    if code.startswith(_REFUSED):
        return Unjudgeable(f"it may not be looked at: {text}")
    if any(word in code for word in _GONE):
        return Unjudgeable(f"it is gone: {text}")
    return None


_ANSWERS: Mapping[str, type[Good] | type[Bad] | type[NotYet]] = {
    "SUCCESSFUL": Good,
    "FAILED": Bad,
    "NOT_YET": NotYet,
}


def own_finding(check: str, payload: str, function_error: str = "") -> Finding:
    """What a customer's own check answered; whatever is no such answer judges nothing."""
    if function_error:
        return Unjudgeable(f"the check {check} failed ({function_error}): {payload[:500]}")
    try:
        answer = json.loads(payload)
        kind, message = _ANSWERS[answer["status"]], answer.get("message") or "without a message"
    except (AttributeError, KeyError, TypeError, ValueError):
        return Unjudgeable(
            f"the check {check} answered {payload[:500]}, not an object whose status is "
            f"{', '.join(_ANSWERS)}"
        )
    return kind(f"{check}: {message}")
