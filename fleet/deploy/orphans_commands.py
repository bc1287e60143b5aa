"""`backup-org orphans`: what a run that was cut off leaves behind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

import typer

from fleet import access
from fleet.deploy.deployment import Deployment, NeverDeployed, Outcome
from fleet.deploy.orphans import begun_lines, settle
from fleet.deploy.running import FleetRun, Running
from fleet.deploy.selection import Selection
from fleet.options import with_common
from fleet.terminal import console, tell

_FOUND = 2
"""The exit code of what looks, and finds something."""


@with_common
def orphans(
    selection: Selection,
    running: Running,
    take: Annotated[
        bool, typer.Option("--import", help="Take what stands into the stacks' states.")
    ] = False,
) -> None:
    """Tell what runs were cut off from, and with --import take into the stacks what these had made
    by then: changes nothing in the accounts. `up` and `destroy` do so by themselves."""
    run = FleetRun("orphans", selection, running, **{"import": take})
    run.act("looking", _taken if take else _looked, ordered=False)
    run.told(_tell)
    if not take and any(outcome.warnings for outcome in run.outcomes.values()):
        tell("take what stands into the states: the same with --import")
        raise typer.Exit(_FOUND)


def _looked(deployment: Deployment) -> Outcome:
    try:
        return _outcome(deployment, begun_lines(deployment))
    except NeverDeployed:
        return _outcome(deployment, [])


def _taken(deployment: Deployment) -> Outcome:
    try:
        settled = settle(deployment, access.session)
    except NeverDeployed:
        return _outcome(deployment, [])
    return _outcome(deployment, [*settled], imported=len(settled.imported))


def _outcome(deployment: Deployment, lines: Sequence[str], *, imported: int = 0) -> Outcome:
    changes = {"import": imported} if imported else {}
    return Outcome(stack=deployment.stack, changes=changes, seconds=0, warnings=lines)


def _tell(outcomes: Iterable[Outcome]) -> None:
    for outcome in outcomes:
        for line in outcome.warnings:
            console.print(f"{outcome.stack}: {line}", highlight=False)
