"""`backup-org list` and `outputs`: stacks as their settings have them, and what they export."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from fleet.deploy.deployment import Deployment, engine_here
from fleet.deploy.running import RunFailed
from fleet.deploy.selection import Selection
from fleet.errors import told_of
from fleet.options import with_common
from fleet.parallel import units_at_once
from fleet.progress import UnitProgress
from fleet.project import current_project
from fleet.rows import ago, show
from fleet.runs import recorded
from fleet.scheduler import run_units
from fleet.terminal import console, read_by_others
from stacks import load
from stacks.load import Settings, SettingsError
from stacks.references import references

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_MEGABYTES_EACH = 150
"""Of an engine that only reads a state."""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A stack as `list` tells of it."""

    stack: str
    settings: Settings | None
    """None where they cannot be read."""
    last: Mapping[str, Any] | None
    """What became of it when a command last ran on it: `command`, `began`, `ended`."""

    def document(self) -> dict[str, Any]:
        """As `--json` has it."""
        s = self.settings
        told: dict[str, Any] = {"stack": self.stack, "readable": s is not None}
        if s is not None:
            told |= {
                "customer": s.customer,
                "role": s.role,
                "account": s.account,
                "region": s.region,
                "reads": [*references(s)],
            }
        return {**told, "last": self.last}

    def row(self, now: datetime) -> tuple[str, ...]:
        last = "never run here"
        if self.last is not None:
            since = ago(datetime.fromisoformat(self.last["began"]), now)
            last = f"{self.last['command']}: {self.last['ended']}, {since} ago"
        if self.settings is None:
            return self.stack, "", "", "", "its settings cannot be read"
        return self.stack, self.settings.role, self.settings.account, self.settings.region, last


@with_common
def list_stacks(selection: Selection, as_json: AsJson = False) -> None:
    """List stacks: their accounts, and what became of them when a command last ran on them from
    here."""
    root = current_project()
    chosen = selection.chosen(root)
    problems: list[str] = [str(error) for error in chosen.unreadable.values()]
    listed = list(_listed(chosen.stacks, root, problems))
    with read_by_others():
        if as_json:
            typer.echo(json.dumps([one.document() for one in listed], indent=2))
        else:
            columns = ("stack", "role", "account", "Region", "last run")
            show(console, columns, (one.row(datetime.now(UTC)) for one in listed))
    if problems:
        raise RunFailed("\n".join(problems), at_once=False)


@with_common
def outputs(selection: Selection) -> None:
    """Print what stacks export, as JSON; secrets masked. Of one that is named alone, its outputs by
    name; of others, by stack."""
    root = current_project()
    chosen = selection.chosen(root)
    stacks = chosen.stacks
    ready = engine_here()
    with UnitProgress[dict[str, Any]](len(stacks), "reading its outputs") as progress:
        results = run_units(
            dict.fromkeys(stacks, ()),
            lambda stack: Deployment(ready, stack).outputs(),
            workers=units_at_once(_MEGABYTES_EACH),
            on=progress,
        )
    found = {stack: result.value for stack, result in results.items() if result.value is not None}
    if selection.names == stacks:
        console.print_json(data=found.get(stacks[0], {}))
    else:
        console.print_json(data=found)
    errors = (*chosen.unreadable.values(), *(result.error for result in results.values()))
    failures = [error for error in errors if error is not None]
    for error in failures:
        if told_of(error) is None:
            raise error
    if failures:
        raise RunFailed("\n".join(filter(None, map(told_of, failures))), at_once=False)


def _listed(stacks: list[str], root: Path, problems: list[str]) -> Iterator[Listed]:
    """Adds to `problems` what is wrong with settings that cannot be read."""
    last: dict[str, dict[str, Any]] = {}
    for document in recorded(root):
        told = {"command": document["command"], "began": document["began"]}
        for one in document["stacks"]:
            last.setdefault(one["stack"], {**told, "ended": one["ended"]})
    for stack in stacks:
        settings: Settings | None = None
        try:
            settings = load.from_files(stack, root)
        except SettingsError as error:
            problems.append(str(error))
        yield Listed(stack=stack, settings=settings, last=last.get(stack))
