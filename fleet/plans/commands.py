"""`backup-org plan-calendar`: when the plans of stacks run next, without asking AWS."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from fleet.deploy.order import settings_of
from fleet.deploy.selection import Names, chosen
from fleet.plans.runs import Run, coming_runs
from fleet.plans.week import week
from fleet.project import current_project
from fleet.terminal import console, tell


def plan_calendar(
    names: Names = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="How far to look.")] = 7,
    picture: Annotated[
        Path | None, typer.Option(help="Write a picture of the next week to this .svg file.")
    ] = None,
) -> None:
    """Show the next runs of backup plans, as a table and as a picture."""
    root, now = current_project(), datetime.now(UTC)
    settings = settings_of(chosen(names or [], root), root)
    runs = coming_runs(settings, now, days)
    if not runs:
        tell(f"no plan of {', '.join(settings)} runs within {days} days")
    else:
        console.print(_table(runs) if console.width >= _ROOM else _lines(runs))
    if picture is not None:
        picture.write_text(week(coming_runs(settings, now, 7), now.date()), encoding="utf-8")
        tell(f"the week is in {picture}")


_ROOM = 100
"""Columns from which on a table can be read."""


def _table(runs: list[Run]) -> Table:
    table = Table("starts", "UTC", "stack", "plan, rule", "Regions", "keeps", "copies to")
    for column in table.columns:
        column.overflow = "fold"
    for run in runs:
        table.add_row(
            f"{run.at:%a %d %b %H:%M %Z}",
            _utc(run),
            run.stack,
            f"{run.plan}, {run.rule}",
            "\n".join(run.regions),
            run.keeps,
            "\n".join(run.copies),
        )
    return table


def _lines(runs: list[Run]) -> str:
    return "\n".join(
        f"{run.at:%a %d %b %H:%M %Z} ({_utc(run)} UTC)\n"
        f"  {run.stack}\n  {run.plan}, {run.rule}: {run.keeps}\n  {', '.join(run.regions)}"
        + (f"\n  copies to {', '.join(run.copies)}" if run.copies else "")
        for run in runs
    )


def _utc(run: Run) -> str:
    utc = run.at.astimezone(UTC)
    return f"{utc:%H:%M}" if utc.date() == run.at.date() else f"{utc:%a %H:%M}"
