"""What rests in a dead-letter queue: seen, and sent back to be tried again."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Generator, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from fleet.errors import ToldError
from fleet.interrupts import held

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

AT_ONCE = 600
"""Messages a minute, where nothing is to be spared."""
_MOST_AT_ONCE = 10
_WAIT_SECONDS = 1
"""SQS asks all its servers when it may wait, and without that misses some messages of a few."""
_HIDDEN_SECONDS = 300
"""Longer than it takes to see a queue once; what is seen is shown again before."""


class ReplayFailed(ToldError):
    """A queue that refused a message; what is not yet sent stays where it is."""


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    body: str
    attributes: Mapping[str, str]
    """What was put beside it: for a withheld report Key, Template, Reason, Expected, Header; by
    EventBridge ERROR_CODE and ERROR_MESSAGE."""
    sent_at: datetime
    """When it, or what it was before it was a dead letter, was put into a queue."""
    receipt: str
    id: str


def resting(sqs: SQSClient, queue: str) -> list[DeadLetter]:
    """Every message of a queue, each once. Others can receive them again at once, also where this
    is interrupted."""
    found: dict[str, DeadLetter] = {}
    try:
        known = -1
        while len(found) > known:  # then those that were hidden first are seen again
            known = len(found)
            _receive(sqs, queue, _MOST_AT_ONCE, found)
    finally:
        _release(sqs, queue, found.values())
    return list(found.values())


_IN_A_QUEUE = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
)


def on_their_way(sqs: SQSClient, queue: str) -> int:
    """How many messages a queue has: to be received, delayed, or in somebody's hands. SQS counts
    as of a moment ago."""
    counts = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[*_IN_A_QUEUE])["Attributes"]
    return sum(map(int, counts.values()))


def send_back(
    sqs: SQSClient,
    dead_letters: str,
    wanted: Iterable[DeadLetter],
    send: Callable[[DeadLetter], object],
    *,
    per_minute: float,
    wait: Callable[[float], object] = time.sleep,
) -> Generator[DeadLetter]:
    """Sends these of a queue's messages and takes them out of it; gives each once it is done.

    Only those that were seen before are sent: a function may put one that still does not fit right
    back. While time passes between two, none is hidden from others but those that were not wanted,
    and these are shown when all is over, or interrupted. A message is deleted once it is sent: a
    machine that dies in between leaves it in both queues, which their functions take for the same
    message twice. Raises ReplayFailed.
    """
    left = {letter.id for letter in wanted}
    at_once = max(1, min(_MOST_AT_ONCE, int(per_minute // 60)))
    hidden: dict[str, DeadLetter] = {}
    unwanted = 0
    try:
        while left and unwanted <= len(hidden):  # else all that can be seen was seen again
            received = _receive(sqs, dead_letters, at_once, hidden)
            if not received:
                return
            batch = [hidden[found] for found in received if found in left]
            unwanted = 0 if batch else unwanted + len(received)
            for letter in batch:
                with held():
                    _send(sqs, dead_letters, letter, send)
                    del hidden[letter.id]
                    left.remove(letter.id)
                yield letter
            if batch and left:
                wait(len(batch) * 60 / per_minute)
    finally:
        _release(sqs, dead_letters, hidden.values())


def replay(sqs: SQSClient, dead_letters: str, queue: str) -> int:
    """Sends what rests back to a function's queue at once; how many."""
    sent = send_back(
        sqs,
        dead_letters,
        resting(sqs, dead_letters),
        lambda letter: sqs.send_message(QueueUrl=queue, MessageBody=letter.body),
        per_minute=AT_ONCE,
    )
    return sum(1 for _ in sent)


def _send(
    sqs: SQSClient, dead_letters: str, letter: DeadLetter, send: Callable[[DeadLetter], object]
) -> None:
    try:
        send(letter)
    except (BotoCoreError, ClientError) as error:
        raise ReplayFailed(
            f"a message of {dead_letters} was refused: {error}; it rests there still, and so does "
            "what was not yet sent"
        ) from error
    sqs.delete_message(QueueUrl=dead_letters, ReceiptHandle=letter.receipt)


def _receive(
    sqs: SQSClient, queue: str, count: int, hidden: dict[str, DeadLetter]
) -> Collection[str]:
    """Adds what it received, and gives their ids."""
    with held():  # an answer that is lost would hide its messages for as long as they may be
        messages = sqs.receive_message(
            QueueUrl=queue,
            MaxNumberOfMessages=count,
            AttributeNames=["SentTimestamp"],
            MessageAttributeNames=["All"],
            WaitTimeSeconds=_WAIT_SECONDS,
            VisibilityTimeout=_HIDDEN_SECONDS,
        ).get("Messages", [])
        letters = {letter.id: letter for letter in map(_dead_letter, messages)}
        hidden.update(letters)
    return letters.keys()


def _release(sqs: SQSClient, queue: str, letters: Iterable[DeadLetter]) -> None:
    """Shows messages to others again, as though nobody had looked."""
    shown = list(letters)
    with held():
        for first in range(0, len(shown), _MOST_AT_ONCE):
            sqs.change_message_visibility_batch(
                QueueUrl=queue,
                Entries=[
                    {"Id": str(n), "ReceiptHandle": letter.receipt, "VisibilityTimeout": 0}
                    for n, letter in enumerate(shown[first : first + _MOST_AT_ONCE])
                ],
            )


def _dead_letter(message: MessageTypeDef) -> DeadLetter:
    sent = int(message.get("Attributes", {}).get("SentTimestamp", "0"))
    return DeadLetter(
        body=message.get("Body", ""),
        attributes={
            name: attribute.get("StringValue", "")
            for name, attribute in message.get("MessageAttributes", {}).items()
        },
        sent_at=datetime.fromtimestamp(sent / 1000, UTC),
        receipt=message.get("ReceiptHandle", ""),
        id=message.get("MessageId", ""),
    )
