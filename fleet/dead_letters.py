"""What rests in a dead-letter queue: seen, and sent back to be tried again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fleet.errors import ToldError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

_AT_ONCE = 10
_HIDDEN_SECONDS = 120


class ReplayFailed(ToldError):
    """A queue that refused messages; those not yet sent back stay where they are."""


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    body: str
    attributes: Mapping[str, str]
    """What was put beside it: for a withheld report Key, Template, Reason, Expected, Header."""
    receipt: str


def received(
    sqs: SQSClient, queue: str, *, hidden_seconds: int = _HIDDEN_SECONDS
) -> Iterator[DeadLetter]:
    """Every message of a queue, each hidden from others for a while."""
    while messages := sqs.receive_message(
        QueueUrl=queue,
        MaxNumberOfMessages=_AT_ONCE,
        MessageAttributeNames=["All"],
        VisibilityTimeout=hidden_seconds,
    ).get("Messages"):
        yield from map(_dead_letter, messages)


def release(sqs: SQSClient, queue: str, letters: list[DeadLetter]) -> None:
    """Shows messages to others again, as though nobody had looked."""
    for letter in letters:
        sqs.change_message_visibility(
            QueueUrl=queue, ReceiptHandle=letter.receipt, VisibilityTimeout=0
        )


def replay(sqs: SQSClient, dead_letters: str, queue: str) -> int:
    """Sends every message back to its queue, as it lies; the number of them.

    A message is deleted once it is sent: an interruption leaves it in both queues at worst, which
    their functions take for the same message twice.
    """
    count = 0
    for letter in received(sqs, dead_letters):
        sqs.send_message(QueueUrl=queue, MessageBody=letter.body)
        sqs.delete_message(QueueUrl=dead_letters, ReceiptHandle=letter.receipt)
        count += 1
    return count


def _dead_letter(message: MessageTypeDef) -> DeadLetter:
    return DeadLetter(
        body=message.get("Body", ""),
        attributes={
            name: attribute.get("StringValue", "")
            for name, attribute in message.get("MessageAttributes", {}).items()
        },
        receipt=message.get("ReceiptHandle", ""),
    )
