"""The `backup-org` command."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Annotated

import pulumi
import typer
from rich.table import Table

from fleet import accounts
from fleet.at_hand import console, engine_here, project, tell
from fleet.deploy.deployment import Deployment, Outcome, StackFailed
from fleet.deploy.order import FleetFailed, chosen, in_order
from fleet.deploy.prepare import prepare
from fleet.deploy.progress import StackProgress
from fleet.doctor.examination import findings_of
from fleet.errors import ToldError
from fleet.interrupts import INTERRUPTED, asked, end_in_order, leave
from fleet.lake import commands as lake_commands
from fleet.proxies import reach_this_machine_directly
from fleet.replay import commands as replay
from fleet.sandbox import commands as sandbox_commands
from stacks import load
from stacks.references import references
from stacks.schema import schema_text

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="AWS Backup for an organization of accounts."
)
lake_commands.register(app)
app.command(name="replay")(replay.replay)
app.add_typer(sandbox_commands.app, name="sandbox")

KNOWN_ERRORS = (ToldError, pulumi.RunError, ValueError, *sandbox_commands.ERRORS)

Names = Annotated[
    list[str] | None, typer.Argument(help="Stacks or customers; every stack where none is named.")
]


@app.command()
def up(names: Names = None) -> None:
    """Deploy stacks, each after those that it reads: preview with policies, then update."""
    _act(names, Deployment.up)


@app.command()
def preview(names: Names = None) -> None:
    """Show what `up` would change, with policies. A stack can be previewed once those that it reads
    are deployed."""
    _act(names, _previewed)


@app.command()
def destroy(
    names: Annotated[list[str], typer.Argument(help="Stacks or customers.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete what stacks deployed, the readers first."""
    stacks = chosen(names, project())
    if not yes:
        typer.confirm(f"Delete what {', '.join(stacks)} deployed?", abort=True)
    _act(stacks, Deployment.destroy, backwards=True)


@app.command()
def outputs(stack: str) -> None:
    """Print what a stack exports; secrets masked."""
    console.print_json(data=Deployment(engine_here(), stack).outputs())


@app.command()
def doctor(names: Names = None) -> None:
    """Look up in AWS what settings alone cannot tell; exits with 1 where something needs a cure."""
    root = project()
    table = Table("stack", "about", "found")
    needs: list[str] = []
    cures: list[str] = []
    for stack in chosen(names or [], root):
        for finding in findings_of(stack, root):
            table.add_row(stack, finding.about, finding.found)
            needs += [f"{stack}: {finding.about}: {need}" for need in finding.needs]
            if finding.cure:
                cures.append(f"{stack}: {finding.about}: {finding.cure}")
    console.print(table)
    for line in (*needs, *cures):  # each on a line of its own, so that it can be copied
        console.print(line)
    if cures:
        raise typer.Exit(1)


@app.command(name="prepare")
def prepare_stacks(names: Names = None) -> None:
    """Make in the stacks' accounts what no stack may own, where it is not there yet."""
    root = project()
    for stack in chosen(names or [], root):
        settings = load.from_files(stack, root)
        for done in prepare(settings, accounts.session(settings)):
            console.print(f"{stack}: {done}")


@app.command(name="settings-schema")
def settings_schema() -> None:
    """Print the JSON schema of settings files, for editors."""
    typer.echo(schema_text(), nl=False)


def _act(
    names: list[str] | None, act: Callable[[Deployment], Outcome], *, backwards: bool = False
) -> None:
    stacks = _checked(chosen(names or [], project()))
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


def _checked(stacks: list[str]) -> list[str]:
    """The same, once the settings of all are in order; every problem of every stack is told."""
    problems: list[str] = []
    for stack in stacks:
        try:
            load.from_files(stack, project())
        except load.SettingsError as error:
            problems.append(str(error))
    if problems:
        raise ToldError("\n".join(problems))
    return stacks


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


def main() -> None:
    """Known errors are said in full and without a traceback."""
    reach_this_machine_directly(os.environ)
    end_in_order()
    try:
        app()
    except KNOWN_ERRORS as error:
        console.print(str(error), style="red")
        if isinstance(error, StackFailed | FleetFailed):
            leave(1)
        raise SystemExit(1) from error
    finally:
        if asked():
            tell("interrupted: what was under way has ended")
            leave(INTERRUPTED)
