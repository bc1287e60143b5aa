"""EventBridge Scheduler: a schedule that fires, and what its target's call comes to."""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError
from moto.backends import get_backend
from moto.scheduler.models import Schedule, ScheduleGroup

from aws_sandbox.aws.access import Access, AccessDeniedError
from aws_sandbox.boto import boto_session
from aws_sandbox.events.endpoints import DeliveryError, Endpoints, Message, Sender, journaled
from aws_sandbox.events.work import Work
from aws_sandbox.functions.metrics import Metric, put_metric
from aws_sandbox.journal import Journal, JournalEntry
from aws_sandbox.moto_changes.scheduler import SERVICE, UNIVERSAL_TARGETS, group_arn

_FIELDS = {"account", "region", "schedule", "scheduled_time"}
_LONGEST_WAIT_SECONDS = 600
_PASSING = frozenset(
    {"ThrottlingException", "TooManyRequestsException", "InternalServerError"}
    | {"InternalServerException", "ServiceUnavailableException"}
)
"""Errors that another attempt may not meet. (AWS does not publish which it tries again; it says
that what cannot succeed, such as a lack of permissions, is not.)"""


@dataclass(frozen=True, kw_only=True)
class _Firing:
    """One time of a schedule's: what is called with what, and for whom."""

    schedule: Schedule
    account: str
    region: str
    id: str
    scheduled_time: str

    @property
    def target(self) -> Mapping[str, Any]:
        return self.schedule.target

    @property
    def sender(self) -> Sender:
        return Sender(
            service=SERVICE,
            source_arn=group_arn(self.account, self.region, self.schedule.group_name),
            source_account=self.account,
            role_arn=self.target["RoleArn"],
        )

    def input(self, attempt: int) -> str:
        """The target's input with its context attributes filled in."""
        text = str(self.target["Input"])
        known = {
            "schedule-arn": self.schedule.arn,
            "scheduled-time": self.scheduled_time,
            "execution-id": self.id,
            "attempt-number": str(attempt),
        }
        for name, value in known.items():
            text = text.replace(f"<aws.scheduler.{name}>", value)
        return text

    def count(self, metric: str) -> None:
        dimensions = {"ScheduleGroup": self.schedule.group_name}
        put_metric(
            self.account,
            self.region,
            Metric(namespace="AWS/Scheduler", name=metric, values=[1], dimensions=dimensions),
        )


