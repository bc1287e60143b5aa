"""A running sandbox with a customer's settings in it, ready to be deployed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pulumi.automation import PulumiCommand

from aws_sandbox.aws.organization import Account, Organization, Unit
from aws_sandbox.client import Sandbox, SandboxError
from aws_sandbox.plugin import Plugin
from fleet.deploy.deployment import Deployment, Engine, OnEvent, ignore
from fleet.deploy.order import settings_of
from fleet.deploy.selection import chosen
from fleet.errors import ToldError
from fleet.sandbox.cut_off import cut_off
from fleet.sandbox.workspace import ADMINISTRATOR_ROLE, Workspace
from stacks import load
from stacks.load import CUSTOMERS, Settings
from stacks.report_settings import ReportScope

_STACK = re.compile(r"(.+?)-(?:management|audit|member-.+)")


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
    """The sandbox that runs in a workspace, with the customer's organization in it, else a new one
    without any state.

    A new one too after a deployment that was cut off: what it made and did not note would be in
    the next one's way.
    """
    organization = organization_for(customer, stacks_of(customer, workspace.source))
    try:
        found = Sandbox.attach(workspace.root)
    except SandboxError:
        pass
    else:
        stacks = cut_off(workspace.state)
        if not stacks:
            _join(found, customer, organization)
            return found
        tell(f"sandbox: begun anew, as a deployment was cut off: {', '.join(stacks)}")
        found.stop()
    workspace.clear()
    return Sandbox.start(
        workspace.root,
        organizations=[organization],
        time_scale=time_scale,
        with_parent=with_parent,
        pulumi_home=workspace.pulumi_home,
    )


def _join(sandbox: Sandbox, customer: str, organization: Organization) -> None:
    try:
        sandbox.create_organization(organization)
    except SandboxError as error:
        raise ToldError(
            f"{customer} cannot be brought into the sandbox that runs: {error}\n"
            "Give each customer account ids of its own, or begin with a new sandbox: make down"
        ) from error


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
    first = next(iter(stacks_of(customer, workspace.project).values()))
    return Stage(
        customer=customer,
        workspace=workspace,
        sandbox=sandbox,
        engine=workspace.engine(command, sandbox, first),
    )


def customers_in(project: Path) -> list[str]:
    """Who has settings of stacks there, sorted."""
    names = (_STACK.fullmatch(stack) for stack in load.stacks_in(project))
    return sorted({name[1] for name in names if name})


def stacks_of(customer: str, project: Path) -> dict[str, Settings]:
    """The settings of a customer's stacks by name.

    Raises ToldError with every problem of all of them, and where there is no such customer.
    """
    there = customers_in(project)
    if customer not in there:
        raise ToldError(
            f"there is no customer {customer} in {project / CUSTOMERS}; there are: "
            f"{', '.join(there) or 'none'}"
        )
    return settings_of(chosen([customer], project), project)


def organization_for(customer: str, stacks: Mapping[str, Settings]) -> Organization:
    """The organization that these settings tell of, made ready as an operator makes theirs: with
    the accounts and units that are named, and with a delegated administrator where one is needed.
    Of a customer without one, its accounts, each alone.
    """
    told = next(iter(stacks.values())).organization.management_account
    accounts = {s.account: name.removeprefix(f"{customer}-") for name, s in stacks.items()}
    units: set[str] = set()
    for settings in stacks.values():
        for account, role in settings.organization.accounts.items():
            accounts.setdefault(account, role)
        scope = "account" if settings.reports is None else settings.reports.scope
        if isinstance(scope, ReportScope):
            units.update(scope.organizational_units)
            for account in scope.accounts:
                accounts.setdefault(account, f"account-{account}")
    digest = hashlib.sha256(customer.encode()).hexdigest()
    root = next((unit.split("-")[1] for unit in sorted(units)), digest[:4])
    regions = {region for s in stacks.values() for region in (s.region, *s.alert_regions)}
    return Organization(
        id=f"o-{digest[:10]}",
        root_id=f"r-{root}",
        management_account=told or next(iter(accounts)),
        alone=told is None,
        accounts=[Account(id=id_, name=name) for id_, name in accounts.items()],
        units=[Unit(id=unit, name=unit) for unit in sorted(units)],
        administrator_role=ADMINISTRATOR_ROLE,
        regions=sorted(regions.union(Organization.regions)),
    )
