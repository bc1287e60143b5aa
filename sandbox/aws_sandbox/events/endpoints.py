"""The ends of a delivery: a queue, a topic, a function, a bus; each asks the policies first.

Every delivery goes to the journal, carried or with the reason why not.
"""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn

from moto.awslambda.exceptions import UnknownFunctionException
from moto.backends import get_backend
from moto.sqs.exceptions import SQSException

from aws_sandbox.aws.access import Access
from aws_sandbox.aws.arns import Arn
from aws_sandbox.iam import Decision
from aws_sandbox.journal import Journal, JournalEntry
from aws_sandbox.moto_changes.sqs import find_queue

_REFUSALS = frozenset(
    {"NO_PERMISSIONS", "FAILED_TO_ASSUME_ROLE", "UNKNOWN"}
    | {"THIRD_ACCOUNT_HOP_DETECTED", "THIRD_REGION_HOP_DETECTED"}
)


class DeliveryError(Exception):
    """A delivery that did not happen; `code` is one of EventBridge's documented error codes."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    @property
    def refused(self) -> bool:
        """A policy or a rule of AWS's says no, rather than something being wrong or not there."""
        return self.code in _REFUSALS


@dataclass(frozen=True, kw_only=True)
class Sender:
    """An AWS service that acts for a resource, in a role when it was given one."""

    service: str
    """`events.amazonaws.com`"""
    source_arn: str
    """The resource for which it acts: the rule, topic, bucket, alarm."""
    source_account: str
    role_arn: str = ""

    def require(
        self,
        access: Access,
        action: str,
        resource_arn: str,
        context: Mapping[str, str] | None = None,
    ) -> None:
        """Raises DeliveryError unless the policies that AWS would ask allow it; `context` holds
        keys that conditions can name, of what is sent."""
        told = dict(context or {})
        if not self.role_arn:
            # Alarms alone bring aws:SourceOwner: a topic's default policy admits them, and no other
            # service.
            alarm = self.service == "cloudwatch.amazonaws.com"
            decision = access.check_service(
                self.service,
                action,
                resource_arn,
                source_arn=self.source_arn,
                source_account=self.source_account,
                context={"aws:SourceOwner": self.source_account, **told} if alarm else told,
            )
            _demand(decision, "NO_PERMISSIONS")
            return
        trust = access.check_trust(
            self.role_arn,
            self.service,
            source_arn=self.source_arn,
            source_account=self.source_account,
        )
        _demand(trust, "FAILED_TO_ASSUME_ROLE")
        allowed = access.check_role(self.role_arn, action, resource_arn, context=told)
        _demand(allowed, "NO_PERMISSIONS")


def _demand(decision: Decision, code: str) -> None:
    if not decision.allowed:
        raise DeliveryError(code, decision.reason)


@dataclass(frozen=True, kw_only=True)
class Message:
    """What is sent to a queue or topic."""

    body: str
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])
    about: str = ""
    """The id of the event or notification that it carries, for the journal."""


@contextmanager
def journaled(journal: Journal, source: str, target: str, **known: Any) -> Generator[None]:
    """Records a delivery as carried, or a DeliveryError as refused or failed, and passes that on.

    `known` is the detail of it; what is empty is left out.
    """
    detail = {name: value for name, value in known.items() if value}
    try:
        yield
    except DeliveryError as error:
        journal.record(_not_carried(source, target, error, detail))
        raise
    journal.record(JournalEntry(source=source, target=target, outcome="carried", detail=detail))


def _not_carried(
    source: str, target: str, error: DeliveryError, detail: Mapping[str, Any]
) -> JournalEntry:
    return JournalEntry(
        source=source,
        target=target,
        outcome="refused" if error.refused else "failed",
        reason=str(error),
        detail={"code": error.code, **detail},
    )


class Endpoints:
    """Delivers on behalf of a sender; raises DeliveryError when it may not or cannot."""

    def __init__(
        self, *, access: Access, journal: Journal, invoke_later: Callable[[str, bytes, str], None]
    ) -> None:
        """`invoke_later` takes a function's ARN, an event and its source."""
        self._access = access
        self._journal = journal
        self._invoke_later = invoke_later

    def send(self, sender: Sender, queue_arn: str, message: Message) -> None:
        """SQS SendMessage."""
        with journaled(self._journal, sender.source_arn, queue_arn, about=message.about):
            queue = find_queue(queue_arn)
            if queue is None:
                raise DeliveryError("NO_RESOURCE", f"there is no queue {queue_arn}")
            sender.require(self._access, "sqs:SendMessage", queue_arn)
            try:
                queue.put(message.body, message.attributes)
            except SQSException as error:
                raise DeliveryError("INVALID_PARAMETER", str(error)) from error

    def publish(self, sender: Sender, topic_arn: str, message: Message) -> None:
        """SNS Publish."""
        with journaled(self._journal, sender.source_arn, topic_arn, about=message.about):
            arn = Arn.parse(topic_arn)
            backend = get_backend("sns")[arn.account][arn.region]
            if topic_arn not in backend.topics:
                raise DeliveryError("NO_RESOURCE", f"there is no topic {topic_arn}")
            sender.require(self._access, "sns:Publish", topic_arn)
            backend.publish(message.body, topic_arn)

    def invoke_later(self, sender: Sender, function_arn: str, event: bytes) -> None:
        """Lambda Invoke with InvocationType Event."""
        with journaled(self._journal, sender.source_arn, function_arn, queued=True):
            arn = Arn.parse(function_arn)
            try:
                get_backend("lambda")[arn.account][arn.region].get_function(function_arn)
            except UnknownFunctionException as error:
                raise DeliveryError("NO_RESOURCE", str(error)) from error
            sender.require(self._access, "lambda:InvokeFunction", function_arn)
            self._invoke_later(function_arn, event, sender.source_arn)

    def put_event(
        self, sender: Sender, bus_arn: str, event_id: str, context: Mapping[str, str]
    ) -> None:
        """What EventBridge asks before it puts an event on a bus of any account and Region."""
        with journaled(self._journal, sender.source_arn, bus_arn, about=event_id):
            arn = Arn.parse(bus_arn)
            buses = get_backend("events")[arn.account][arn.region].event_buses
            if arn.resource.removeprefix("event-bus/") not in buses:
                raise DeliveryError("NO_RESOURCE", f"there is no event bus {bus_arn}")
            sender.require(self._access, "events:PutEvents", bus_arn, context)

    def refuse(self, sender: Sender, target: str, code: str, reason: str) -> NoReturn:
        """For a delivery that is not even tried."""
        error = DeliveryError(code, reason)
        self._journal.record(_not_carried(sender.source_arn, target, error, {}))
        raise error
