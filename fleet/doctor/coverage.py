"""Whether each account of a stack's reports stands in one report plan of a template, and whether
each plan is within AWS's quotas.

An account in none, or in several, is never passed over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import boto3

from fleet.doctor.findings import Finding
from reports.templates import TEMPLATES
from stacks import names
from stacks.load import Settings
from stacks.report_settings import ReportPlan, Reports, ReportScope
from stacks.report_volumes import load_of
from stacks.sharding import TIGHT_FROM


class _Organization:
    """Accounts that are active, by where they stand; each unit is asked for once."""

    def __init__(self, session: boto3.Session) -> None:
        self._client: Any = session.client("organizations")
        self._right_in: dict[str, frozenset[str]] = {}
        self.accounts = self._active("list_accounts")

    def right_in(self, unit: str) -> frozenset[str]:
        if unit not in self._right_in:
            self._right_in[unit] = self._active("list_accounts_for_parent", ParentId=unit)
        return self._right_in[unit]

    def below(self, unit: str) -> frozenset[str]:
        """Those right in it, and those of all units below."""
        pages = self._client.get_paginator("list_organizational_units_for_parent").paginate(
            ParentId=unit
        )
        units = [child["Id"] for page in pages for child in page["OrganizationalUnits"]]
        return self.right_in(unit).union(*map(self.below, units))

    def _active(self, operation: str, **asked: str) -> frozenset[str]:
        pages = self._client.get_paginator(operation).paginate(**asked)
        return frozenset(
            account["Id"]
            for page in pages
            for account in page["Accounts"]
            if account["Status"] == "ACTIVE"
        )


def coverage(settings: Settings, reports: Reports, session: boto3.Session) -> Iterator[Finding]:
    """One finding for each template. Raises what boto3 raises."""
    organization = _Organization(session)
    wanted = _wanted(reports, organization)
    found = _plans(session)
    regions = len(session.client("ec2").describe_regions()["Regions"])
    for template in names.report_templates(reports):
        own = reports.plans.get(template)
        name = (own.name if own else None) or names.report_plan(settings.customer, template)
        plans = [plan for plan in found if _is_plan(plan, name, template)]
        if own is not None and own.existing:
            plans = [plan for plan in plans if plan["ReportPlanName"] == name]
        told = _told(plans, wanted, organization)
        about = f"accounts in the {template} plans"
        if told:
            yield Finding(about=about, found=told, cure=_cure(own))
        else:
            yield Finding(about=about, found=f"all {len(wanted)} in one of {len(plans)}")
        for plan in plans:
            load = load_of(reports, _regions(plan, regions), {})
            accounts = _covered(plan, organization)
            if not load.fits(accounts, room=TIGHT_FROM):
                about = f"the load of {plan['ReportPlanName']}"
                yield Finding(about=about, found=load.arithmetic(accounts), cure=_cure(own))


def _wanted(reports: Reports, organization: _Organization) -> frozenset[str]:
    """The accounts of the scope: of its units, with all below them, and its own."""
    if not isinstance(reports.scope, ReportScope):
        return organization.accounts
    units = map(organization.below, reports.scope.organizational_units)
    return organization.accounts & frozenset(reports.scope.accounts).union(*units)


def _told(
    plans: Sequence[Mapping[str, Any]], wanted: frozenset[str], organization: _Organization
) -> str:
    """What is wrong; nothing where nothing is."""
    if not plans:
        return "there is no plan yet"
    covered = Counter(account for plan in plans for account in _covered(plan, organization))
    missing = sorted(wanted - covered.keys())
    twice = sorted(account for account in wanted if covered[account] > 1)
    said = [f"{', '.join(missing)} in none"] if missing else []
    said += [f"{', '.join(twice)} in several"] if twice else []
    return "; ".join(said)


def _regions(plan: Mapping[str, Any], enabled: int) -> int:
    """Of a plan; `enabled` are those that `*` comes to."""
    regions: Sequence[str] = plan["ReportSetting"].get("Regions", [])
    return enabled if "*" in regions else len(regions) or 1


def _cure(own: ReportPlan | None) -> str:
    if own is not None and own.existing:
        return f"see to {own.name} yourself: it is not deployed from here"
    return "run: backup-org up"


def _plans(session: boto3.Session) -> list[Mapping[str, Any]]:
    backup = session.client("backup")
    page = backup.list_report_plans()
    plans: list[Mapping[str, Any]] = [*page["ReportPlans"]]
    while "NextToken" in page:
        page = backup.list_report_plans(NextToken=page["NextToken"])
        plans += page["ReportPlans"]
    return plans


def _is_plan(plan: Mapping[str, Any], name: str, template: str) -> bool:
    """Of a template and a name, which has a number behind it where plans are sharded."""
    of_template = plan["ReportSetting"]["ReportTemplate"] == TEMPLATES[template].api_name
    number = str(plan["ReportPlanName"]).removeprefix(name)
    return of_template and (number == "" or (number[:1] == "_" and number[1:].isdigit()))


def _covered(plan: Mapping[str, Any], organization: _Organization) -> frozenset[str]:
    """Without the units below a plan's: it is not documented whether AWS descends."""
    accounts = frozenset(plan["ReportSetting"].get("Accounts", []))
    if "ROOT" in accounts:
        return organization.accounts
    units = plan["ReportSetting"].get("OrganizationUnits", [])
    return accounts.union(*map(organization.right_in, units))
