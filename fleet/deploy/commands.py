"""Commands over stacks: deployed, looked at, destroyed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from threading import Lock
from typing import Annotated

import typer
from rich.console import Console

from fleet.deploy.deployment import Deployment, Outcome
from fleet.deploy.losses import Lose, granted_losses
from fleet.deploy.progress import changes_text
from fleet.deploy.running import (
    CHANGES_FOUND,
    NAMED,
    Act,
    FleetRun,
    Running,
    stacks_text,
    tell_lines,
)
from fleet.deploy.selection import Selection
from fleet.deploy.showing import show_changes
from fleet.options import with_common
from fleet.project import current_project
from fleet.runbooks.members import kept_scripts
from fleet.terminal import asks, console, tell
from stacks.references import references
from stacks.schema import schema_text

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Refresh = Annotated[
    bool,
    typer.Option(
        "--refresh", help="Look up in AWS what stands there, rather than trust the state."
    ),
]


@with_common
def up(
    selection: Selection,
    running: Running,
    yes: Yes = False,
    refresh: Refresh = False,
    lose: Lose = None,
) -> None:
    """Deploy stacks, each after those that it reads: preview with policies, then update. On a
    terminal what would change is shown, and asked for."""
    selection.must_choose()
    if not yes and not asks():
        raise typer.BadParameter("there is nobody to ask here: look at a preview, and say --yes")
    run = FleetRun("up", selection, running, refresh=refresh)
    if yes:
        run.act("deploying", partial(Deployment.up, refreshed=refresh, lose=lose or ()))
        run.told(_shown, kept=_kept(run))
    else:
        _ask_and_deploy(run, refreshed=refresh, lose=lose or (), on=run.beside_results)
        run.told(kept=_kept(run))


def _kept(run: FleetRun) -> Iterable[str]:
    """Of what came through."""
    return kept_scripts({stack: run.settings[stack] for stack in run.outcomes}, current_project())


def _ask_and_deploy(run: FleetRun, *, refreshed: bool, lose: Sequence[str], on: Console) -> None:
    run.act("previewing", _previewing(refreshed=refreshed), ordered=False, patient=True)
    if run.is_cancelled:
        return
    show_changes(on, run.outcomes.values(), properties=False)
    run.tell_failures()
    run.hold_back()
    planned, changing = run.outcomes, run.changing
    if not changing:
        return
    changes = {stack: planned[stack].details for stack in changing}
    granted = granted_losses(changes, lose, ask=True)
    if not typer.confirm(f"Deploy {_counted([planned[stack] for stack in changing])}?", err=True):
        tell("nothing was deployed")
        raise typer.Exit(1)
    updated: set[str] = set()

    def deploy(deployment: Deployment) -> Outcome:
        """A plan holds no more once a stack that this one reads is another."""
        plan = planned[deployment.stack]
        if plan.waits_for or updated.intersection(references(deployment.settings)):
            outcome = deployment.up(refreshed=refreshed, lose=granted)
        elif plan.changed:
            outcome = deployment.update(refreshed=refreshed)
        else:
            return plan
        if outcome.changed:
            updated.add(deployment.stack)
        return outcome

    run.act("deploying", deploy, stacks=run.with_readers(changing))


def _counted(plans: Sequence[Outcome]) -> str:
    """What is asked for: of a few stacks each, of more how much it is in all."""
    if len(plans) <= NAMED:
        return "; ".join(f"{plan.stack}: {changes_text(plan)}" for plan in plans)
    changes = sum((Counter(plan.changes) for plan in plans), Counter[str]())
    details = [change for plan in plans for change in plan.details]
    drift = [change for plan in plans for change in plan.drift]
    all_ = Outcome(stack="", changes=changes, seconds=0, details=details, drift=drift)
    waiting = sum(bool(plan.waits_for) for plan in plans)
    later = f"; {waiting} of them cannot be previewed yet" if waiting else ""
    return f"{len(plans)} stacks: {changes_text(all_)}{later}"


def _shown(outcomes: Iterable[Outcome], *, properties: bool = False) -> None:
    show_changes(console, outcomes, properties=properties)


@with_common
def preview(
    selection: Selection,
    running: Running,
    refresh: Refresh = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Show each property that changes, old and new.")
    ] = False,
    expect_no_changes: Annotated[
        bool,
        typer.Option("--expect-no-changes", help="End with 2 where `up` would change anything."),
    ] = False,
) -> None:
    """Show what `up` would change, with policies. A stack can be previewed once those that it reads
    are deployed."""
    run = FleetRun(
        "preview",
        selection,
        running,
        refresh=refresh,
        diff=diff,
        expect_no_changes=expect_no_changes,
    )
    run.act("previewing", _previewing(refreshed=refresh), ordered=False, patient=True)
    shown = partial(_shown, properties=diff)
    run.told(shown, kept=_kept(run))
    if expect_no_changes and run.changing:
        raise typer.Exit(CHANGES_FOUND)


@with_common
def refresh(selection: Selection, running: Running, yes: Yes = False) -> None:
    """Take into the stacks' states what stands in AWS; nothing changes there."""
    selection.must_choose()
    if not yes and not asks():
        raise typer.BadParameter("there is nobody to ask here: say --yes")
    run = FleetRun("refresh", selection, running)
    if run.settings and not yes:
        stacks = stacks_text(run.settings)
        typer.confirm(f"Take what stands in AWS into the states of {stacks}?", abort=True, err=True)
    run.act("refreshing", Deployment.refresh, ordered=False, patient=True)
    run.told(tell_lines)


def settings_schema() -> None:
    """Print the JSON schema of settings files, for editors."""
    typer.echo(schema_text(), nl=False)


def _previewing(*, refreshed: bool) -> Act:
    """Previews a stack where those that it reads are deployed, which is looked up once for all that
    read the same."""
    deployed: dict[str, bool] = {}
    looking: dict[str, Lock] = {}

    def previewed(deployment: Deployment) -> Outcome:
        for stack in references(deployment.settings):
            with looking.setdefault(stack, Lock()):
                if stack not in deployed:
                    deployed[stack] = deployment.beside(stack).is_deployed()
            if not deployed[stack]:
                return Outcome(stack=deployment.stack, changes={}, seconds=0, waits_for=stack)
        return deployment.preview(refreshed=refreshed)

    return previewed
