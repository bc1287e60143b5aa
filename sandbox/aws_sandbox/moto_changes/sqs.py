"""moto's SQS, completed: safe among threads, with every dead-letter move on record.

Clients of the API and the event-source mappings share one queue and one way of receiving.
"""

import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from threading import Condition, RLock
from typing import Any, ClassVar, Protocol, cast

import moto.sqs.models
from moto.awslambda.models import EventSourceMapping
from moto.backends import get_backend
from moto.sqs.exceptions import InvalidParameterValue
from moto.sqs.models import Message, Queue, SQSBackend

from aws_sandbox.aws.api_calls import not_carried_out
from aws_sandbox.aws.arns import Arn
from aws_sandbox.moto_changes.replacements import Replacements

_LOCK = RLock()
"""Held around every use of a queue: moto's own lists are not safe among threads."""
_ARRIVALS = Condition(_LOCK)
_LOCKED = ("send_message", "delete_message", "change_message_visibility", "purge_queue")
_LOOK_AGAIN_SECONDS = 0.25
_HELD = float("inf")

_receive_without_waiting = SQSBackend.receive_message


class QueueListener(Protocol):
    """Is told what happens in queues."""

    def arrived(self) -> None:
        """A message can be received in some queue, or will be."""

    def buried(self, queue: "DeployedQueue", target_arn: str, obstacle: str) -> None:
        """A message went to the dead-letter queue, or could not for this reason."""


class _NoMappings(dict[str, EventSourceMapping]):
    """Stays empty, so that moto does not serve event-source mappings: the pump does."""

    def __setitem__(self, key: str, value: EventSourceMapping) -> None:
        pass


class DeployedQueue(Queue):
    """Stands in for moto's class while the sandbox runs."""

    BASE_ATTRIBUTES: ClassVar[list[str]] = [*Queue.BASE_ATTRIBUTES, "RedriveAllowPolicy"]
    time_scale: ClassVar[float] = 1.0
    listener: ClassVar[QueueListener]

    redrive_allow_policy: str | None = None
    redrive_policy: dict[str, Any] | None = None
    visibility_timeout: int
    maximum_message_size: int
    delay_seconds: int

    def __init__(self, name: str, region: str, account_id: str, **kwargs: Any) -> None:
        if name.endswith(".fifo"):
            raise not_carried_out("FIFO queues")
        super().__init__(name, region, account_id, **kwargs)
        self.lambda_event_source_mappings = _NoMappings()

    def _set_attributes(self, attributes: dict[str, Any], now: float | None = None) -> None:
        """Keeps the policy that moto drops whenever another attribute is set."""
        policy = getattr(self, "_policy_json", None)
        super()._set_attributes(attributes, now)
        if policy is not None and "Policy" not in attributes:
            self._policy_json = policy

    def _setup_dlq(self, policy: Any) -> None:
        super()._setup_dlq(policy)
        if obstacle := self._find_dead_letter_queue():
            raise InvalidParameterValue(
                f"Value {policy} for parameter RedrivePolicy is invalid. Reason: {obstacle}."
            )

    def admits(self, source_arn: str) -> bool:
        """Whether the redrive allow policy lets a queue use this one for its dead letters."""
        policy = json.loads(self.redrive_allow_policy or "{}")
        permission = policy.get("redrivePermission", "allowAll")
        return permission == "allowAll" or (
            permission == "byQueue" and source_arn in policy.get("sourceQueueArns", [])
        )

    def add_message(self, message: Message) -> None:
        sent, until = message.sent_timestamp, message.delayed_until
        if sent is not None and until > sent:
            message.delayed_until = sent + (until - sent) / self.time_scale
        with _LOCK:
            super().add_message(message)
            _ARRIVALS.notify_all()
        self.listener.arrived()

    def put(self, body: str, attributes: Mapping[str, str]) -> str:
        """Adds a message and gives its id; unlike moto's SendMessage, without counting the queue.

        Raises SQS's error for a message that is too large.
        """
        if len(body.encode()) > self.maximum_message_size:
            raise InvalidParameterValue(
                "One or more parameters are invalid. Reason: Message must be shorter than "
                f"{self.maximum_message_size} bytes."
            )
        message = cast("Message", Message(str(uuid.uuid4()), body))  # its metaclass hides the type
        message.message_attributes = {
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        }
        message.mark_sent(self.delay_seconds)
        self.add_message(message)
        return message.id

    def bury(self) -> None:
        """Moves what was received too often to the dead-letter queue, as SQS does on a receive."""
        policy = self.redrive_policy
        if policy is None:
            return
        limit = policy["maxReceiveCount"]
        worn = [
            message
            for message in self._messages
            if message.approximate_receive_count >= limit and _receivable(message)
        ]
        obstacle = self._find_dead_letter_queue() if worn else ""
        for message in worn:
            if self.dead_letter_queue is not None:
                self.discard(message)
                message.system_attributes["DeadLetterQueueSourceArn"] = self.queue_arn
                self.dead_letter_queue.add_message(message)
            self.listener.buried(self, policy["deadLetterTargetArn"], obstacle)

    def _find_dead_letter_queue(self) -> str:
        """Looks it up anew, as moto would keep one that is deleted; says why there is none."""
        self.dead_letter_queue = None
        if self.redrive_policy is None:
            return ""
        found = find_queue(self.redrive_policy["deadLetterTargetArn"])
        if found is None:
            return "there is no such dead-letter queue"
        if not found.admits(self.queue_arn):
            return f"the redrive allow policy of {found.queue_arn} does not admit {self.queue_arn}"
        self.dead_letter_queue = found
        return ""

    def hold(self, limit: int) -> Sequence[Message]:
        """Receives up to so many messages, invisible until they are discarded or let go."""
        with _LOCK:
            self.bury()
            held = list(islice(filter(_receivable, self._messages), limit))
            for message in held:
                message.mark_received()
                message.visible_at = _HELD
                self._pending_messages.add(message)
            return held

    def let_go(self, message: Message, received_at: float) -> None:
        """Makes a held message visible when its visibility timeout since the receive is over."""
        with _LOCK:
            self._pending_messages.discard(message)
            message.visible_at = (received_at + self.visibility_timeout / self.time_scale) * 1000
        self.listener.arrived()

    def discard(self, message: Message) -> None:
        with _LOCK:
            self._pending_messages.discard(message)
            if message in self._messages:
                self._messages.remove(message)

    def count(self) -> int:
        """All messages: visible, received or delayed."""
        return len(self._messages)

    # moto asks for these three with every message that it sends, one call a message for each.

    @property
    def approximate_number_of_messages(self) -> int:
        now = time.time() * 1000
        with _LOCK:
            return sum(
                message.visible_at < now and message.delayed_until <= now
                for message in self._messages
            )

    @property
    def approximate_number_of_messages_delayed(self) -> int:
        now = time.time() * 1000
        with _LOCK:
            return sum(message.delayed_until > now for message in self._messages)

    @property
    def approximate_number_of_messages_not_visible(self) -> int:
        now = time.time() * 1000
        with _LOCK:
            return sum(message.visible_at >= now for message in self._messages)

    def age_seconds(self, at: float) -> float:
        """Of the oldest message, at a time in seconds since 1970; 0 where there is none."""
        with _LOCK:
            sent = [message.sent_timestamp for message in self._messages]
        return max((at - each / 1000 for each in sent if each is not None), default=0)

    def has_message(self) -> bool:
        """Whether one can be received now."""
        with _LOCK:
            return any(map(_receivable, self._messages))

    def next_change(self) -> float | None:
        """When (seconds since 1970) a message that cannot be received now can be."""
        now = time.time() * 1000
        with _LOCK:
            times = [max(message.visible_at, message.delayed_until) for message in self._messages]
        return min((at / 1000 for at in times if now <= at < _HELD), default=None)


