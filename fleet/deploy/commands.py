"""Commands over stacks: deployed, looked at, destroyed."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Annotated

import typer

from fleet.deploy.deployment import Deployment, Outcome
from fleet.deploy.progress import changes_text
from fleet.deploy.running import Act, FleetRun, Running, tell_lines
from fleet.deploy.selection import Selection
from fleet.options import with_common
from fleet.project import current_project
from fleet.runbooks.members import kept_scripts
from fleet.terminal import asides, asks, tell
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
) -> None:
    """Deploy stacks, each after those that it reads: preview with policies, then update. On a
    terminal what would change is shown, and asked for."""
    selection.must_choose()
    if not yes and not asks():
        raise typer.BadParameter("there is nobody to ask here: look at a preview, and say --yes")
    run = FleetRun("up", selection, running)
    if yes:
        run.act("deploying", partial(Deployment.up, refreshed=refresh))
    else:
        _ask_and_deploy(run, refreshed=refresh)
    run.told(tell_lines)
    _tell_kept(run.settings)


def _ask_and_deploy(run: FleetRun, *, refreshed: bool) -> None:
    run.act("previewing", _previewing(refreshed=refreshed), ordered=False, patient=True)
    run.tell_failures()
    planned = run.outcomes
    changing = [s for s, plan in planned.items() if plan.changed or plan.drift or plan.waits_for]
    for stack in changing:
        asides.print(f"{stack}: {changes_text(planned[stack])}", highlight=False)
    if not changing:
        return
    if not typer.confirm(f"Deploy {', '.join(changing)}?", err=True):
        tell("nothing was deployed")
        raise typer.Exit(1)
    updated: set[str] = set()

    def deploy(deployment: Deployment) -> Outcome:
        """A plan holds no more once a stack that this one reads is another."""
        plan = planned[deployment.stack]
        if plan.waits_for or updated.intersection(references(deployment.settings)):
            outcome = deployment.up(refreshed=refreshed)
        elif plan.changed or plan.drift:
            outcome = deployment.update(refreshed=refreshed)
        else:
            return plan
        if outcome.changed:
            updated.add(deployment.stack)
        return outcome

    run.act("deploying", deploy, stacks=planned)


@with_common
def preview(selection: Selection, running: Running, refresh: Refresh = False) -> None:
    """Show what `up` would change, with policies. A stack can be previewed once those that it reads
    are deployed."""
    run = FleetRun("preview", selection, running)
    run.act("previewing", _previewing(refreshed=refresh), ordered=False, patient=True)
    run.told(tell_lines)
    _tell_kept(run.settings)


@with_common
def refresh(selection: Selection, running: Running, yes: Yes = False) -> None:
    """Take into the stacks' states what stands in AWS; nothing changes there."""
    selection.must_choose()
    run = FleetRun("refresh", selection, running)
    if not yes:
        stacks = ", ".join(run.settings)
        typer.confirm(f"Take what stands in AWS into the states of {stacks}?", abort=True, err=True)
    run.act("refreshing", Deployment.refresh, ordered=False, patient=True)
    run.told(tell_lines)


@with_common
def destroy(selection: Selection, running: Running, yes: Yes = False) -> None:
    """Delete what stacks deployed, the readers first."""
    selection.must_choose()
    if not yes:
        stacks = ", ".join(selection.stacks(current_project()))
        typer.confirm(f"Delete what {stacks} deployed?", abort=True)
    run = FleetRun("destroy", selection, running)
    run.act("deleting", Deployment.destroy, backwards=True)
    run.told(tell_lines)


def settings_schema() -> None:
    """Print the JSON schema of settings files, for editors."""
    typer.echo(schema_text(), nl=False)


def _tell_kept(stacks: Iterable[str]) -> None:
    """What no deployment overwrites, because it is staff's."""
    for line in kept_scripts(stacks, current_project()):
        tell(line)


def _previewing(*, refreshed: bool) -> Act:
    """Previews a stack where those that it reads are deployed, which is looked up once for all that
    read the same."""
    deployed: dict[str, bool] = {}

    def previewed(deployment: Deployment) -> Outcome:
        for stack in references(deployment.settings):
            if stack not in deployed:
                deployed[stack] = deployment.beside(stack).is_deployed()
            if not deployed[stack]:
                return Outcome(stack=deployment.stack, changes={}, seconds=0, waits_for=stack)
        return deployment.preview(refreshed=refreshed)

    return previewed
