"""A customer's scheduled reports: as its settings define them, and as its stack deployed them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3

from fleet import access
from fleet.deploy.deployment import Deployment, Engine
from fleet.errors import ToldError, what_was_typed
from reports.digest.definition import CADENCES, Cadence, Definition
from reports.digest.runs import Period, Run, jobs_since, period_named
from stacks import load
from stacks.names import stack_name
from stacks.report_definitions import definitions
from stacks.report_mail_settings import ReportsMail
from stacks.settings import AuditSettings, ManagementSettings


class NoScheduledReports(ToldError):
    """The customer has none, or not the one that is meant; says which there are."""


@dataclass(frozen=True, kw_only=True)
class Scheduled:
    """One report and one of its periods."""

    customer: str
    settings: ManagementSettings | AuditSettings
    """Of the central stack that makes and mails it."""
    mail: ReportsMail
    definition: Definition
    period: Period

    @property
    def cadence(self) -> Cadence:
        return self.definition.cadence

    @property
    def stack(self) -> str:
        return stack_name(self.customer, self.settings.role)

    def run(self, run_id: str, now: datetime) -> Run:
        return Run(
            run_id=run_id,
            cadence=self.cadence,
            timezone=self.definition.timezone,
            period=self.period,
            since=jobs_since(self.definition, self.period, now),
        )


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """The central stack, with a session in its account."""

    outputs: Mapping[str, Any]
    session: boto3.Session


def scheduled(customer: str | None, period: str, project: Path) -> Scheduled:
    """By the customer's name, which may be left out where one customer has reports alone. Raises
    NoScheduledReports; ToldError where the period is none."""
    settings = _central(customer, project)
    mail = settings.reports_mail
    assert mail is not None
    named = period.partition("/")[0]
    report = next((one for cadence, one in mail.scheduled.items() if cadence == named), None)
    if report is None and named in CADENCES:
        there = ", ".join(mail.scheduled)
        raise NoScheduledReports(f"{settings.customer} has no {named} report; it has: {there}")
    zone = report.timezone if report else "Etc/UTC"
    with what_was_typed():
        cadence, found = period_named(period, zone, datetime.now(UTC))
    return Scheduled(
        customer=settings.customer,
        settings=settings,
        mail=mail,
        definition=definitions(settings, mail, project)[cadence],
        period=found,
    )


def deployed(engine: Engine, report: Scheduled) -> Deployed:
    outputs = Deployment(engine, report.stack).outputs()
    if "digests_bucket" not in outputs:
        raise NoScheduledReports(
            f"{report.stack} has no scheduled reports deployed; run: backup-org up {report.stack}"
        )
    return Deployed(outputs=outputs, session=access.session(report.settings))


def _central(customer: str | None, project: Path) -> ManagementSettings | AuditSettings:
    found: dict[str, ManagementSettings | AuditSettings] = {}
    for stack in load.stacks_in(project):
        if not stack.endswith(("-audit", "-management")):
            continue
        settings = load.from_files(stack, project)
        if not isinstance(settings, ManagementSettings | AuditSettings):
            continue
        if settings.reports_mail is not None and customer in (None, settings.customer):
            found[settings.customer] = settings
    if len(found) == 1:
        return next(iter(found.values()))
    if customer is not None:
        raise NoScheduledReports(
            f"{customer} has no scheduled reports; set reports_mail: see docs/scheduled-reports.md"
        )
    there = ", ".join(found) or "none"
    raise NoScheduledReports(f"say with --customer whose report is meant; there are: {there}")
