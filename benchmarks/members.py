"""A customer with a table of members in the sandbox, and `backup-org` as it is typed there."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from benchmarks.commands import COMMAND
from components.packaging.layers import layer_file, layer_names
from fleet.engine import engine
from fleet.project import PROJECT, PROJECT_VARIABLE
from fleet.sandbox.stage import Stage, running, staged
from fleet.sandbox.tour import give_credentials
from fleet.sandbox.workspace import Workspace, machine
from stacks.load import CUSTOMERS

CUSTOMER, CENTRAL, MEMBER = "acme", "acme-audit", "acme-member-web"
"""Of the examples: what members read, and the one that each row is like."""


@contextmanager
def members(count: int) -> Generator[tuple[Stage, list[str]]]:
    """The examples in a sandbox of their own, and the stacks of further members; nothing is
    deployed."""
    with TemporaryDirectory() as folder:
        names = [f"row{number}" for number in range(count)]
        workspace = Workspace(
            root=Path(folder) / "sandbox", source=_settings(Path(folder) / "source", names)
        )
        sandbox = running(CUSTOMER, workspace, say_nothing, with_parent=True)
        try:
            stage = staged(CUSTOMER, workspace, sandbox, engine(say_nothing))
            for layer in layer_names():
                layer_file(layer, machine(), say_nothing)
            give_credentials(stage)
            yield stage, [f"{CUSTOMER}-member-{name}" for name in names]
        finally:
            sandbox.stop()


@contextmanager
def only(stage: Stage, count: int) -> Generator[None]:
    """The customer as long as it has but the first of these members."""
    shared = stage.workspace.project / CUSTOMERS / f"{CUSTOMER}.yaml"
    before = shared.read_text()
    content = yaml.safe_load(before)
    content["members"] = dict(list(content["members"].items())[:count])
    shared.write_text(yaml.safe_dump(content, sort_keys=False))
    try:
        yield
    finally:
        shared.write_text(before)


def backup_org(stage: Stage, *arguments: str, exit_code: int = 0) -> str:
    """What it prints. Raises AssertionError with all that it says where it ends otherwise than
    expected."""
    answer = subprocess.run(
        [COMMAND, *arguments],
        env={
            **os.environ,
            **stage.engine.environment,
            PROJECT_VARIABLE: str(stage.workspace.project),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != exit_code:
        said = f"{answer.stdout}{answer.stderr}"
        command = " ".join(["backup-org", *arguments])
        raise AssertionError(f"{command} ended with {answer.returncode}: {said}")
    return answer.stdout


def _settings(source: Path, names: list[str]) -> Path:
    """Members in acme's table like one of its own: 300000000000, ….1, …"""
    shutil.copytree(PROJECT / CUSTOMERS, source / CUSTOMERS)
    shutil.copy(PROJECT / "Pulumi.yaml", source)
    shared = source / CUSTOMERS / f"{CUSTOMER}.yaml"
    own = yaml.safe_load((source / CUSTOMERS / f"Pulumi.{MEMBER}.yaml").read_text())
    row = dict(own["config"]["backup-org:settings"])
    for key in ("extends", "role", "name"):
        del row[key]
    table = {name: {**row, "account": str(300_000_000_000 + i)} for i, name in enumerate(names)}
    shared.write_text(
        yaml.safe_dump({**yaml.safe_load(shared.read_text()), "members": table}, sort_keys=False)
    )
    return source


def say_nothing(line: str) -> None:
    del line
