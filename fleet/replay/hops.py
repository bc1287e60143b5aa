"""The dead-letter queues of a stack, and where what rests in each is tried again."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3

from fleet.errors import ToldError
from fleet.lake.reports_stack import queues_of
from fleet.replay.dead_letters import AT_ONCE, DeadLetter, send_back
from fleet.tickets.ledger import Ledger
from reports.ticket_ledger import REPLAY

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

TICKETS, ALERTS, SCHEDULES, RESTORE_CHECKS = "tickets", "alerts", "schedules", "restore-checks"
"""Beside the functions that take reports in: partitions, curation, collation."""
_OF_SCHEDULES = ("report_schedule_dead_letters", "script_schedule_dead_letters")
_TO_SERVICE_NOW = 30
"""Messages a minute: one may cost two of the calls that ServiceNow allows in an hour."""


@dataclass(frozen=True, kw_only=True)
class Deployed:
    stack: str
    outputs: Mapping[str, Any]
    session: boto3.Session
    """In its account and Region."""


@dataclass(frozen=True, kw_only=True)
class TriedAgain:
    """Where a function works messages off."""

    sqs: SQSClient
    queue: str
    dead_letters: str
    """The queues' URLs."""
    ledger: Ledger | None = None


@dataclass(frozen=True, kw_only=True)
class Hop:
    name: str
    stack: str
    region: str
    dead_letters: str
    """The queue's URL."""
    sqs: SQSClient
    """Where that stands."""
    send: Callable[[DeadLetter, str], object]
    """Has a message tried again, marked with a text by which it is known."""
    to: str
    per_minute: int = AT_ONCE
    tried: TriedAgain | None = None
    """None: what is sent is done at once."""

    def send_back(
        self, letters: Iterable[DeadLetter], per_minute: float | None = None
    ) -> Generator[tuple[str, DeadLetter]]:
        """Has messages of the queue tried again, at a pace; each with its mark, once it is sent.
        Raises ReplayFailed."""
        wanted = list(letters)
        marks = {letter.id: uuid.uuid4().hex for letter in wanted}
        going = send_back(
            self.sqs,
            self.dead_letters,
            wanted,
            lambda letter: self.send(letter, marks[letter.id]),
            per_minute=per_minute or self.per_minute,
        )
        with closing(going):
            for letter in going:
                yield marks[letter.id], letter


def hops_of(here: Deployed, central: Callable[[], Deployed], which: str | None = None) -> list[Hop]:
    """Those of a name, or every hop of a stack. `central` is asked for the stack with the alert
    bus, to whose tickets events go straight. Raises ToldError where the stack has none such.

    Not to the bus: nobody but AWS may put an event of AWS Backup (PutEvents refuses sources that
    start with aws.). A dead letter of a rule is the event itself, and so is a message of the
    ticket queue, because no target on the way transforms its input.
    """
    names = list(dict.fromkeys(_names(here.outputs)))
    if which is not None and which not in names:
        raise ToldError(f"{here.stack} has no queue {which}; it has: {', '.join(names) or 'none'}")
    hops = [*_worked_off(here), *_scheduled(here)]
    if which in (None, ALERTS):
        hops += _forwarding(here, central)
    return [hop for hop in hops if which in (None, hop.name)]


def _names(outputs: Mapping[str, Any]) -> Iterator[str]:
    for output, name in (
        ("alert_dead_letters", ALERTS),
        ("restore_check_queues", RESTORE_CHECKS),
        *((output, SCHEDULES) for output in _OF_SCHEDULES),
    ):
        if outputs.get(output):
            yield name
    yield from queues_of(outputs)


def _worked_off(here: Deployed) -> Iterator[Hop]:
    """Of the queues of functions, back into them."""
    for name, queue in queues_of(here.outputs).items():
        yield _back(here, name, here.session.region_name, queue)
    for region, queue in sorted(here.outputs.get("restore_check_queues", {}).items()):
        yield _back(here, RESTORE_CHECKS, region, queue)


def _back(here: Deployed, name: str, region: str, queue: Mapping[str, str]) -> Hop:
    sqs = here.session.client("sqs", region_name=region)
    tickets = _tickets(here) if name == TICKETS else None
    return Hop(
        name=name,
        stack=here.stack,
        region=region,
        dead_letters=queue["dead_letters"],
        sqs=sqs,
        send=_into(sqs, queue["queue"]),
        to=queue["function"],
        per_minute=AT_ONCE if tickets is None else _TO_SERVICE_NOW,
        tried=tickets
        or TriedAgain(sqs=sqs, queue=queue["queue"], dead_letters=queue["dead_letters"]),
    )


def _forwarding(here: Deployed, central: Callable[[], Deployed]) -> Iterator[Hop]:
    """Of events that rest in a stack's account, from every Region to the tickets."""
    urls = here.outputs.get("alert_dead_letters", {})
    if not urls:
        return
    there = central()
    tickets = _tickets(there)
    for region, url in sorted(urls.items()):
        yield Hop(
            name=ALERTS,
            stack=here.stack,
            region=region,
            dead_letters=url,
            sqs=here.session.client("sqs", region_name=region),
            send=_nowhere(there) if tickets is None else _into(tickets.sqs, tickets.queue),
            to=f"the tickets of {there.stack}",
            per_minute=_TO_SERVICE_NOW,
            tried=tickets,
        )


def _scheduled(here: Deployed) -> Iterator[Hop]:
    for output in _OF_SCHEDULES:
        for region, url in sorted(here.outputs.get(output, {}).items()):
            yield _started(here, region, url)


def _started(here: Deployed, region: str, url: str) -> Hop:
    """Of EventBridge Scheduler: the request of SSM that it could not make, which is made now."""
    ssm = here.session.client("ssm", region_name=region)

    def start(letter: DeadLetter, _: str) -> object:
        return ssm.start_automation_execution(**json.loads(letter.body))

    return Hop(
        name=SCHEDULES,
        stack=here.stack,
        region=region,
        dead_letters=url,
        sqs=here.session.client("sqs", region_name=region),
        send=start,
        to="Systems Manager",
    )


def _into(sqs: SQSClient, queue: str) -> Callable[[DeadLetter, str], object]:
    return lambda letter, replay: sqs.send_message(
        QueueUrl=queue,
        MessageBody=letter.body,
        MessageAttributes={REPLAY: {"DataType": "String", "StringValue": replay}},
    )


def _nowhere(central: Deployed) -> Callable[[DeadLetter, str], object]:
    def refuse(_letter: DeadLetter, _replay: str) -> object:
        raise ToldError(
            f"{central.stack} has no ticketing deployed, so nothing was taken out of its queue; "
            f"set ticketing and run: backup-org up {central.stack}"
        )

    return refuse


def _tickets(central: Deployed) -> TriedAgain | None:
    queue = queues_of(central.outputs).get(TICKETS)
    if queue is None:
        return None
    return TriedAgain(
        sqs=central.session.client("sqs"),
        queue=queue["queue"],
        dead_letters=queue["dead_letters"],
        ledger=Ledger(
            dynamodb=central.session.client("dynamodb"), table=central.outputs["ticket_ledger"]
        ),
    )
