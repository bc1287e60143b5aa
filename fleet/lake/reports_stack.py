"""The stack whose reports a command is about, with a session in its account and its outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from fleet import access
from fleet.deploy.deployment import Deployment, Engine
from fleet.deploy.order import stacks_with
from fleet.errors import ToldError
from reports.plans import Plans, plans_of
from stacks import load
from stacks.contracts import ReportsContract
from stacks.load import Settings
from stacks.report_settings import Reports


class NoReports(ToldError):
    """There is no stack with reports, none was deployed, or it is not clear which is meant."""


@dataclass(frozen=True, kw_only=True)
class ReportsStack:
    deployment: Deployment
    settings: Settings
    session: boto3.Session
    outputs: Mapping[str, Any]

    @property
    def queues(self) -> Mapping[str, Mapping[str, str]]:
        return queues_of(self.outputs)

    @property
    def plans(self) -> Plans:
        """Raises NoReports where the stack was deployed when it did not yet tell all of them."""
        version = self.outputs.get("contracts", {}).get(ReportsContract.NAME)
        if version != str(ReportsContract.VERSION):
            name = self.deployment.stack
            raise NoReports(f"{name} is as another version deployed it; run: backup-org up {name}")
        return plans_of(self.outputs["report_plans"])


def queues_of(outputs: Mapping[str, Any]) -> dict[str, Mapping[str, str]]:
    """Of the functions of a stack that work off queues (curation, partitions, collation, tickets):
    the URLs of its queue and of its dead_letters, and the name of its function."""
    queues: dict[str, Mapping[str, str]] = {
        **outputs.get("report_queues", {}),
        **outputs.get("digest_queues", {}),
    }
    if "ticket_queue" in outputs:
        queues["tickets"] = {
            "queue": outputs["ticket_queue"],
            "dead_letters": outputs["ticket_dead_letters"],
            "function": outputs["ticket_function"],
        }
    return queues


def reports_stack(engine: Engine, stack: str | None) -> ReportsStack:
    """The named stack, or the only one that has reports."""
    name = stack or _only_one(engine.project)
    deployment = Deployment(engine, name)
    outputs = deployment.outputs()
    if "reports_bucket" not in outputs:
        raise NoReports(f"{name} has no reports deployed; run: backup-org up {name}")
    return ReportsStack(
        deployment=deployment,
        settings=deployment.settings,
        session=access.session(deployment.settings),
        outputs=outputs,
    )


def reports_settings(project: Path, stack: str | None) -> tuple[Settings, Reports]:
    """The settings of the same, whether it is deployed or not, and what they say of reports."""
    name = stack or _only_one(project)
    settings = load.from_files(name, project)
    if settings.reports is None:
        raise NoReports(f"{name} has no reports")
    return settings, settings.reports


def _only_one(project: Path) -> str:
    found = stacks_with(lambda settings: settings.reports is not None, project)
    if len(found) != 1:
        there = ", ".join(found) or "none"
        raise NoReports(f"say with --stack which stack's reports are meant; there are: {there}")
    return found[0]
