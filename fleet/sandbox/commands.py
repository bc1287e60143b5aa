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
from typing import Annotated

import typer
from pulumi.automation import PulumiCommand

from aws_sandbox.client import Sandbox, SandboxError
from aws_sandbox.plugin import NoOfficialPluginError, Plugin
from components.packaging.cache import alone
from components.packaging.layers import layer_file
from fleet.at_hand import PROJECT_VARIABLE, console, tell
from fleet.deploy.progress import StackProgress
from fleet.engine import engine
from fleet.errors import ToldError
from fleet.paths import PROJECT
from fleet.sandbox.stage import running, stacks_of, staged
from fleet.sandbox.summary import show, summarised
from fleet.sandbox.tour import Tour
from fleet.sandbox.workspace import Workspace, foreign, machine

app = typer.Typer(no_args_is_help=True, help="An AWS on this machine, to see all of it work.")

PLACE_VARIABLE = "BACKUP_ORG_SANDBOX"
"""Names the folder of another sandbox."""
WORKSPACE = Workspace(
    root=Path(os.environ.get(PLACE_VARIABLE) or PROJECT / "build" / "sandbox").absolute()
)
CUSTOMER = "acme"
ERRORS = (SandboxError, NoOfficialPluginError)
"""What the command prints without a traceback."""


PluginOption = Annotated[
    Plugin,
    typer.Option(help="What creates the resources: pulumi-aws's own plugin, or its stand-in."),
]


@app.command()
def up(plugin: PluginOption = Plugin.STAND_IN) -> None:
    """Start the sandbox, deploy the example customer, deliver reports, ask the lake, open a ticket.

    Where it runs already, the same once more: nothing is deployed anew, no incident opened twice.
    """
    for name in foreign(os.environ):
        del os.environ[name]
    with _alone():
        started = time.monotonic()
        with ThreadPoolExecutor() as pool:
            command = pool.submit(engine, tell)
            sandbox = pool.submit(running, CUSTOMER, WORKSPACE, tell)
            pool.submit(_build_layers).result()
            tour = _toured(command.result(), sandbox.result(), plugin)
        summary = summarised(tour, time.monotonic() - started)
        WORKSPACE.summary.write_text(json.dumps(summary, indent=2) + "\n")
    show(tour, summary, WORKSPACE.summary, console)


@app.command()
def prepare() -> None:
    """Get what `up` needs, once for this user: the Pulumi engine, and the functions' layers."""
    engine(tell)
    _build_layers()


@app.command()
def down() -> None:
    """Stop what `up` left running. Its state goes with it; what was installed stays."""
    with _alone():
        try:
            sandbox = Sandbox.attach(WORKSPACE.root)
        except SandboxError as error:
            console.print(f"nothing to stop: {error}")
        else:
            sandbox.stop()
            console.print("the sandbox is stopped")
        WORKSPACE.clear()


@app.command()
def env() -> None:
    """Print what a shell needs to work in the sandbox: eval "$(backup-org sandbox env)"."""
    region = next(iter(stacks_of(CUSTOMER, PROJECT).values())).region
    environment = WORKSPACE.environment(Sandbox.attach(WORKSPACE.root), region)
    # The sandbox's settings, not those of the checkout, whose accounts are not there.
    environment = {**environment, PROJECT_VARIABLE: str(WORKSPACE.project)}
    others = [name for name in foreign(os.environ) if name not in environment]
    if others:
        typer.echo(f"unset {' '.join(others)}")
    for name, value in environment.items():
        typer.echo(f"export {name}={shlex.quote(value)}")
    if shutil.which("pulumi") is None:
        folder = Path(engine(tell).command).parent
        typer.echo(f'export PATH={shlex.quote(str(folder))}:"$PATH"')


@app.command()
def status() -> None:
    """Print build/sandbox.json: where the running sandbox is, and what was deployed in it."""
    endpoint = Sandbox.attach(WORKSPACE.root).endpoint
    file = WORKSPACE.summary
    text = file.read_text() if file.is_file() else "{}"
    if json.loads(text).get("endpoint") != endpoint:
        raise ToldError(
            f"a sandbox runs at {endpoint}, but its main job has not come to an end; run: make up"
        )
    typer.echo(text)


def _alone() -> AbstractContextManager[None]:
    """One process at a time starts, deploys into, or stops what runs in the workspace."""
    return alone(WORKSPACE.lock, "works in this sandbox", tell, elsewhere=PLACE_VARIABLE)


def _build_layers() -> None:
    here = machine()
    for layer in ("base", "duckdb"):
        layer_file(layer, here, tell)


def _toured(command: PulumiCommand, sandbox: Sandbox, plugin: Plugin) -> Tour:
    stage = staged(CUSTOMER, WORKSPACE, sandbox, command, plugin)
    with StackProgress(console) as progress:
        tour = Tour(stage, progress)
        tour.run()
    return tour
