"""`backup-org drift`: what stands in AWS otherwise than it was deployed."""

from __future__ import annotations

from collections.abc import Iterable

import typer

from fleet.deploy.deployment import Deployment, NeverDeployed, Outcome
from fleet.deploy.running import CHANGES_FOUND, FleetRun, Running
from fleet.deploy.selection import Selection
from fleet.deploy.showing import show_drift
from fleet.options import with_common
from fleet.terminal import console


@with_common
def drift(selection: Selection, running: Running) -> None:
    """Tell what somebody changed in AWS by hand, per resource and property. Nothing is changed, in
    AWS or in the state. Exits with 2 where something differs; backup-org up --refresh mends it."""
    run = FleetRun("drift", selection, running)
    run.act("comparing", _looked, ordered=False, patient=True)
    run.told(_shown)
    if any(outcome.drift for outcome in run.outcomes.values()):
        raise typer.Exit(CHANGES_FOUND)


def _looked(deployment: Deployment) -> Outcome:
    try:
        return deployment.drifted()
    except NeverDeployed:
        return Outcome(stack=deployment.stack, changes={}, seconds=0, deployed=False)


def _shown(outcomes: Iterable[Outcome]) -> None:
    show_drift(console, sorted(outcomes, key=lambda outcome: outcome.stack))