def find_queue(queue_arn: str) -> DeployedQueue | None:
    """None also for what is no ARN."""
    try:
        arn = Arn.parse(queue_arn)
    except ValueError:
        return None
    found = get_backend("sqs")[arn.account][arn.region].queues.get(arn.resource)
    return found if isinstance(found, DeployedQueue) else None


def install(replacements: Replacements, listener: QueueListener, time_scale: float) -> None:
    """`time_scale` divides visibility timeouts and the delays of messages."""
    DeployedQueue.listener, DeployedQueue.time_scale = listener, time_scale
    replacements.replace(moto.sqs.models, "Queue", DeployedQueue)
    for name in _LOCKED:
        replacements.wrap(SQSBackend, name, _locked)
    replacements.replace(SQSBackend, "receive_message", _receive)


def _receivable(message: Message) -> bool:
    return message.visible and not message.delayed


def _locked(operation: Callable[..., Any]) -> Callable[..., Any]:
    def under_lock(*args: Any, **kwargs: Any) -> Any:
        with _LOCK:
            result = operation(*args, **kwargs)
        DeployedQueue.listener.arrived()
        return result

    return under_lock


def _receive(
    self: SQSBackend, queue_name: str, count: int, wait_seconds: int, *more: Any
) -> list[Message]:
    """ReceiveMessage, waiting without the lock."""
    deadline = time.monotonic() + wait_seconds
    while True:
        with _LOCK:
            queue = self.get_queue(queue_name)
            if isinstance(queue, DeployedQueue):
                queue.bury()
            received = _receive_without_waiting(self, queue_name, count, 0, *more)
            remaining = deadline - time.monotonic()
            if received or remaining <= 0:
                return received
            _ARRIVALS.wait(min(remaining, _LOOK_AGAIN_SECONDS))
