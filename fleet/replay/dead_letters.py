"""What rests in a dead-letter queue: seen, and sent back to be tried again."""

from __future__ import annotations

from collections.abc import Mapping
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
_HIDDEN_SECONDS = 600


class ReplayFailed(ToldError):
    """A queue that refused a message; what is not yet sent stays where it is."""


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    body: str
    attributes: Mapping[str, str]
    """What was put beside it: for a withheld report Key, Template, Reason, Expected, Header."""
    receipt: str
    id: str


def received(
    sqs: SQSClient, queue: str, *, hidden_seconds: int = _HIDDEN_SECONDS
) -> list[DeadLetter]:
    """Every message of a queue, each once, and hidden from others for a while."""
    found: dict[str, DeadLetter] = {}
    while messages := sqs.receive_message(
        QueueUrl=queue,
        MaxNumberOfMessages=_AT_ONCE,
        MessageAttributeNames=["All"],
        WaitTimeSeconds=_WAIT_SECONDS,
        VisibilityTimeout=hidden_seconds,
    ).get("Messages"):
        letters = {letter.id: letter for letter in map(_dead_letter, messages)}
        more = letters.keys() - found.keys()
        found |= letters
        if not more:
            break  # those that were hidden first are seen again
    return list(found.values())


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

    All are received before the first is sent: a function may put one that still does not fit right
    back. A message is deleted once it is sent: an interruption leaves it in both queues at worst,
    which their functions take for the same message twice.
    """
    letters = received(sqs, dead_letters)
    for count, letter in enumerate(letters):
        try:
            (through or sqs).send_message(QueueUrl=queue, MessageBody=letter.body)
        except (BotoCoreError, ClientError) as error:
            release(sqs, dead_letters, letters[count:])
            raise ReplayFailed(
                f"{queue} takes no message: {error}; {count} were sent before, the others still "
                f"rest in {dead_letters}"
            ) from error
        sqs.delete_message(QueueUrl=dead_letters, ReceiptHandle=letter.receipt)
    return len(letters)


def _dead_letter(message: MessageTypeDef) -> DeadLetter:
    return DeadLetter(
        body=message.get("Body", ""),
        attributes={
            name: attribute.get("StringValue", "")
            for name, attribute in message.get("MessageAttributes", {}).items()
        },
        receipt=message.get("ReceiptHandle", ""),
        id=message.get("MessageId", ""),
    )
