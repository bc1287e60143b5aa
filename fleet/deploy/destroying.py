"""`backup-org destroy`: what would be lost, or would stop it halfway, is found in all stacks before
the first of them is touched."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import partial
from typing import Annotated

import typer

from fleet.deploy.changes import Change
from fleet.deploy.deployment import Deployment, NeverDeployed, Outcome
from fleet.deploy.losses import Lose, granted_losses, line_of
from fleet.deploy.running import FleetRun, Running, stacks_text, tell_lines
from fleet.deploy.selection import Selection
from fleet.options import with_common
from fleet.terminal import asides, asks, console, tell


@with_common
def destroy(
    selection: Selection,
    running: Running,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    lose: Lose = None,
) -> None:
    """Delete what stacks deployed, the readers first. Nothing is deleted before it is shown what
    would be lost and what stays, and nothing at all where AWS would refuse a part of it. May be run
    again after it was interrupted."""
    selection.must_choose()
    if not yes and not asks():
        raise typer.BadParameter("there is nobody to ask here: say --yes")
    run = FleetRun("destroy", selection, running)
    run.act("looking", _foreseen, ordered=False, patient=True)
    if len(run.outcomes) < len(run.results):
        run.told()  # raises: a stack that nobody could look into may be what another stops at
    tell_lines(run.outcomes.values())
    foreseen = {stack: outcome.details for stack, outcome in run.outcomes.items()}
    _show(foreseen)
    granted_losses(foreseen, lose or (), ask=asks())
    standing = [stack for stack, changes in foreseen.items() if changes]
    if standing and not yes:
        typer.confirm(f"Delete what {stacks_text(standing)} deployed?", abort=True, err=True)
    run.act("deleting", Deployment.destroy, backwards=True, stacks=standing)
    run.told(partial(_tell, run, standing))


def _foreseen(deployment: Deployment) -> Outcome:
    try:
        return deployment.foreseen()
    except NeverDeployed:
        return Outcome(stack=deployment.stack, changes={}, seconds=0, deployed=False)


def _show(foreseen: Mapping[str, Iterable[Change]]) -> None:
    """How much goes and stays, and all that would be lost."""
    for stack, changes in sorted(foreseen.items()):
        found = list(changes)
        stay = sum(change.retained for change in found)
        said = f"{len(found) - stay} resources to delete" if found else "nothing stands"
        asides.print(f"{stack}: {said}" + (f", {stay} stay in AWS" if stay else ""))
        for change in found:
            if change.loses:
                asides.print(f"  loses {line_of(stack, change)}", style="red", highlight=False)


def _tell(run: FleetRun, standing: Collection[str], outcomes: Iterable[Outcome]) -> None:
    found = list(outcomes)
    tell_lines(outcome for outcome in found if outcome.stack in standing)
    emptied = sorted(outcome.stack for outcome in found if outcome.deployed)
    if not emptied:
        return
    tell(
        "These stacks are empty now; their state stands, and so do their settings, with which `up` "
        "brings all of it back. To remove a stack's state and its file Pulumi.<stack>.yaml, if it "
        "has one (a member's row in the customer's file is yours to take out):"
    )
    for stack in emptied:
        console.print(run.deployment(stack).removal(), highlight=False)
