"""`backup-org doctor`: what the doctor finds of stacks, and the cures."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Annotated

import typer

from fleet.deploy.selection import Chosen, Selection
from fleet.doctor.examination import findings_of
from fleet.doctor.findings import Finding, State, failed
from fleet.doctor.showing import Found, document, exit_code, show, told_of
from fleet.options import with_common
from fleet.progress import UnitProgress
from fleet.project import current_project
from fleet.scheduler import Ended, Result, run_units
from fleet.terminal import console, tell

_AT_ONCE = 16
"""Stacks: looks wait for AWS, and take little of this machine."""


@with_common
def doctor(
    selection: Selection,
    *,
    problems: Annotated[
        bool, typer.Option("--problems", help="Leave out of the table what is fine.")
    ] = False,
    online: Annotated[
        bool,
        typer.Option("--online", help="Try secrets, too: read them, and ask who takes them."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print findings as JSON.")] = False,
) -> None:
    """Look up in AWS what settings cannot tell, and tell the cures. Exits with 0 where nothing
    needs one, 2 where something does, and 1 where a stack could not be looked at."""
    root = current_project()
    found = _looked_at(selection.chosen(root), root, online=online)
    if as_json:
        typer.echo(document(found))
    else:
        show(console, found, all_=not problems)
    raise typer.Exit(exit_code(found))


def _looked_at(chosen: Chosen, root: Path, *, online: bool) -> Found:
    """All stacks at once, in the order of their names. What the doctor itself stumbles over in one
    is told beside the findings of the others."""
    stacks = dict.fromkeys(chosen.stacks, ())
    with UnitProgress[list[Finding]](len(stacks), "looking", told_of) as progress:
        results = run_units(
            stacks,
            lambda stack: findings_of(stack, root, online=online),
            workers=_AT_ONCE,
            on=progress,
        )
    unreadable = {
        customer: [failed("its table of members", text, "write it as it says")]
        for customer, error in chosen.unreadable.items()
        for text in error.problems
    }
    return {**unreadable, **{stack: _found(stack, result) for stack, result in results.items()}}


def _found(stack: str, result: Result[list[Finding]]) -> list[Finding]:
    if result.value is not None:
        return result.value
    if result.ended is not Ended.FAILED:
        return [Finding(about="it", found="was not looked at", state=State.FAILED)]
    assert result.error is not None
    tell(f"{stack}: {''.join(traceback.format_exception(result.error))}")
    said = f"the doctor failed: {type(result.error).__name__}: {result.error}"
    return [failed("it", said, "tell whoever looks after backup-org, with what stands above")]
