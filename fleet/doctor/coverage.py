"""Whether each account of a stack's reports stands in one report plan of a template, and whether
each plan is within AWS's quotas.

An account in none, or in several, is never passed over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from fleet.doctor.findings import Finding
from fleet.lake.query import Lake, QueryFailed
from fleet.lake.volume import seen
from fleet.organization import ListedOrganization
from reports.templates import TEMPLATES
from stacks import names
from stacks.load import Settings
from stacks.report_settings import ReportPlan, Reports, ReportScope
from stacks.report_volumes import load_of
from stacks.sharding import TIGHT_FROM


def coverage(settings: Settings, reports: Reports, session: boto3.Session) -> Iterator[Finding]:
    """One finding for each template. Raises what boto3 raises."""
    organization = ListedOrganization(session)
    wanted = _wanted(reports, organization)
    found = report_plans(session)
    regions = len(organization.regions())
    volumes: Mapping[str, int] = {}
    if found:  # else there is no lake either
        try:
            volumes = seen(_lake(settings, reports, session))
        except (BotoCoreError, ClientError, QueryFailed) as error:
            yield _not_asked(error)
    for template in names.report_templates(reports):
        own = reports.plans.get(template)
        plans = _plans_of(template, settings, reports, found)
        told = _told(plans, wanted, organization)
        about = f"accounts in the {template} plans"
        if told:
            yield Finding(about=about, found=told, cure=_cure(own))
        else:
            yield Finding(about=about, found=f"all {len(wanted)} in one of {len(plans)}")
        for plan in plans:
            load = load_of(reports, _regions(plan, regions), volumes)
            accounts = _covered(plan, organization)
            if not load.fits(accounts, room=TIGHT_FROM):
                about = f"the load of {plan['ReportPlanName']}"
                cure = _cure_of_load(own, accounts)
                yield Finding(about=about, found=load.arithmetic(accounts), cure=cure)


def accounts_in_no_plan(
    settings: Settings, reports: Reports, session: boto3.Session
) -> Mapping[str, frozenset[str]]:
    """Accounts of the scope that no report plan covers, by template. Raises what boto3 raises."""
    organization = ListedOrganization(session)
    wanted = _wanted(reports, organization)
    found = report_plans(session)
    return {
        template: wanted.difference(
            *(_covered(p, organization) for p in _plans_of(template, settings, reports, found))
        )
        for template in names.report_templates(reports)
    }


def _plans_of(
    template: str, settings: Settings, reports: Reports, found: Sequence[Mapping[str, Any]]
) -> Sequence[Mapping[str, Any]]:
    """A template's, of those that were found: all its shards, or the one that stood already."""
    own = reports.plans.get(template)
    name = (own.name if own else None) or names.report_plan(settings.customer, template)
    plans = [plan for plan in found if _is_plan(plan, name, template)]
    if own is not None and own.existing:
        return [plan for plan in plans if plan["ReportPlanName"] == name]
    return plans


def _wanted(reports: Reports, organization: ListedOrganization) -> frozenset[str]:
    """The accounts of the scope: of its units, with all below them, and its own."""
    if not isinstance(reports.scope, ReportScope):
        return frozenset(organization.accounts())
    units = map(organization.unit, reports.scope.organizational_units)
    within = [unit.all_accounts() for unit in units]
    return frozenset(organization.accounts()) & frozenset(reports.scope.accounts).union(*within)


def _told(
    plans: Sequence[Mapping[str, Any]], wanted: frozenset[str], organization: ListedOrganization
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


def _lake(settings: Settings, reports: Reports, session: boto3.Session) -> Lake:
    return Lake(
        session=session,
        region=settings.region,
        database=names.reports_database(settings, reports),
        workgroup=names.reports(settings),
    )


def _not_asked(error: BotoCoreError | ClientError | QueryFailed) -> Finding:
    return Finding(
        about="what the lake has seen of accounts",
        found=f"cannot be looked up: {str(error).splitlines()[0]}",
        cure="deploy the lake, and let the role that deploys here query it",
    )


def _cure_of_load(own: ReportPlan | None, accounts: Collection[str]) -> str:
    if own is not None and own.existing:
        return _cure(own)
    if len(accounts) == 1:
        return "no sharding helps one account: ask AWS, or name fewer Regions in reports.regions"
    return "run: backup-org lake volume --write, look at what changes, and backup-org up"


def _cure(own: ReportPlan | None) -> str:
    if own is not None and own.existing:
        return f"see to {own.name} yourself: it is not deployed from here"
    return "run: backup-org up"


def report_plans(session: boto3.Session) -> list[Mapping[str, Any]]:
    """All of the account's in the Region, as ListReportPlans describes them."""
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


def _covered(plan: Mapping[str, Any], organization: ListedOrganization) -> frozenset[str]:
    """Without the units below a plan's: it is not documented whether AWS descends."""
    accounts = frozenset(plan["ReportSetting"].get("Accounts", []))
    if "ROOT" in accounts:
        return frozenset(organization.accounts())
    units = plan["ReportSetting"].get("OrganizationUnits", [])
    return accounts.union(*map(organization.right_in, units))
