"""The status of customers as a table, as JSON and as a page."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from rich.console import Console

from fleet import rows
from fleet.status.figures import CustomerStatus
from reports.digest import wording
from reports.digest.colours import readable, text_on
from reports.digest.definition import Brand
from reports.digest.page import DARK, LIGHT
from reports.digest.templates import render_of

_SIGNS = {"good": "✓", "warn": "!", "bad": "✗", "plain": " "}
_COLUMNS = (
    *("customer", "deployed", "protected", "success", "incidents", "reports", "drift"),
    "what is not well",
)
_ROOM = 116
"""Columns below which each fact has a line, and says what it is."""
WELL = "all is well"


def show(console: Console, customers: Sequence[CustomerStatus], now: datetime) -> None:
    wide = console.width >= _ROOM
    rows.show(
        console,
        _COLUMNS,
        [_row(each, now) if wide else _told(each, now) for each in customers],
        room=_ROOM,
    )


def document(customers: Sequence[CustomerStatus], now: datetime) -> str:
    """The same as JSON."""
    return json.dumps(
        {
            "looked_at": now.isoformat(),
            "customers": [
                {
                    "customer": each.customer,
                    "problems": list(each.problems()),
                    "deployed": each.deployed,
                    "total": each.total,
                    "resources": each.resources,
                    "protected": each.protected,
                    "jobs": each.jobs,
                    "completed": each.completed,
                    "incidents": each.incidents,
                    "missing_reports": each.missing_reports,
                    "drifted": list(each.drifted),
                    "unseen": dict(each.unseen),
                    "stacks": [asdict(stack) for stack in each.stacks],
                }
                for each in customers
            ],
        },
        indent=2,
        default=datetime.isoformat,
    )


def page(customers: Sequence[CustomerStatus], now: datetime, *, days: int, recent_days: int) -> str:
    """One HTML page that loads nothing, and has no scripts."""
    brand = Brand(name="Backups of all customers")
    return render_of(
        Path(__file__).parent,
        "page.html.j2",
        brand=brand,
        on_accent=text_on(brand.accent),
        accent_on_light=readable(brand.accent, LIGHT),
        accent_on_dark=readable(brand.accent, DARK),
        customers=customers,
        cells=[dict(zip(_COLUMNS, _row(each, now), strict=True)) for each in customers],
        not_well=[each for each in customers if any(each.problems())],
        days=days,
        recent_days=recent_days,
        now=now,
        well=WELL,
        signs=_SIGNS,
        columns=_COLUMNS,
        incidents=_total(each.incidents for each in customers),
        missing=_total(
            None if each.missing_reports is None else len(each.missing_reports)
            for each in customers
        ),
        tool_version=version("backup-org"),
    )


def _total(known: Iterable[int | None]) -> int | None:
    """None where nothing is known of anyone."""
    found = [one for one in known if one is not None]
    return sum(found) if found else None


def _row(of: CustomerStatus, now: datetime) -> Sequence[str]:
    return (
        f"{_SIGNS[of.tone]} {of.customer}",
        f"{of.deployed} of {of.total}",
        f"{of.protected:,} of {of.resources:,}" if of.resources else "",
        wording.percent(of.success_percent) if of.jobs else "",
        "" if of.incidents is None else f"{of.incidents:,}",
        _reports(of),
        _drift(of, now),
        "; ".join(of.problems()) or WELL,
    )


def _told(of: CustomerStatus, now: datetime) -> Sequence[str]:
    """The same, each fact with its name."""
    first, *facts, last = _row(of, now)
    labelled = zip(_COLUMNS[1:-1], facts, strict=True)
    return (first, "", *(f"{name}: {fact}" for name, fact in labelled if fact), last)


def _reports(of: CustomerStatus) -> str:
    if of.missing_reports is None:
        return ""
    return f"{len(of.missing_reports)} missing" if of.missing_reports else "in time"


def _drift(of: CustomerStatus, now: datetime) -> str:
    at = of.drift_looked_at
    if of.drifted:
        return f"{len(of.drifted)} stacks" if len(of.drifted) > 1 else "1 stack"
    return f"none, {rows.ago(at, now)} ago" if at else "not known"
