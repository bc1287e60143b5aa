"""The ends of a hop: a queue, a topic, a function, a bus; each asks the policies, then delivers.

Every delivery goes to the journal, carried or with the reason why not.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, NoReturn

from moto.awslambda.exceptions import UnknownFunctionException
from moto.backends import get_backend
from moto.sns.exceptions import SNSNotFoundError
from moto.sqs.exceptions import SQSException

from aws_sandbox.aws.access import Access
from aws_sandbox.aws.arns import Arn
from aws_sandbox.events.event import Event
from aws_sandbox.events.hops import hop
from aws_sandbox.events.queues import DeployedQueue, find_queue
from aws_sandbox.events.senders import DeliveryError, Sender
from aws_sandbox.journal import Journal

Attributes = Mapping[str, Mapping[str, str | bytes]]
"""Message attributes by name: DataType with StringValue or BinaryValue."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """What is sent to a queue or topic."""

    body: str
    attributes: Attributes = field(default_factory=dict[str, Mapping[str, str | bytes]])
    subject: str = ""
    about: str = ""
    """The id of the event or notification that it carries, for the journal."""


class Endpoints:
    """Delivers on behalf of a sender; raises DeliveryError when it may not or cannot."""

    def __init__(
        self,
        *,
        access: Access,
        journal: Journal,
        invoke_later: Callable[[str, bytes, str], None],
        accept: Callable[[str, Event], None],
    ) -> None:
        """`invoke_later` takes a function's ARN, an event and its source; `accept` a bus's ARN."""
        self._access = access
        self._journal = journal
        self._invoke_later = invoke_later
        self._accept = accept

    def send(self, sender: Sender, queue_arn: str, message: Message) -> None:
        """SQS SendMessage."""
        with self._hop(sender, queue_arn, about=message.about) as detail:
            queue = find_queue(_checked(queue_arn))
            if not isinstance(queue, DeployedQueue):
                raise DeliveryError("NO_RESOURCE", f"there is no queue {queue_arn}")
            sender.require(self._access, "sqs:SendMessage", queue_arn)
            if queue_arn.endswith(".fifo"):
                raise DeliveryError("UNKNOWN", "the sandbox carries nothing to FIFO queues")
            try:
                detail["message_id"] = queue.put(message.body, message.attributes)
            except SQSException as error:
                raise DeliveryError("INVALID_PARAMETER", str(error)) from error

    def publish(self, sender: Sender, topic_arn: str, message: Message) -> None:
        """SNS Publish."""
        with self._hop(sender, topic_arn, about=message.about) as detail:
            arn = Arn.parse(_checked(topic_arn))
            backend = get_backend("sns")[arn.account][arn.region]
            if topic_arn not in backend.topics:
                raise DeliveryError("NO_RESOURCE", f"there is no topic {topic_arn}")
            sender.require(self._access, "sns:Publish", topic_arn)
            try:
                detail["message_id"] = backend.publish(
                    message.body, topic_arn, subject=message.subject or None
                )
            except (SNSNotFoundError, ValueError) as error:
                raise DeliveryError("INVALID_PARAMETER", str(error)) from error

    def invoke_later(self, sender: Sender, function_arn: str, event: bytes) -> None:
        """Lambda Invoke with InvocationType Event."""
        with self._hop(sender, function_arn, queued=True):
            arn = Arn.parse(_checked(function_arn))
            try:
                get_backend("lambda")[arn.account][arn.region].get_function(function_arn)
            except UnknownFunctionException as error:
                raise DeliveryError("NO_RESOURCE", str(error)) from error
            sender.require(self._access, "lambda:InvokeFunction", function_arn)
            self._invoke_later(function_arn, event, sender.source_arn)

    def put_event(self, sender: Sender, bus_arn: str, event: Event) -> None:
        """EventBridge PutEvents, to a bus in any account and Region."""
        with self._hop(sender, bus_arn, about=event.id):
            arn = Arn.parse(_checked(bus_arn))
            buses = get_backend("events")[arn.account][arn.region].event_buses
            if arn.resource.removeprefix("event-bus/") not in buses:
                raise DeliveryError("NO_RESOURCE", f"there is no event bus {bus_arn}")
            sender.require(self._access, "events:PutEvents", bus_arn)
            self._accept(bus_arn, event)

    def refuse(self, sender: Sender, target: str, kind: str) -> NoReturn:
        """For a target of a kind that the sandbox does not carry to."""
        with self._hop(sender, target):
            raise DeliveryError("UNKNOWN", f"the sandbox carries nothing to {kind}")

    def _hop(
        self, sender: Sender, target: str, **known: Any
    ) -> AbstractContextManager[dict[str, Any]]:
        return hop(self._journal, sender.source_arn, target, **known)


def _checked(arn: str) -> str:
    try:
        Arn.parse(arn)
    except ValueError as error:
        raise DeliveryError("INVALID_PARAMETER", str(error)) from error
    return arn
