"""The sandbox's own copy of the project's settings, and the engine that deploys from it.

A copy, because a stack's first deployment writes into its settings file, and because three values
of a customer hang on this machine: where ServiceNow's stand-in answers, and what functions run on.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pulumi.automation import PulumiCommand

from aws_sandbox.client import OF_AWS, Sandbox
from aws_sandbox.functions import here
from aws_sandbox.plugin import Plugin, install, install_official
from components.packaging.archives import Platform
from fleet.deploy.deployment import Engine
from fleet.deploy.order import chosen
from fleet.paths import PROJECT
from stacks.load import CUSTOMERS, KEY

_PASSPHRASE = "sandbox"  # noqa: S105 - protects nothing: no state here holds a secret


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """A folder with Pulumi.yaml and the customers' settings, and Pulumi's home and state."""

    root: Path

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

    @property
    def lock(self) -> Path:
        """Held by whoever starts or stops the sandbox, or does the main job in it."""
        return self.root.with_name(f"{self.root.name}.lock")

    def prepare(self, customer: str, service_now_url: str) -> None:
        """Copies the settings of a customer; the state that is there stays."""
        folder = self.project / CUSTOMERS
        folder.mkdir(parents=True, exist_ok=True)
        self.state.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / "Pulumi.yaml", self.project)
        shared = _read(PROJECT / CUSTOMERS / f"{customer}.yaml")
        runs = machine()
        functions = {"runtime": runs.runtime, "architecture": runs.architecture}
        _write(folder / f"{customer}.yaml", {**shared, "functions": functions})
        for stack in chosen([customer], PROJECT):
            file = PROJECT / CUSTOMERS / f"Pulumi.{stack}.yaml"
            content = _read(file)
            # What Pulumi wrote there at the stack's first deployment must stay.
            target = folder / file.name
            content |= {k: v for k, v in _read(target).items() if k not in content}
            ticketing = content["config"][KEY].get("ticketing")
            if ticketing:
                ticketing["url"] = service_now_url
            _write(target, content)

    def install_plugin(self, plugin: Plugin, command: PulumiCommand) -> None:
        """Puts the stand-in for the aws plugin, or the way to that one, where the engine looks."""
        if plugin is Plugin.OFFICIAL:
            install_official(self.pulumi_home, command.command)
        else:
            install(self.pulumi_home)

    def clear(self) -> None:
        """Forgets the state: it is worth nothing without the AWS that it tells of."""
        self.summary.unlink(missing_ok=True)
        for folder in (self.project, self.state, self.root / "functions"):
            shutil.rmtree(folder, ignore_errors=True)

    def environment(self, sandbox: Sandbox, region: str) -> Mapping[str, str]:
        """What the CLI, and a shell beside it, needs."""
        return {
            **sandbox.environment(region),
            "PULUMI_HOME": str(self.pulumi_home),
            "PULUMI_BACKEND_URL": self.backend_url,
            "PULUMI_CONFIG_PASSPHRASE": _PASSPHRASE,
        }

    def engine(self, command: PulumiCommand, sandbox: Sandbox, region: str) -> Engine:
        return Engine(
            command=command,
            project=self.project,
            environment=self.environment(sandbox, region),
        )


def foreign(variables: Iterable[str]) -> list[str]:
    """Those by which a shell leads an SDK or the engine to other accounts, backends and stacks."""
    return sorted(name for name in variables if name.startswith((*OF_AWS, "PULUMI_")))


def machine() -> Platform:
    """What functions are declared to run on here: this machine, and this Python."""
    return Platform(runtime=here.RUNTIME, architecture=here.architecture())


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(yaml.safe_dump(dict(content), sort_keys=False), encoding="utf-8")
