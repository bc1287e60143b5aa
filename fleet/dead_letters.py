"""What rests in a dead-letter queue: seen, and sent back to be tried again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from fleet.errors import ToldError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

_AT_ONCE = 10
_WAIT_SECONDS = 1
"""SQS asks all its servers when it may wait, and without that misses some messages of a few."""
_HIDDEN_SECONDS = 120


class ReplayFailed(ToldError):
    """A queue that refused a message; what is not yet sent stays where it is."""


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
        WaitTimeSeconds=_WAIT_SECONDS,
        VisibilityTimeout=hidden_seconds,
    ).get("Messages"):
        yield from map(_dead_letter, messages)


def release(sqs: SQSClient, queue: str, letters: list[DeadLetter]) -> None:
    """Shows messages to others again, as though nobody had looked."""
    for letter in letters:
        sqs.change_message_visibility(
            QueueUrl=queue, ReceiptHandle=letter.receipt, VisibilityTimeout=0
        )


def replay(
    sqs: SQSClient, dead_letters: str, queue: str, *, through: SQSClient | None = None
) -> int:
    """Sends every message to a queue, as it lies; the number of them. `through`: a client of the
    queue's own account and Region, where they are others.

    A message is deleted once it is sent: an interruption leaves it in both queues at worst, which
    their functions take for the same message twice.
    """
    count = 0
    for letter in received(sqs, dead_letters):
        try:
            (through or sqs).send_message(QueueUrl=queue, MessageBody=letter.body)
        except (BotoCoreError, ClientError) as error:
            raise ReplayFailed(
                f"{queue} takes no message: {error}; {count} were sent before, the others are seen "
                f"again in {dead_letters} within {_HIDDEN_SECONDS} seconds"
            ) from error
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
