"""`backup-org replay`: what rests in a stack's dead-letter queues is sent to be tried again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import boto3
import typer

from fleet import accounts
from fleet.deploy.deployment import Deployment, Engine, engine_here
from fleet.errors import ToldError
from fleet.lake.reports_stack import queues_of
from fleet.replay import dead_letters
from fleet.terminal import console
from stacks.references import alerts_stack

ALERTS = "alerts"
"""Events that could not be forwarded to the alert bus, beside the queues of functions."""


@dataclass(frozen=True, kw_only=True)
class Deployed:
    stack: str
    outputs: Mapping[str, Any]
    session: boto3.Session
    """In its account and Region."""


def replay(
    stack: Annotated[str, typer.Argument(help="The stack, such as acme-audit.")],
    which: Annotated[
        str, typer.Argument(help="tickets, partitions, curation, collation or alerts")
    ],
) -> None:
    """Send what rests in a dead-letter queue to be tried again; alerts of all the stack's Regions
    go straight to the tickets of the customer's alert bus."""
    engine = engine_here()
    deployment, here = _deployed(engine, stack)
    if which != ALERTS:
        count = replay_queue(here, which)
        console.print(f"{count} messages sent back to {which}")
        return
    _, central = _deployed(engine, alerts_stack(deployment.settings))
    for region, count in replay_alerts(here, central):
        console.print(f"{count} events of {region} sent to the tickets of {central.stack}")


def replay_queue(here: Deployed, which: str) -> int:
    """Sends the dead letters of a function's queue back to it; the number of them."""
    queues = queues_of(here.outputs)
    if which not in queues:
        raise _no_queue(here, which)
    queue = queues[which]
    sqs = here.session.client("sqs")
    return dead_letters.replay(sqs, queue["dead_letters"], queue["queue"])


def replay_alerts(here: Deployed, central: Deployed) -> Iterator[tuple[str, int]]:
    """Sends events that rest in a stack's account to the tickets of the stack with the alert bus;
    their number, Region by Region.

    Not to the bus: nobody but AWS may put an event of AWS Backup (PutEvents refuses sources that
    start with aws.). A dead letter of a rule is the event itself, and so is a message of the
    ticket queue, because no target on the way transforms its input.
    """
    if "alert_dead_letters" not in here.outputs:
        raise _no_queue(here, ALERTS)
    if "ticket_queue" not in central.outputs:
        raise ToldError(
            f"{central.stack} has no ticketing deployed, so nothing was taken out of the queues of "
            f"{here.stack}; set ticketing and run: backup-org up {central.stack}"
        )
    tickets = central.session.client("sqs")
    for region, url in sorted(here.outputs["alert_dead_letters"].items()):
        sqs = here.session.client("sqs", region_name=region)
        queue = central.outputs["ticket_queue"]
        yield region, dead_letters.replay(sqs, url, queue, through=tickets)


def _deployed(engine: Engine, stack: str) -> tuple[Deployment, Deployed]:
    deployment = Deployment(engine, stack)
    return deployment, Deployed(
        stack=stack, outputs=deployment.outputs(), session=accounts.session(deployment.settings)
    )


def _no_queue(here: Deployed, which: str) -> ToldError:
    known = sorted(queues_of(here.outputs))
    if "alert_dead_letters" in here.outputs:
        known = [ALERTS, *known]
    return ToldError(f"{here.stack} has no queue {which}; it has: {', '.join(known) or 'none'}")
