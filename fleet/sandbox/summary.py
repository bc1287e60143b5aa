"""What the main job came to: as data for scripts, as a text with all answers, and on a screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from components.lake.query_library import queries
from fleet.lake.query import Answer
from fleet.sandbox.stage import customers_in
from fleet.sandbox.tour import Tour

_SHOWN = {
    "success_rate_by_account": (
        ("account_id", "region", "day", "jobs", "completed", "percent"),
        3,
    ),
}
"""Of these queries the first rows, so many, of few columns: the rest is in a file."""


def summarised(tour: Tour, seconds: float, before: Mapping[str, Any]) -> dict[str, Any]:
    """build/sandbox.json, given what it says of the same sandbox so far.

    The customer that was brought up first is described at the top, each one under `customers`.
    """
    there = customers_in(tour.stage.workspace.project)
    others = {name: of for name, of in before.get("customers", {}).items() if name in there}
    customers = {**others, tour.stage.customer: _customer(tour, seconds)}
    first = next(iter(customers))
    return {
        "endpoint": tour.stage.sandbox.endpoint,
        "customer": first,
        **customers[first],
        "pulumi": {
            "backend_url": tour.stage.engine.environment["PULUMI_BACKEND_URL"],
            "home": tour.stage.engine.environment["PULUMI_HOME"],
            "cli": tour.stage.engine.command.command,
        },
        "customers": customers,
    }


def _customer(tour: Tour, seconds: float) -> dict[str, Any]:
    stacks, service_now = tour.stage.stacks, tour.stage.sandbox.servicenow_url
    there, incident = tour.reports_there(), tour.incident
    return {
        "region": next(iter(stacks.values())).region,
        "accounts": {
            name.removeprefix(f"{tour.stage.customer}-"): settings.account
            for name, settings in stacks.items()
        },
        "stacks": tour.outputs,
        "servicenow": {
            "url": service_now,
            "incident": incident
            and {
                "number": incident["number"],
                "short_description": incident["short_description"],
                "url": f"{service_now}/incident.do?sys_id={incident['sys_id']}",
            },
        },
        "reports": there
        and {"bucket": there.outputs["reports_bucket"], "database": there.lake.database},
        "report": tour.report
        and {
            "subject": tour.report.subject,
            "link": tour.report.link,
            "expires": tour.report.expires,
            "mails": f"{tour.stage.sandbox.endpoint}/_sandbox/mails.page",
        },
        "counts": tour.counts,
        "seconds": round(seconds, 1),
    }


def written_out(answers: Mapping[str, Answer], lacks: Mapping[str, str], region: str) -> str:
    """All answers with all their rows and columns, to be read and searched."""
    known = queries(region)
    parts = [
        f"{name}: {len(answer.rows)} rows\n{known[name].description}\n\n{_aligned(answer)}"
        for name, answer in answers.items()
    ]
    parts += [
        f"{name}: not asked\n{known[name].description}\nThis lake cannot answer it: {why}.\n"
        for name, why in lacks.items()
    ]
    return "\n\n".join(parts)


def _aligned(answer: Answer) -> str:
    rows = [list(answer.columns), *([_cell(value) for value in row] for row in answer.rows)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        + "\n"
        for row in rows
    )


def _cell(value: object) -> str:
    return "" if value is None else " ".join(str(value).split())


@dataclass(frozen=True, kw_only=True)
class Files:
    """What the main job wrote."""

    summary: Path
    answers: Path
    report: Path
    """There only where a report was mailed."""


def show(
    told: Mapping[str, Any],
    answers: Mapping[str, Answer],
    lacks: Mapping[str, str],
    files: Files,
    console: Console,
) -> None:
    """What the lake answered, the incident, the report, and last what to do next.

    `told` is the customer's part of the summary.
    """
    if answers:
        full = _beside_here(files.answers)
        console.print(_asked(answers, lacks, f"What the lake answered, in full in {full}"))
        for name, (columns, count) in _SHOWN.items():
            if name in answers:
                console.print(_first_rows(name, answers[name], columns, count))
    incident = told["servicenow"]["incident"]
    if incident:
        console.print(f"\n{incident['short_description']}", style="bold", highlight=False)
    report = told["report"]
    if report:
        console.print(report["subject"], style="bold", highlight=False)
    console.print()
    for line in _next(incident, report, files):
        console.print(line, highlight=False)


def _asked(answers: Mapping[str, Answer], lacks: Mapping[str, str], title: str) -> Table:
    table = _table(title, "query")
    for column in ("rows", "MB read", "seconds"):
        table.add_column(column, justify="right", no_wrap=True)
    for name, answer in answers.items():
        read = f"{answer.scanned_bytes / 1e6:.2f}"
        table.add_row(name, str(len(answer.rows)), read, f"{answer.seconds:.1f}")
    for name, why in lacks.items():
        table.add_row(f"{name}: not asked: {why}")
    return table


def _first_rows(name: str, answer: Answer, columns: Sequence[str], count: int) -> Table:
    shown = min(count, len(answer.rows))
    table = _table(f"{name}: {shown} of {len(answer.rows)} rows", *columns)
    places = [list(answer.columns).index(column) for column in columns]
    for row in answer.rows[:count]:
        table.add_row(*(_cell(row[place]) for place in places))
    return table


def _table(title: str, *columns: str) -> Table:
    """Cuts nothing: what is too long for the terminal goes on in the next line."""
    table = Table(
        title=f"\n{title}", title_justify="left", title_style="bold", box=None, pad_edge=False
    )
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _next(
    incident: Mapping[str, str] | None, report: Mapping[str, str] | None, files: Files
) -> Iterator[str]:
    """What to do, each command and address in one piece, so that it can be copied."""
    if incident:
        yield f"Look at {incident['number']}, opened, noted and resolved:"
        yield incident["url"]
    if report:
        yield f"Read the report:        {_beside_here(files.report)}"
        yield "And its mail:"
        yield report["mails"]
    yield 'A shell in it:          eval "$(.venv/bin/backup-org sandbox env)"'
    yield "In there, ask the lake: .venv/bin/backup-org query success_rate_by_account"
    if incident:
        yield "In there, list tickets: .venv/bin/backup-org tickets list --all"
    yield f"What stands where:      {_beside_here(files.summary)}"
    yield "Your own customer:      docs/add-a-customer.md"
    yield "Stop:                   make down"


def _beside_here(file: Path) -> str:
    here = Path.cwd()
    return str(file.relative_to(here) if file.is_relative_to(here) else file)
