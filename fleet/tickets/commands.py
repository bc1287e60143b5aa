"""`backup-org tickets`: what is not well, by the ledger of the function that opens incidents."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, cast

import typer

from fleet import rows
from fleet.deploy.deployment import Deployment, Engine, engine_here
from fleet.deploy.order import stacks_with
from fleet.errors import ToldError
from fleet.project import current_project
from fleet.terminal import console
from fleet.tickets.ledger import Ledger, Subject, ledger_of, moment
from fleet.tickets.way import Way
from reports.ticket_ledger import PAUSE_KEY, heartbeat_key

_COLUMNS = ("incident", "since", "what", "where", "about")
_EPOCHS = ("due", "forget_at", "lease_ends", "noted")
"""Facts of the ledger in seconds since 1970."""
Stack = Annotated[
    str | None,
    typer.Option(help="A stack of the customer's; needed where several have ticketing."),
]


def list_tickets(
    *,
    all_: Annotated[
        bool, typer.Option("--all", help="Also what is well again, as long as it is remembered.")
    ] = False,
    stack: Stack = None,
) -> None:
    """List what is not well, each with its incident, by the ledger of the function that opens
    them."""
    ledger = _ledger(engine_here(), stack)
    known = ledger.subjects() if all_ else ledger.not_well()
    found = [s for s in known if s.troubled or (all_ and s.number)]
    found.sort(key=lambda s: (not s.troubled, s.since or datetime.max.replace(tzinfo=UTC)))
    now = datetime.now(UTC)
    if found:
        rows.show(console, _COLUMNS, (_row(subject, now) for subject in found))
    not_well = sum(subject.troubled for subject in found)
    console.print(f"{not_well} not well" if not_well else "all is well", highlight=False)
    for line in _waits(ledger, found, now):
        console.print(line, highlight=False)


def show(
    what: Annotated[
        str,
        typer.Argument(help="An incident's number, its correlation id, or a part of a resource."),
    ],
    *,
    stack: Stack = None,
) -> None:
    """Show all that the ledger has of an incident or a resource."""
    ledger = _ledger(engine_here(), stack)
    found = [subject for subject in ledger.subjects() if _is_meant(subject, what)]
    if not found:
        raise ToldError(
            f"the ledger has nothing of {what}: of what is well it forgets the resource; see "
            "backup-org tickets list --all"
        )
    for subject in found:
        console.print(_headline(subject), style="bold", highlight=False)
        for line in _all_of(subject):
            console.print(line, highlight=False)


def try_way(
    stack: Annotated[str, typer.Argument(help="From where: any stack, such as acme-member-web.")],
    *,
    region: Annotated[
        str | None, typer.Option(help="One of its Regions; else the first that has alerts.")
    ] = None,
    wait: Annotated[
        float, typer.Option(min=1, help="Seconds without news after which a hop is broken.")
    ] = 60,
) -> None:
    """Try the way from an account to ServiceNow: a test's incident is opened and resolved. Tells
    the seconds of each hop, or which is broken."""
    way = Way.of(engine_here(), stack, region)
    total = 0.0
    for hop in way.tried(wait):
        total += hop.seconds
        console.print(f"{hop.seconds:6.1f} s  {hop.what}", highlight=False)
    console.print(f"{total:6.1f} s  from {way.region} of {stack} to ServiceNow, and back to well")


def forget(
    stack: Annotated[str, typer.Argument(help="A stack of the customer's.")],
    account: Annotated[str, typer.Argument(help="The account that left.")],
    region: Annotated[
        str | None, typer.Argument(help="The Region that it left; else all that were heard of.")
    ] = None,
) -> None:
    """Forget that an account, or a Region of it, was heard of, so that nobody misses it."""
    engine = engine_here()
    ledger = _ledger(engine, stack)
    regions = [region] if region else ledger.regions_heard(account)
    gone = [each for each in regions if ledger.remove(heartbeat_key(account, each))]
    if not gone:
        raise ToldError(f"{account} was never heard of{f' from {region}' if region else ''}")
    console.print(f"{account} is missed no more in {', '.join(gone)}", highlight=False)


def _ledger(engine: Engine, stack: str | None) -> Ledger:
    name = stack or _only_one()
    ledger = ledger_of(engine, Deployment(engine, name).settings)
    if ledger is None:
        raise ToldError(f"{name} has no ticketing: nothing becomes an incident")
    return ledger


def _only_one() -> str:
    found = stacks_with(lambda settings: settings.ticketing is not None, current_project())
    if len(found) != 1:
        there = ", ".join(found) or "none"
        raise ToldError(f"say with --stack whose tickets are meant; ticketing have: {there}")
    return found[0]


def _row(subject: Subject, now: datetime) -> Sequence[str]:
    told = subject.facts
    vault = f"into {rows.short(told['vault'])}" if "vault" in told else ""
    what = ": ".join(filter(None, (vault, told.get("message"))))
    times = f"{subject.failures} times" if subject.failures > 1 and subject.troubled else ""
    return (
        subject.number or "not yet",
        rows.ago(subject.since, now) if subject.since else "",
        "\n".join((told.get("kind", ""), told.get("state", "") if subject.troubled else "well")),
        "\n".join((told.get("account", ""), told.get("region", ""))),
        "\n".join(filter(None, (rows.short(told.get("resource", "")), what, times))),
    )


def _waits(ledger: Ledger, found: Iterable[Subject], now: datetime) -> Iterator[str]:
    waiting = sum(subject.troubled and not subject.number for subject in found)
    if waiting:
        yield f"{waiting} without an incident yet: it waits in the queue, or for its quiet period"
    pause = ledger.item(PAUSE_KEY)
    if "paused_until" in pause and (until := moment(pause["paused_until"])) > now:
        yield f"ServiceNow is asked nothing until {until:%Y-%m-%d %H:%M:%S} UTC, as it wished"


def _is_meant(subject: Subject, what: str) -> bool:
    return (
        subject.number == what
        or what in (subject.key, f"{subject.key}-{subject.item.get('episode', 1)}")
        or (bool(what) and what in subject.facts.get("resource", ""))
    )


def _headline(subject: Subject) -> str:
    state = "open" if subject.open else "not well, no incident yet" if subject.troubled else "well"
    about = " ".join(filter(None, (subject.facts.get("kind"), subject.facts.get("resource"))))
    return ": ".join(filter(None, (subject.number, about, state)))


def _all_of(subject: Subject) -> Iterator[str]:
    """Each fact of the item, and the event that failed last, as it came."""
    for name, value in sorted(subject.item.items()):
        if not name.endswith(("failure", "success", "_beside")):
            yield f"  {name}: {_text(name, value)}"
    for name in ("failure", "success"):
        if name in subject.item:
            event: Any = json.loads(subject.item[name])
            yield f"  {name}:"
            yield from (f"    {line}" for line in json.dumps(event, indent=2).splitlines())


def _text(name: str, value: object) -> str:
    if name in _EPOCHS:
        return moment(value).isoformat()
    if isinstance(value, set | frozenset):
        return ", ".join(sorted(map(str, cast("Collection[object]", value))))
    return str(value)
