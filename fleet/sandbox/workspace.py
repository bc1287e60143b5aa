"""The sandbox's own copy of the project's settings, and the engine that deploys from it.

A copy, because a stack's first deployment writes into its settings file, and because some values
of a customer hang on this machine: where ServiceNow's stand-in answers, what functions run on, and
the role by which the sandbox's accounts are administered.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml
from pulumi.automation import PulumiCommand

from aws_sandbox.client import OF_AWS, Sandbox
from aws_sandbox.functions import runtimes
from aws_sandbox.plugin import Plugin, install, install_official
from components.packaging.archives import Platform
from fleet.deploy.deployment import Engine
from fleet.deploy.selection import chosen
from fleet.project import PROJECT
from stacks import load
from stacks.load import CUSTOMERS, KEY, Settings
from stacks.settings import CentralSettings, ManagementSettings

ADMINISTRATOR_ROLE = "OrganizationAccountAccessRole"
"""In each of the sandbox's accounts."""
_PASSPHRASE = "sandbox"  # noqa: S105 - protects nothing: no state here holds a secret


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """A folder with Pulumi.yaml and the customers' settings, and Pulumi's home and state."""

    root: Path
    source: Path = PROJECT
    """Where customers' settings are copied from: the checkout, or a project of somebody's own."""

    @property
    def project(self) -> Path:
        return self.root / "project"

    @property
    def pulumi_home(self) -> Path:
        return self.root / "pulumi"

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def backend_url(self) -> str:
        return f"file://{self.state}"

    @property
    def summary(self) -> Path:
        """build/sandbox.json: what the main job came to in the sandbox that runs."""
        return self.root.with_name(f"{self.root.name}.json")

    def answers(self, customer: str) -> Path:
        """build/sandbox-answers-<customer>.txt: what the lake answered, in full."""
        return self.root.with_name(f"{self.root.name}-answers-{customer}.txt")

    def report(self, customer: str) -> Path:
        """build/sandbox-report-<customer>.html: the page that the mail's link opened."""
        return self.root.with_name(f"{self.root.name}-report-{customer}.html")

    @property
    def lock(self) -> Path:
        """Held by whoever starts or stops the sandbox, or does the main job in it."""
        return self.root.with_name(f"{self.root.name}.lock")

    def prepare(self, customer: str, service_now_url: str) -> None:
        """Copies the settings of a customer; the state that is there stays, and other customers."""
        folder = self.project / CUSTOMERS
        folder.mkdir(parents=True, exist_ok=True)
        self.state.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.source / "Pulumi.yaml", self.project)
        for stack in chosen([customer], self.source):
            file = self.source / CUSTOMERS / f"Pulumi.{stack}.yaml"
            content = _read(file)
            # What Pulumi wrote there at the stack's first deployment must stay.
            target = folder / file.name
            content |= {k: v for k, v in _read(target).items() if k not in content}
            own = cast(Mapping[str, Any], load.own_values(stack, self.source) or {})
            for layer in load.values_of(stack, self.source).layers:
                if layer.file != str(CUSTOMERS / file.name):
                    shutil.copy(self.source / layer.file, folder)
            settings = load.from_files(stack, self.source)
            for picture in _pictures(settings):
                (folder / picture).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(self.source / CUSTOMERS / picture, folder / picture)
            config = content.setdefault("config", {})
            config[KEY] = {**own, **_of_this_machine(own, settings, service_now_url)}
            _write(target, content)

    def install_plugin(self, plugin: Plugin, command: PulumiCommand) -> None:
        """Puts the stand-in for the aws plugin, or the way to that one, where the engine looks."""
        if plugin is Plugin.OFFICIAL:
            install_official(self.pulumi_home, command.command)
        else:
            install(self.pulumi_home)

    def clear(self) -> None:
        """Forgets the state: it is worth nothing without the AWS that it tells of."""
        made = [self.answers("*").name, self.report("*").name]
        for file in (self.summary, *(f for name in made for f in self.root.parent.glob(name))):
            file.unlink(missing_ok=True)
        for folder in (self.project, self.state, self.root / "functions"):
            shutil.rmtree(folder, ignore_errors=True)

    def environment(self, sandbox: Sandbox, settings: Settings) -> Mapping[str, str]:
        """What the CLI, and a shell beside it, needs to work for a customer, who has a stack of
        these settings."""
        return {
            **sandbox.environment(settings.region, account=settings.account),
            "PULUMI_HOME": str(self.pulumi_home),
            "PULUMI_BACKEND_URL": self.backend_url,
            "PULUMI_CONFIG_PASSPHRASE": _PASSPHRASE,
        }

    def engine(self, command: PulumiCommand, sandbox: Sandbox, settings: Settings) -> Engine:
        return Engine(
            command=command,
            project=self.project,
            environment=self.environment(sandbox, settings),
        )


def foreign(variables: Iterable[str]) -> list[str]:
    """Those by which a shell leads an SDK or the engine to other accounts, backends and stacks."""
    return sorted(name for name in variables if name.startswith((*OF_AWS, "PULUMI_")))


def machine() -> Platform:
    """What functions are declared to run on here: this machine, and this Python."""
    return Platform(runtime=runtimes.RUNTIME, architecture=runtimes.architecture())


def _pictures(settings: Settings) -> Iterator[str]:
    """Files that a stack's settings name."""
    if isinstance(settings, CentralSettings) and settings.reports_mail is not None:
        logo = settings.reports_mail.brand.logo
        if logo is not None:
            yield logo


def _of_this_machine(
    own: Mapping[str, Any], settings: Settings, service_now_url: str
) -> Mapping[str, Any]:
    """A stack's own values as they must be here; they go over what it shares with others."""
    runs = machine()
    functions = {"runtime": runs.runtime, "architecture": runs.architecture}
    # The credentials at hand are the management account's.
    role = None if isinstance(settings, ManagementSettings) else ADMINISTRATOR_ROLE
    values = {"deploy_role": role, "functions": {**own.get("functions", {}), **functions}}
    if settings.ticketing is not None:
        # A function's own clock is the machine's, however much the sandbox's time is scaled.
        here = {"url": service_now_url, "note_seconds": 1}
        values["ticketing"] = {**own.get("ticketing", {}), **here}
    return values


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(yaml.safe_dump(dict(content), sort_keys=False), encoding="utf-8")
