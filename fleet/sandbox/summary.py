"""What the main job came to: as data for scripts, and as a table for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from fleet.sandbox.tour import Tour


def summarised(tour: Tour, seconds: float) -> dict[str, Any]:
    """build/sandbox.json."""
    first = next(iter(tour.stage.stacks.values()))
    reports = next(o for o in tour.outputs.values() if "reports_bucket" in o)
    return {
        "endpoint": tour.stage.sandbox.endpoint,
        "region": first.region,
        "accounts": {
            name.removeprefix(f"{first.customer}-"): settings.account
            for name, settings in tour.stage.stacks.items()
        },
        "stacks": tour.outputs,
        "pulumi": {
            "backend_url": tour.stage.engine.environment["PULUMI_BACKEND_URL"],
            "home": tour.stage.engine.environment["PULUMI_HOME"],
            "cli": tour.stage.engine.command.command,
        },
        "servicenow": {
            "url": tour.stage.sandbox.servicenow_url,
            "incident": {
                "number": tour.incident["number"],
                "url": _incident_url(tour.stage.sandbox.servicenow_url, tour.incident["sys_id"]),
            },
        },
        "reports": {
            "bucket": reports["reports_bucket"],
            "database": reports["reports_database"],
        },
        "counts": tour.counts,
        "seconds": round(seconds, 1),
    }


def show(tour: Tour, summary: dict[str, Any], file: Path, console: Console) -> None:
    """Answers, then one table of what was done, where to look, and how to stop."""
    for name, answer in tour.answers.items():
        if not name.startswith("blog_"):
            console.print(answer.table(f"{name}: {len(answer.rows)} rows", rows=5))
    console.print(_done(tour, summary["seconds"]))
    console.print(_where(summary, file))
    # In one piece, so that it can be copied.
    console.print(summary["servicenow"]["incident"]["url"])


def _incident_url(service_now_url: str, sys_id: str) -> str:
    return f"{service_now_url}/nav_to.do?uri=incident.do?sys_id={sys_id}"


def _done(tour: Tour, seconds: float) -> Table:
    table = _table("What was done", "done", "came to", "seconds")
    for step in tour.steps:
        table.add_row(step.what, step.came_to, f"{step.seconds:.1f}")
    for name, answer in tour.answers.items():
        scanned = f"{len(answer.rows)} rows, {answer.scanned_bytes / 1e6:.2f} MB read"
        table.add_row(f"  {name}", scanned, f"{answer.seconds:.1f}")
    table.add_section()
    table.add_row("all of it", "", f"{seconds:.1f}")
    return table


def _table(title: str, *columns: str) -> Table:
    """Cuts nothing: what is too long for the terminal goes on in the next line."""
    table = Table(title=title)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _where(summary: dict[str, Any], file: Path) -> Table:
    table = _table("Where to look", "what", "where")
    table.add_row("AWS", summary["endpoint"])
    table.add_row("a shell in it", 'eval "$(.venv/bin/backup-org sandbox env)"')
    table.add_row("Pulumi's state", summary["pulumi"]["backend_url"])
    table.add_row("reports", f"s3://{summary['reports']['bucket']}/")
    table.add_row("tables", f"Glue database {summary['reports']['database']}")
    incident = summary["servicenow"]["incident"]
    table.add_row(f"incident {incident['number']}", incident["url"])
    table.add_row("all of this as data", _beside_here(file))
    table.add_row("to stop", "make down")
    return table


def _beside_here(file: Path) -> str:
    here = Path.cwd()
    return str(file.relative_to(here) if file.is_relative_to(here) else file)
