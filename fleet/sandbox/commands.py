"""`backup-org sandbox up|down|env|status`."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import typer
from pulumi.automation import PulumiCommand

from fleet import layers
from fleet.at_hand import PROJECT_VARIABLE, console, tell
from fleet.engine import engine
from fleet.paths import PROJECT
from fleet.progress import StackProgress
from fleet.sandbox.stage import running, stacks_of, staged
from fleet.sandbox.summary import show, summarised
from fleet.sandbox.tour import Tour
from fleet.sandbox.workspace import Workspace, machine
from sandbox.client import Sandbox, SandboxError

app = typer.Typer(no_args_is_help=True, help="An AWS on this machine, to see all of it work.")

WORKSPACE = Workspace(
    root=Path(os.environ.get("BACKUP_ORG_SANDBOX") or PROJECT / "build" / "sandbox").absolute()
)
SUMMARY = WORKSPACE.root.parent / f"{WORKSPACE.root.name}.json"
CUSTOMER = "acme"
ERRORS = (SandboxError,)
"""What the command prints without a traceback."""


@app.command()
def up() -> None:
    """Start the sandbox, deploy the example customer, deliver reports, ask the lake, open a ticket.

    Where it runs already, the same once more: nothing to change, nothing twice.
    """
    started = time.monotonic()
    with ThreadPoolExecutor() as pool:
        command = pool.submit(engine, tell)
        sandbox = pool.submit(running, CUSTOMER, WORKSPACE)
        pool.submit(_build_layers).result()
        tour = _toured(command.result(), sandbox.result())
    summary = summarised(tour, time.monotonic() - started)
    SUMMARY.write_text(json.dumps(summary, indent=2) + "\n")
    show(tour, summary, SUMMARY, console)


@app.command()
def prepare() -> None:
    """Get what `up` needs, once for this user: the Pulumi engine, and the functions' layers."""
    engine(tell)
    _build_layers()


@app.command()
def down() -> None:
    """Stop what `up` left running. Its state goes with it; what was installed stays."""
    try:
        Sandbox.attach(WORKSPACE.root).stop()
    except SandboxError as error:
        console.print(f"nothing to stop: {error}")
    else:
        console.print("the sandbox is stopped")
    WORKSPACE.clear()
    SUMMARY.unlink(missing_ok=True)


@app.command()
def env() -> None:
    """Print what a shell needs to work in the sandbox: eval "$(backup-org sandbox env)"."""
    region = next(iter(stacks_of(CUSTOMER, PROJECT).values())).region
    environment = WORKSPACE.environment(Sandbox.attach(WORKSPACE.root), region)
    # The sandbox's settings, not those of the checkout, whose accounts are not there.
    environment = {**environment, PROJECT_VARIABLE: str(WORKSPACE.project)}
    for name, value in environment.items():
        typer.echo(f"export {name}={shlex.quote(value)}")
    if shutil.which("pulumi") is None:
        folder = Path(engine(tell).command).parent
        typer.echo(f'export PATH={shlex.quote(str(folder))}:"$PATH"')


@app.command()
def status() -> None:
    """Print build/sandbox.json: where the running sandbox is, and what was deployed in it."""
    Sandbox.attach(WORKSPACE.root)
    typer.echo(SUMMARY.read_text())


def _build_layers() -> None:
    here = machine()
    for layer in ("base", "duckdb"):
        layers.build(layer, here, tell)


def _toured(command: PulumiCommand, sandbox: Sandbox) -> Tour:
    stage = staged(CUSTOMER, WORKSPACE, sandbox, command)
    with StackProgress(console) as progress:
        tour = Tour(stage, progress)
        tour.run()
    return tour
