"""What evidence is about: a customer's stacks, and a period."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fleet.deploy.order import settings_of
from fleet.deploy.selection import chosen
from fleet.errors import ToldError, what_was_typed
from reports.digest.definition import SECTIONS, Definition
from reports.digest.runs import Run, jobs_since, period_named
from stacks import names
from stacks.report_definitions import definitions, unscheduled
from stacks.settings import AuditSettings, CentralSettings, ManagementSettings, Settings


class NoEvidence(ToldError):
    """The customer has no place where evidence is signed, or there is no such customer."""


@dataclass(frozen=True, kw_only=True)
class Scope:
    customer: str
    stacks: Mapping[str, Settings]
    """All of the customer's, by name."""
    central: ManagementSettings | AuditSettings
    """Of the stack that has the key and the records."""
    definition: Definition
    """Of the period's report, over all accounts."""
    run: Run
    project: Path
    now: datetime

    @property
    def key_alias(self) -> str:
        return f"alias/{names.evidence_key(self.central)}"

    @property
    def bucket(self) -> str:
        central = self.central
        return names.bucket(self.customer, "proof", central.account, central.region)


def stacks_of(customer: str, project: Path) -> Mapping[str, Settings]:
    """Raises NoEvidence for what is no customer; ToldError with the problems of settings."""
    stacks = settings_of(chosen([customer], project), project)
    if any(settings.customer != customer for settings in stacks.values()):
        raise NoEvidence(f"{customer} is a stack; name its customer")
    return stacks


def keeper_of(stacks: Mapping[str, Settings]) -> ManagementSettings | AuditSettings | None:
    """The central stack in which evidence is signed and kept; None: no stack has any."""
    for settings in stacks.values():
        if isinstance(settings, ManagementSettings | AuditSettings) and settings.evidence:
            return settings
    return None


def central_of(customer: str, stacks: Mapping[str, Settings]) -> ManagementSettings | AuditSettings:
    keeper = keeper_of(stacks)
    if keeper is not None:
        return keeper
    raise NoEvidence(
        f"{customer} has no place where evidence is signed; write `evidence: {{}}` in the settings "
        "of one central stack and deploy it: docs/evidence.md"
    )


def scope_of(customer: str, period: str, project: Path, now: datetime) -> Scope:
    """Raises NoEvidence; ToldError for a period that is none, or not over."""
    stacks = stacks_of(customer, project)
    central = central_of(customer, stacks)
    with what_was_typed():
        cadence, _ = period_named(period, "Etc/UTC", now)
    definition = unscheduled(customer, cadence, project)
    for settings in stacks.values():
        mail = settings.reports_mail if isinstance(settings, CentralSettings) else None
        if mail is None or cadence not in mail.scheduled:
            continue
        assert isinstance(settings, CentralSettings)
        definition = dataclasses.replace(
            definitions(settings, mail, project)[cadence],
            source=definition.source,
            regions=definition.regions,
            account_names=definition.account_names,
            sections=SECTIONS,
        )
    with what_was_typed():
        _, found = period_named(period, definition.timezone, now)
    return Scope(
        customer=customer,
        stacks=stacks,
        central=central,
        definition=definition,
        run=Run(
            run_id="evidence",
            cadence=definition.cadence,
            timezone=definition.timezone,
            period=found,
            since=jobs_since(definition, found, now),
        ),
        project=project,
        now=now,
    )
