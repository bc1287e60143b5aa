"""Figures as one HTML page that loads nothing: read in a browser, on paper, or aloud."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from reports.digest import charts, wording
from reports.digest.colours import readable, text_on
from reports.digest.definition import SECTIONS, Definition, Section
from reports.digest.figures import AccountDay, Figures, RestoreTest
from reports.digest.runs import Run
from reports.digest.templates import render

ROWS = 50
"""Of a list; the CSV files have the others."""
HEAT_ROWS = 40
"""Accounts with a row of their own in the heat map; one more stands for the others."""
LIGHT, DARK = "#f3f5f8", "#161b22"
"""What links stand on at worst: the ground in light, the paper in dark, as in page.css."""
_TITLES: Mapping[Section, str] = {
    "success_by_day": "Success by day",
    "heat_map": "Accounts and days",
    "trends": "Duration and size",
    "failures": "Failures by cause",
    "without_recent_backup": "Without a recent backup",
    "restore_tests": "Restore tests",
    "compliance": "Compliance by control",
    "changes": "What changed",
}


@dataclass(frozen=True, kw_only=True)
class HeatRow:
    name: str
    strip: Markup
    failed: int
    ended: int


def page(
    figures: Figures, definition: Definition, run: Run, files: Sequence[str], *, stored: bool
) -> str:
    """`files` are the names of the CSV files that lie beside it; `stored`: all of it lies, or will,
    in the digests bucket as the run says."""
    before = run.period.before(definition.cadence, definition.timezone)
    days = [day.day for day in figures.days]
    return render(
        "page.html.j2",
        figures=figures,
        definition=definition,
        brand=definition.brand,
        on_accent=text_on(definition.brand.accent),
        accent_on_light=readable(definition.brand.accent, LIGHT),
        accent_on_dark=readable(definition.brand.accent, DARK),
        run=run,
        before=dataclasses.replace(run, period=before),
        period=wording.period(run.period, run.timezone),
        period_before=wording.period(before, run.timezone),
        sections=[section for section in SECTIONS if section in definition.sections],
        titles=_TITLES,
        verdict=wording.verdict(figures),
        tiles=tuple(wording.tiles(figures)),
        charts=charts,
        heat_rows=_heat_rows(figures.heat_map, days, definition.account_names),
        strip_days=charts.strip_days(days),
        duration_chart=charts.trend(
            "duration",
            "Mean duration of a backup by day",
            figures.days,
            lambda day: day.average_seconds,
            wording.duration,
        ),
        size_chart=charts.trend(
            "size",
            "Size of a day's backups",
            figures.days,
            lambda day: day.size_bytes,
            wording.size,
        ),
        causes=figures.causes[:ROWS],
        late=figures.without_recent_backup[:ROWS],
        unprotected=figures.unprotected[:ROWS],
        restore_tests=sorted(figures.restore_tests, key=_worst_first)[:ROWS],
        newly_failing=(figures.newly_failing[:ROWS], len(figures.newly_failing)),
        recovered=(figures.recovered[:ROWS], len(figures.recovered)),
        tests=wording.TESTS,
        tests_said=wording.tests(figures.headline),
        limits=figures.limits[:ROWS],
        differences=tuple(wording.differences(figures.changes)),
        files=files,
        stored=stored,
    )


def _heat_rows(
    heat_map: Sequence[AccountDay], days: Sequence[date], names: Mapping[str, str]
) -> Sequence[HeatRow]:
    """By account, most failures first, and one row for all that no row is left for."""
    cells = {(cell.account_id, cell.day): cell for cell in heat_map}
    accounts = {cell.account_id for cell in heat_map}
    rows = {account: [_or_none(cells, account, day) for day in days] for account in accounts}
    order = sorted(rows, key=lambda account: (-_failed(rows[account]), account))
    shown = [_heat_row(names.get(account, account), rows[account]) for account in order[:HEAT_ROWS]]
    if others := [rows[account] for account in order[HEAT_ROWS:]]:
        together = [_together(column) for column in zip(*others, strict=True)]
        shown.append(_heat_row(f"{len(others):,} other accounts", together))
    return shown


def _or_none(cells: Mapping[tuple[str, date], AccountDay], account: str, day: date) -> AccountDay:
    none = AccountDay(account_id=account, day=day, succeeded=0, failed=0)
    return cells.get((account, day), none)


def _together(cells: Sequence[AccountDay]) -> AccountDay:
    return AccountDay(
        account_id="",
        day=cells[0].day,
        succeeded=sum(cell.succeeded for cell in cells),
        failed=_failed(cells),
    )


def _failed(cells: Sequence[AccountDay]) -> int:
    return sum(cell.failed for cell in cells)


def _heat_row(name: str, cells: Sequence[AccountDay]) -> HeatRow:
    failed = _failed(cells)
    ended = failed + sum(cell.succeeded for cell in cells)
    bad = [cell for cell in cells if cell.failed]
    said = f"{name}: {failed:,} of {ended:,} jobs failed"
    if bad:
        worst = max(bad, key=lambda cell: cell.failed)
        said += (
            f", on {wording.counted(len(bad), 'day')}, most of them, {worst.failed:,}, on "
            f"{wording.day(worst.day)}"
        )
    return HeatRow(name=name, strip=charts.strip(cells, said), failed=failed, ended=ended)


def _worst_first(test: RestoreTest) -> int:
    return {"bad": 0, "warn": 1, "plain": 1, "good": 2}[wording.TESTS[test.outcome].tone]
