"""`backup-org sandbox up|down|env|status`."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Any

import typer

from aws_sandbox.client import Sandbox, SandboxError
from aws_sandbox.plugin import Plugin
from components.packaging.cache import alone
from components.packaging.layers import layer_file, layer_names
from fleet.deploy.progress import StackProgress
from fleet.engine import engine
from fleet.errors import ToldError
from fleet.project import PROJECT, PROJECT_VARIABLE, nearest_project
from fleet.sandbox.stage import customers_in, running, stacks_of, staged
from fleet.sandbox.summary import Files, show, summarised, written_out
from fleet.sandbox.tour import Tour
from fleet.sandbox.workspace import Workspace, foreign, machine
from fleet.shell import shell_lines
from fleet.terminal import console, tell

PLACE_VARIABLE = "BACKUP_ORG_SANDBOX"
"""Names the folder of another sandbox."""
EXAMPLE = "acme"


def up(
    customer: Annotated[str, typer.Argument(help="Whose settings are deployed.")] = EXAMPLE,
    plugin: Annotated[
        Plugin,
        typer.Option(help="What creates the resources: pulumi-aws's own plugin, or its stand-in."),
    ] = Plugin.STAND_IN,
) -> None:
    """Start the sandbox, deploy a customer, deliver reports, ask the lake, open a ticket.

    Where it runs already, the same once more: nothing is deployed anew, no incident opened twice.
    Another customer is brought up beside those that are there.
    """
    for name in foreign(os.environ):
        del os.environ[name]
    workspace = _workspace()
    stacks_of(customer, workspace.source)  # whatever is wrong is told before anything is started
    with _alone(workspace):
        started = time.monotonic()
        with ThreadPoolExecutor() as pool:
            command = pool.submit(engine, tell)
            sandbox = pool.submit(running, customer, workspace, tell)
            pool.submit(_build_layers).result()
            stage = staged(customer, workspace, sandbox.result(), command.result(), plugin)
        with StackProgress(len(stage.stacks), "deploying") as progress:
            tour = Tour(stage, progress)
            tour.run()
        summary = summarised(tour, time.monotonic() - started, _told(workspace, stage.sandbox))
        told = summary["customers"][customer]
        answers = workspace.answers(customer)
        answers.write_text(written_out(tour.answers, tour.lacks, told["region"]), encoding="utf-8")
        page = workspace.report(customer)
        if tour.report is not None:
            page.write_text(tour.report.page, encoding="utf-8")
        workspace.summary.write_text(json.dumps(summary, indent=2) + "\n")
    files = Files(summary=workspace.summary, answers=answers, report=page)
    show(told, tour.answers, tour.lacks, files, console)


def prepare() -> None:
    """Get what `up` needs, once for this user: the Pulumi engine, and the functions' layers."""
    engine(tell)
    _build_layers()


def down() -> None:
    """Stop what `up` left running. Its state goes with it; what was installed stays."""
    workspace = _workspace()
    with _alone(workspace):
        try:
            sandbox = Sandbox.attach(workspace.root)
        except SandboxError as error:
            console.print(f"nothing to stop: {error}")
        else:
            sandbox.stop()
            console.print("the sandbox is stopped")
        workspace.clear()


def env(
    customer: Annotated[
        str | None, typer.Argument(help="Whom to work for; else the one brought up first.")
    ] = None,
) -> None:
    """Print what a shell needs to work in the sandbox: eval "$(backup-org sandbox env)"."""
    workspace = _workspace()
    sandbox = Sandbox.attach(workspace.root)
    there = customers_in(workspace.project)
    first = _told(workspace, sandbox).get("customer")
    name = customer or (first if first in there else next(iter(there), EXAMPLE))
    settings = next(iter(stacks_of(name, workspace.project).values()))
    environment = workspace.environment(sandbox, settings)
    # The sandbox's settings, not those of the checkout, whose accounts are not there.
    environment = {**environment, PROJECT_VARIABLE: str(workspace.project)}
    for line in shell_lines({**dict.fromkeys(foreign(os.environ)), **environment}):
        typer.echo(line)
    if shutil.which("pulumi") is None:
        folder = Path(engine(tell).command).parent
        typer.echo(f'export PATH={shlex.quote(str(folder))}:"$PATH"')


def status() -> None:
    """Print build/sandbox.json: where the running sandbox is, and what was deployed in it."""
    workspace = _workspace()
    sandbox = Sandbox.attach(workspace.root)
    told = _told(workspace, sandbox)
    if not told:
        raise ToldError(
            f"a sandbox runs at {sandbox.endpoint}, but its main job has not come to an end; "
            "run: make up"
        )
    typer.echo(json.dumps(told, indent=2))


def _workspace() -> Workspace:
    """The sandbox's folder; it takes settings from the project around the current folder."""
    root = Path(os.environ.get(PLACE_VARIABLE) or PROJECT / "build" / "sandbox").absolute()
    around = nearest_project()
    return Workspace(root=root, source=PROJECT if around.is_relative_to(root) else around)


def _told(workspace: Workspace, sandbox: Sandbox) -> dict[str, Any]:
    """What build/sandbox.json says of the sandbox that runs; nothing where it is of another."""
    if not workspace.summary.is_file():
        return {}
    told = json.loads(workspace.summary.read_text())
    return told if told.get("endpoint") == sandbox.endpoint else {}


def _alone(workspace: Workspace) -> AbstractContextManager[None]:
    """One process at a time starts, deploys into, or stops what runs in the workspace."""
    return alone(workspace.lock, "works in this sandbox", tell, elsewhere=PLACE_VARIABLE)


def _build_layers() -> None:
    here = machine()
    for layer in layer_names():
        layer_file(layer, here, tell)
