"""A running sandbox with a customer's settings in it, ready to be deployed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pulumi.automation import PulumiCommand

from aws_sandbox.aws.organization import Account, Organization
from aws_sandbox.client import Sandbox, SandboxError
from aws_sandbox.plugin import Plugin
from fleet.deploy.deployment import Deployment, Engine, OnEvent, ignore
from fleet.deploy.order import chosen
from fleet.paths import PROJECT
from fleet.sandbox.cut_off import cut_off
from fleet.sandbox.workspace import Workspace
from stacks import load
from stacks.load import Settings


@dataclass(frozen=True, kw_only=True)
class Stage:
    customer: str
    workspace: Workspace
    sandbox: Sandbox
    engine: Engine

    @property
    def stacks(self) -> Mapping[str, Settings]:
        """The customer's stacks by name, as the workspace has their settings now."""
        return stacks_of(self.customer, self.workspace.project)

    def deployments(self, on_event: OnEvent = ignore) -> list[Deployment]:
        """One for each stack."""
        return [Deployment(self.engine, stack, on_event) for stack in self.stacks]


def running(
    customer: str,
    workspace: Workspace,
    tell: Callable[[str], None],
    *,
    time_scale: float = 60,
    with_parent: bool = False,
) -> Sandbox:
    """The sandbox that runs in a workspace, else a new one without any state.

    A new one too after a deployment that was cut off: what it made and did not note would be in
    the next one's way.
    """
    try:
        found = Sandbox.attach(workspace.root)
    except SandboxError:
        pass
    else:
        stacks = cut_off(workspace.state)
        if not stacks:
            return found
        tell(f"sandbox: begun anew, as a deployment was cut off: {', '.join(stacks)}")
        found.stop()
    workspace.clear()
    stacks = stacks_of(customer, PROJECT)
    organization = Organization(
        management_account=next(iter(stacks.values())).organization.management_account,
        accounts=[
            Account(id=settings.account, name=name.removeprefix(f"{customer}-"))
            for name, settings in stacks.items()
        ],
    )
    return Sandbox.start(
        workspace.root,
        organizations=[organization],
        time_scale=time_scale,
        with_parent=with_parent,
        pulumi_home=workspace.pulumi_home,
    )


def staged(
    customer: str,
    workspace: Workspace,
    sandbox: Sandbox,
    command: PulumiCommand,
    plugin: Plugin = Plugin.STAND_IN,
) -> Stage:
    """Copies the customer's settings in, and puts the engine's plugin where it looks."""
    workspace.prepare(customer, sandbox.servicenow_url)
    workspace.install_plugin(plugin, command)
    region = next(iter(stacks_of(customer, PROJECT).values())).region
    return Stage(
        customer=customer,
        workspace=workspace,
        sandbox=sandbox,
        engine=workspace.engine(command, sandbox, region),
    )


def stacks_of(customer: str, project: Path) -> dict[str, Settings]:
    return {name: load.from_files(name, project) for name in chosen([customer], project)}
