"""The CSV headers for which reports are withheld from raw tables, in the dead-letter queue."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fleet.replay import dead_letters
from fleet.replay.dead_letters import DeadLetter
from reports.partitions import Obstacle, letter_of

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True, kw_only=True)
class Observed:
    """A header that withheld reports of a template have."""

    template: str
    header: Sequence[str]
    expected: Sequence[str]
    """The raw table's columns."""
    keys: Sequence[str]
    """Of the reports that have it."""


def observed(letters: Iterable[DeadLetter]) -> list[Observed]:
    """The headers among dead letters that keep raw tables from reading, newest report last."""
    found: dict[tuple[str, str], list[DeadLetter]] = {}
    for letter in letters:
        attributes = letter.attributes
        if attributes.get("Header") and attributes.get("Reason", "").startswith("column "):
            found.setdefault((attributes["Template"], attributes["Header"]), []).append(letter)
    return sorted(
        (
            Observed(
                template=template,
                header=json.loads(header),
                expected=json.loads(of_it[0].attributes["Expected"]),
                keys=sorted(letter.attributes["Key"] for letter in of_it),
            )
            for (template, header), of_it in found.items()
        ),
        key=lambda observed: observed.keys[-1],
    )


@dataclass(frozen=True, kw_only=True)
class Withheld:
    """A report that its raw table cannot read, for its header."""

    event: str
    obstacle: Obstacle

    @property
    def known_by(self) -> tuple[str, str]:
        """Template and header, as a dead letter has them."""
        return self.obstacle.template.name, json.dumps(list(self.obstacle.header))


def put_letters(sqs: SQSClient, queue: str, withheld: Iterable[Withheld]) -> int:
    """Lets the newest report of each header rest in the dead-letter queue of the function that
    withholds, as it would itself, unless one of that header rests there; how many now do."""
    newest: dict[tuple[str, str], Withheld] = {}
    for one in sorted(withheld, key=lambda one: one.obstacle.created.key):
        newest[one.known_by] = one
    if not newest:
        return 0
    for known in observed(dead_letters.resting(sqs, queue)):
        newest.pop((known.template, json.dumps(list(known.header))), None)
    for one in newest.values():
        sqs.send_message(
            QueueUrl=queue, MessageBody=one.event, MessageAttributes=letter_of(one.obstacle)
        )
    return len(newest)
