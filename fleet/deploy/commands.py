"""Commands over stacks: deployed, looked at, destroyed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer
from rich.table import Table

from fleet.deploy.deployment import Deployment, Outcome, engine_here
from fleet.deploy.order import in_order, settings_of
from fleet.deploy.progress import StackProgress, changes_text
from fleet.deploy.selection import Selection, selecting, selecting_deliberately
from fleet.project import current_project
from fleet.runbooks.members import kept_scripts
from fleet.terminal import console
from stacks.references import references
from stacks.schema import schema_text


@selecting_deliberately
def up(
    selection: Selection,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Deploy stacks, each after those that it reads: preview with policies, then update."""
    del yes
    _act(selection, "deploying", Deployment.up)
    _tell_kept(selection)


@selecting
def preview(selection: Selection) -> None:
    """Show what `up` would change, with policies. A stack can be previewed once those that it reads
    are deployed."""
    _act(selection, "previewing", _previewed)
    _tell_kept(selection)


@selecting_deliberately
def destroy(
    selection: Selection,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete what stacks deployed, the readers first."""
    if not yes:
        stacks = ", ".join(selection.stacks(current_project()))
        typer.confirm(f"Delete what {stacks} deployed?", abort=True)
    _act(selection, "deleting", Deployment.destroy, backwards=True)


def outputs(stack: str) -> None:
    """Print what a stack exports; secrets masked."""
    console.print_json(data=Deployment(engine_here(), stack).outputs())


def settings_schema() -> None:
    """Print the JSON schema of settings files, for editors."""
    typer.echo(schema_text(), nl=False)


def _tell_kept(selection: Selection) -> None:
    """What no deployment overwrites, because it is staff's."""
    root = current_project()
    for line in kept_scripts(selection.stacks(root), root):
        console.print(line)


def _act(
    selection: Selection,
    doing: str,
    act: Callable[[Deployment], Outcome],
    *,
    backwards: bool = False,
) -> None:
    root = current_project()
    stacks = settings_of(selection.stacks(root), root)  # what is wrong is told of all, first
    ready = engine_here()
    with StackProgress(len(stacks), doing) as progress:
        deployments = [Deployment(ready, stack, progress.hear) for stack in stacks]
        outcomes = in_order(deployments, act, backwards=backwards, on=progress)
    console.print(_table(outcomes))
    for outcome in outcomes:
        for line in outcome.advice:
            console.print(f"{outcome.stack}: advice: {line}")
        for resource in outcome.left:
            console.print(f"{outcome.stack}: left in the account: {resource}")


def _previewed(deployment: Deployment) -> Outcome:
    for stack in references(deployment.settings):
        if not deployment.beside(stack).is_deployed():
            return Outcome(stack=deployment.stack, changes={}, seconds=0, waits_for=stack)
    return deployment.preview()


def _table(outcomes: list[Outcome]) -> Table:
    table = Table("stack", "changes", "seconds")
    for outcome in outcomes:
        changes = changes_text(outcome)
        table.add_row(outcome.stack, changes, f"{outcome.seconds:.1f}")
    return table
