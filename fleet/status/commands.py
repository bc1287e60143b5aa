"""`backup-org status`: how well all customers are, in one table and as one page."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from fleet.deploy.deployment import engine_here
from fleet.deploy.selection import Chosen, Selection, customers_of
from fleet.errors import told_of
from fleet.options import with_common
from fleet.parallel import units_at_once
from fleet.progress import UnitProgress
from fleet.project import current_project
from fleet.scheduler import Result, run_units
from fleet.status.figures import CustomerStatus, StackStatus
from fleet.status.looking import drift_now, drift_recorded, looked_at
from fleet.status.showing import document, page, show
from fleet.terminal import console, tell
from stacks import load

_AT_ONCE = 16
"""Stacks: looks wait for AWS, and take little of this machine."""
_MEGABYTES_OF_DRIFT = 500
"""Of a stack whose drift is looked at: its engine and plugin."""


@with_common
def status(
    selection: Selection,
    *,
    days: Annotated[int, typer.Option(min=1, max=30, help="Of backup jobs: how many back.")] = 7,
    recent_days: Annotated[
        int, typer.Option("--recent-days", min=1, help="How old a recent recovery point may be.")
    ] = 2,
    drift: Annotated[
        bool, typer.Option("--drift", help="Look for drift now, rather than in the record.")
    ] = False,
    html: Annotated[Path | None, typer.Option(help="Write the page to this file, too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Exit with 2 where something is not well.")
    ] = False,
) -> None:
    """Show how well customers are: protected, success, incidents, missing reports, drift. Exits
    with 1 where something could not be looked at."""
    root, now = current_project(), datetime.now(UTC)
    chosen = selection.chosen(root)
    results = _looked_at(chosen, root, now, days=days, recent_days=recent_days, drift=drift)
    customers = by_customer(chosen, results, root)
    if as_json:
        typer.echo(document(customers, now))
    else:
        show(console, customers, now)
    if html is not None:
        text = page(customers, now, days=days, recent_days=recent_days)
        html.write_text(text, encoding="utf-8")
        tell(f"written to {html}")
    if any(each.unseen for each in customers):
        raise typer.Exit(1)
    if check and any(problem for each in customers for problem in each.problems()):
        raise typer.Exit(2)


def _looked_at(
    chosen: Chosen, root: Path, now: datetime, *, days: int, recent_days: int, drift: bool
) -> Mapping[str, Result[StackStatus]]:
    engine = engine_here() if drift and chosen.stacks else None
    known = drift_recorded(root)

    def look(stack: str) -> StackStatus:
        found = looked_at(stack, root, days=days, recent_days=recent_days)
        if engine is not None and found.deployed:
            return dataclasses.replace(found, drift=drift_now(engine, stack, now))
        return dataclasses.replace(found, drift=known.get(stack))

    stacks = dict.fromkeys(chosen.stacks, ())
    workers = units_at_once(_MEGABYTES_OF_DRIFT) if drift else _AT_ONCE
    with UnitProgress[StackStatus](len(stacks), "looking") as progress:
        return run_units(stacks, look, workers=workers, on=progress)


def by_customer(
    chosen: Chosen, results: Mapping[str, Result[StackStatus]], root: Path
) -> list[CustomerStatus]:
    seen: defaultdict[str, list[StackStatus]] = defaultdict(list)
    unseen: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for customer, error in chosen.unreadable.items():
        unseen[customer]["its table of members"] = "; ".join(error.problems)
    for stack, result in results.items():
        customer = _customer_of(stack, root)
        if result.value is not None:
            seen[customer].append(result.value)
        else:
            unseen[customer][stack] = _why(result)
    return [
        CustomerStatus(customer=name, stacks=seen[name], unseen=unseen[name])
        for name in sorted({*seen, *unseen})
    ]


def _customer_of(stack: str, root: Path) -> str:
    """By its settings, or by its name where they cannot be read."""
    try:
        return str(load.values_of(stack, root).merged["customer"])
    except (load.SettingsError, KeyError):
        return next(iter(customers_of([stack])), stack)


def _why(result: Result[StackStatus]) -> str:
    """The first line of what kept from looking, or was stumbled over."""
    if result.error is None:
        return str(result.ended)
    told = told_of(result.error) or f"{type(result.error).__name__}: {result.error}"
    return told.splitlines()[0]
