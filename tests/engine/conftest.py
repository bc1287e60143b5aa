"""A sandbox and the genuine engine for each file of tests; state and settings of its own."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi.automation import PulumiCommand

from aws_sandbox.aws.organization import SECRET_ACCESS_KEY, Organization
from aws_sandbox.aws.server import AwsServer
from aws_sandbox.client import Sandbox
from aws_sandbox.plugin import ForkServer, Plugin
from aws_sandbox.plugin.install import plugin_folder
from aws_sandbox.plugin.starter import SOCKET
from components.packaging.layers import layer_file, layer_names
from fleet.deploy.deployment import Deployment
from fleet.engine import engine
from fleet.sandbox.stage import Stage, organization_for, running, stacks_of, staged
from fleet.sandbox.tour import give_credentials
from fleet.sandbox.workspace import Workspace, machine
from stacks.load import CUSTOMERS, KEY

PLUGIN = Plugin(os.environ.get("BACKUP_ORG_SANDBOX_PLUGIN", Plugin.STAND_IN))
"""What creates the resources: the stand-in, or `official`."""
_TIME_SCALE = 600
"""A message that failed is tried again after 0.6 s instead of 6 minutes."""

Change = Callable[[dict[str, Any]], None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.engine)


@pytest.fixture(autouse=True)
def _closed_loops(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Closes the event loops that the Automation API leaves open when the engine ends first."""
    made: list[asyncio.AbstractEventLoop] = []
    new_event_loop = asyncio.new_event_loop

    def noted() -> asyncio.AbstractEventLoop:
        made.append(new_event_loop())
        return made[-1]

    monkeypatch.setattr(asyncio, "new_event_loop", noted)
    yield
    for loop in made:
        while loop.is_running():
            time.sleep(0.01)
        loop.close()


@pytest.fixture(scope="session")
def pulumi() -> PulumiCommand:
    return engine(print)


@pytest.fixture(scope="session")
def _layers() -> None:
    for layer in layer_names():
        layer_file(layer, machine(), print)


@pytest.fixture(scope="session")
def _forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where plugins of all sandboxes are forked: what they need takes seconds to import."""
    home = tmp_path_factory.mktemp("plugins")
    with ForkServer(home):
        yield plugin_folder(home) / SOCKET


@pytest.fixture(scope="module")
def stage(
    tmp_path_factory: pytest.TempPathFactory, pulumi: PulumiCommand, _layers: None, _forks: Path
) -> Iterator[Stage]:
    """acme's settings in a sandbox of their own, nothing deployed."""
    workspace = Workspace(root=tmp_path_factory.mktemp("sandbox"))
    plugins = plugin_folder(workspace.pulumi_home)
    plugins.mkdir(parents=True)
    (plugins / SOCKET).symlink_to(_forks)
    sandbox = Sandbox.start(
        workspace.root,
        organizations=[organization_for("acme", stacks_of("acme", workspace.source))],
        time_scale=_TIME_SCALE,
        with_parent=True,
    )
    try:
        made = staged("acme", workspace, sandbox, pulumi, PLUGIN)
        give_credentials(made)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in made.engine.environment.items():
                patch.setenv(name, value)  # what is looked up in AWS is looked up there
            yield made
    finally:
        sandbox.stop()


@pytest.fixture(scope="module")
def stage_of(stage: Stage, pulumi: PulumiCommand) -> Callable[[str], Stage]:
    """Brings another example customer into the same sandbox, nothing deployed."""

    def stage_of(customer: str) -> Stage:
        sandbox = running(customer, stage.workspace, print)
        made = staged(customer, stage.workspace, sandbox, pulumi, PLUGIN)
        give_credentials(made)
        return made

    return stage_of


@pytest.fixture
def change_settings(stage: Stage) -> Iterator[Callable[[str, Change], Deployment]]:
    """Changes a stack's own settings for one test, and gives the stack."""
    before: dict[Path, str] = {}

    def change(stack: str, how: Change) -> Deployment:
        path = stage.workspace.project / CUSTOMERS / f"Pulumi.{stack}.yaml"
        before.setdefault(path, path.read_text())
        content = yaml.safe_load(path.read_text())
        how(content["config"][KEY])
        path.write_text(yaml.safe_dump(content))
        return Deployment(stage.engine, stack)

    yield change
    for path, text in before.items():
        path.write_text(text)


def as_administrator(
    aws: AwsServer,
    organization: Organization,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    columns: int,
) -> None:
    """Lets commands in this process work on a project as the management account's administrator,
    at an AWS in this process, on a terminal so wide."""
    nothing = project / "config"
    nothing.touch()
    environment = {
        "BACKUP_ORG_PROJECT": project,
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_ACCESS_KEY_ID": organization.access_key_id,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_CONFIG_FILE": nothing,
        "AWS_SHARED_CREDENTIALS_FILE": nothing,
        "AWS_EC2_METADATA_DISABLED": "true",
        "COLUMNS": columns,
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.delenv("AWS_PROFILE", raising=False)
