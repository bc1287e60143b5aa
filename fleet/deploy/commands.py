"""Commands over stacks: deployed, looked at, destroyed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer
from rich.table import Table

from fleet.deploy.deployment import Deployment, Outcome, StackFailed, engine_here
from fleet.deploy.order import chosen, in_order, settings_of
from fleet.deploy.progress import StackProgress
from fleet.project import current_project
from fleet.runbooks.members import kept_scripts
from fleet.terminal import console
from stacks.references import references
from stacks.schema import schema_text

Names = Annotated[
    list[str] | None, typer.Argument(help="Stacks or customers; every stack where none is named.")
]


def up(names: Names = None) -> None:
    """Deploy stacks, each after those that it reads: preview with policies, then update."""
    _act(names, Deployment.up)
    _tell_kept(names)


def preview(names: Names = None) -> None:
    """Show what `up` would change, with policies. A stack can be previewed once those that it reads
    are deployed."""
    _act(names, _previewed)
    _tell_kept(names)


def destroy(
    names: Annotated[list[str], typer.Argument(help="Stacks or customers.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete what stacks deployed, the readers first."""
    stacks = chosen(names, current_project())
    if not yes:
        typer.confirm(f"Delete what {', '.join(stacks)} deployed?", abort=True)
    _act(stacks, Deployment.destroy, backwards=True)


def outputs(stack: str) -> None:
    """Print what a stack exports; secrets masked."""
    console.print_json(data=Deployment(engine_here(), stack).outputs())


def settings_schema() -> None:
    """Print the JSON schema of settings files, for editors."""
    typer.echo(schema_text(), nl=False)


def _tell_kept(names: list[str] | None) -> None:
    """What no deployment overwrites, because it is staff's."""
    for line in kept_scripts(names, current_project()):
        console.print(line)


def _act(
    names: list[str] | None, act: Callable[[Deployment], Outcome], *, backwards: bool = False
) -> None:
    root = current_project()
    stacks = settings_of(chosen(names or [], root), root)  # what is wrong is told of all, first
    ready = engine_here()
    with StackProgress(console) as progress:
        deployments = [Deployment(ready, stack, progress.hear) for stack in stacks]

        def watched(deployment: Deployment) -> Outcome:
            try:
                return act(deployment)
            except StackFailed:
                progress.fails(deployment.stack)
                raise

        outcomes = in_order(deployments, watched, backwards=backwards)
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
        done = {op: count for op, count in outcome.changes.items() if op != "same" and count}
        changes = ", ".join(f"{count} {op}" for op, count in sorted(done.items()))
        if outcome.waits_for:
            changes = f"cannot be previewed before {outcome.waits_for} is deployed"
        table.add_row(outcome.stack, changes or "none", f"{outcome.seconds:.1f}")
    return table