class Schedules:
    """Fires schedules on demand: nobody waits for the morning."""

    def __init__(
        self,
        *,
        access: Access,
        endpoints: Endpoints,
        journal: Journal,
        work: Work,
        endpoint: Callable[[], str],
    ) -> None:
        """`endpoint` is where AWS's API is, asked when a schedule fires."""
        self._access = access
        self._endpoints = endpoints
        self._journal = journal
        self._work = work
        self._endpoint = endpoint

    def fire(self, request: Mapping[str, Any]) -> Mapping[str, str]:
        """The control handler: `{"account": …, "region": …, "schedule": "group/name"}` gives the
        id of the execution. The group may be left out; `scheduled_time` (ISO 8601) is now.
        """
        unknown = sorted(set(request) - _FIELDS | {"account", "region", "schedule"} - set(request))
        if unknown:
            raise ValueError(
                "events.fire_schedule takes account, region, schedule and scheduled_time: "
                f"{unknown}"
            )
        account, region = str(request["account"]), str(request["region"])
        schedule = _find(account, region, str(request["schedule"]))
        if schedule.state == "DISABLED":
            raise ValueError(f"{schedule.arn} is disabled")
        given = request.get("scheduled_time")
        time = datetime.fromisoformat(str(given)) if given else datetime.now(UTC)
        firing = _Firing(
            schedule=schedule,
            account=account,
            region=region,
            id=secrets.token_hex(8),
            scheduled_time=f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        )
        self._attempt_later(firing, attempt=1, age_seconds=0)
        return {"execution_id": firing.id}

    def _attempt_later(self, firing: _Firing, *, attempt: int, age_seconds: int) -> None:
        """Waits twice as long before each further attempt, ten minutes at most."""
        label = f"{firing.schedule.arn} for {firing.target['Arn']}"
        wait = min(2 ** (attempt - 2), _LONGEST_WAIT_SECONDS) if attempt > 1 else 0

        def run() -> None:
            self._attempt(firing, attempt, age_seconds + wait)

        if wait:
            self._work.later(wait, label, run)
        else:
            self._work.submit(label, run)

    def _attempt(self, firing: _Firing, attempt: int, age_seconds: int) -> None:
        arn = firing.schedule.arn
        try:
            with journaled(self._journal, arn, firing.target["Arn"], about=firing.id):
                self._call(firing, attempt)
        except DeliveryError as error:
            firing.count("TargetErrorCount")
            exhausted = _exhausted(firing, attempt, age_seconds)
            if error.code in _PASSING and not exhausted:
                self._attempt_later(firing, attempt=attempt + 1, age_seconds=age_seconds)
            else:
                self._give_up(firing, attempt, error, exhausted)

    def _call(self, firing: _Firing, attempt: int) -> None:
        """The call of AWS's API, as the schedule's role."""
        service, operation = UNIVERSAL_TARGETS[firing.target["Arn"]]
        sender = firing.sender
        try:
            session = self._access.assume_for_service(
                sender.role_arn, SERVICE, firing.id, source_arn=sender.source_arn
            )
            made: Any = boto_session(  # typed for literal names alone
                self._endpoint(),
                firing.region,
                access_key_id=session.access_key_id,
                secret_access_key=session.secret_access_key,
                session_token=session.session_token,
            )
            client = made.client(service, config=Config(retries={"total_max_attempts": 1}))
            getattr(client, xform_name(operation))(**json.loads(firing.input(attempt)))
        except AccessDeniedError as error:
            raise DeliveryError("FAILED_TO_ASSUME_ROLE", str(error)) from error
        except ParamValidationError as error:
            raise DeliveryError("ValidationException", str(error)) from error
        except ClientError as error:
            found = error.response.get("Error", {})
            raise DeliveryError(found.get("Code", ""), found.get("Message", "")) from error

    def _give_up(self, firing: _Firing, attempt: int, error: DeliveryError, exhausted: str) -> None:
        firing.count("InvocationDroppedCount")
        config: Mapping[str, str] = firing.target.get("DeadLetterConfig") or {}
        queue_arn = config.get("Arn")
        if not queue_arn:
            self._lost(firing, "the schedule has no dead-letter queue")
            return
        attributes = {
            "ERROR_CODE": error.code,
            "ERROR_MESSAGE": str(error),
            "EXECUTION_ID": firing.id,
            "EXHAUSTED_RETRY_CONDITION": exhausted,
            "IS_PAYLOAD_TRUNCATED": "false",
            "RETRY_ATTEMPTS": str(attempt - 1),
            "SCHEDULED_TIME": firing.scheduled_time,
            "SCHEDULE_ARN": firing.schedule.arn,
            "TARGET_ARN": firing.target["Arn"],
        }
        told = {name: value for name, value in attributes.items() if value}
        message = Message(body=firing.input(attempt), about=firing.id, attributes=told)
        try:
            self._endpoints.send(firing.sender, queue_arn, message)
        except DeliveryError:
            self._lost(firing, "the dead-letter queue does not take it either")
        else:
            firing.count("InvocationsSentToDeadLetterCount")

    def _lost(self, firing: _Firing, why: str) -> None:
        self._journal.record(
            JournalEntry(
                source=firing.schedule.arn,
                target=firing.target["Arn"],
                outcome="failed",
                reason=f"dropped: {why}",
                detail={"about": firing.id},
            )
        )


def _find(account: str, region: str, named: str) -> Schedule:
    group, _, name = named.rpartition("/")
    backend = get_backend("scheduler")[account][region]
    # moto's metaclass hides the type of what is in a group.
    groups = cast("Mapping[str, ScheduleGroup]", backend.schedule_groups)
    group = group or "default"
    found = groups[group].schedules.get(name) if group in groups else None
    if found is None:
        there = sorted(f"{g}/{each}" for g, held in groups.items() for each in held.schedules)
        raise ValueError(
            f"{account} has no schedule {group}/{name} in {region}; it has "
            f"{', '.join(there) or 'none'}"
        )
    return found


def _exhausted(firing: _Firing, attempt: int, age_seconds: int) -> str:
    """Which limit of the retry policy is reached; "" for none."""
    policy: Mapping[str, int] = firing.target["RetryPolicy"]
    if attempt > policy.get("MaximumRetryAttempts", 185):
        return "MaximumRetryAttempts"
    aged = age_seconds >= policy.get("MaximumEventAgeInSeconds", 86_400)
    return "MaximumEventAgeInSeconds" if aged else ""
