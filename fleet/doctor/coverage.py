"""Whether each account of a stack's reports stands in one report plan of a template, and whether
each plan is within AWS's quotas.

An account in none, or in several, is never passed over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from fleet.doctor.findings import Answer, Finding, State, finding, ill
from fleet.doctor.stack_account import StackAccount
from fleet.lake.query import Lake, QueryFailed
from fleet.lake.volume import seen
from fleet.organization import ListedOrganization
from reports.templates import TEMPLATES
from stacks import names
from stacks.report_settings import ReportPlan, Reports, ReportScope
from stacks.report_volumes import load_of
from stacks.sharding import TIGHT_FROM

_THEIRS = "see to the plan yourself: it is not deployed from here"


def coverage(here: StackAccount, reports: Reports) -> Iterator[Finding]:
    """One finding for each template. Raises what boto3 raises."""
    organization = ListedOrganization(here.session)
    wanted = _wanted(reports, organization)
    volumes: Mapping[str, int] = {}
    if here.report_plans:  # else there is no lake either
        try:
            volumes = seen(_lake(here, reports))
        except (BotoCoreError, ClientError, QueryFailed) as error:
            yield _not_asked(error)
    regions = len(organization.regions())
    for template in names.report_templates(reports):
        own, plans = reports.plans.get(template), plans_of(here, reports, template)
        about = f"accounts in the {template} plans"
        yield finding(about, _told(here, own, plans, wanted, organization))
        for plan in plans:
            load = load_of(reports, _regions(plan, regions), volumes)
            accounts = _covered(plan, organization)
            if not load.fits(accounts, room=TIGHT_FROM):
                about = f"the load of {plan['ReportPlanName']}"
                yield finding(about, _over(here, own, load.arithmetic(accounts), accounts))


def plan_name(here: StackAccount, reports: Reports, template: str) -> str:
    """As settings have it; where plans are sharded, a number stands behind it."""
    own = reports.plans.get(template)
    return (own.name if own else None) or names.report_plan(here.settings.customer, template)


def plans_of(here: StackAccount, reports: Reports, template: str) -> Sequence[Mapping[str, Any]]:
    """The report plans of a template that stand, as ListReportPlans describes them: those that the
    stack's settings come to, or the one that is there already."""
    own, name = reports.plans.get(template), plan_name(here, reports, template)
    plans = [plan for plan in here.report_plans if _is_plan(plan, name, template)]
    if own is not None and own.existing:
        return [plan for plan in plans if plan["ReportPlanName"] == name]
    return plans


def accounts_in_no_plan(here: StackAccount, reports: Reports) -> Mapping[str, frozenset[str]]:
    """Accounts of the scope that no report plan covers, by template. Raises what boto3 raises."""
    organization = ListedOrganization(here.session)
    wanted = _wanted(reports, organization)
    return {
        template: wanted.difference(
            *(_covered(plan, organization) for plan in plans_of(here, reports, template))
        )
        for template in names.report_templates(reports)
    }


def _wanted(reports: Reports, organization: ListedOrganization) -> frozenset[str]:
    """The accounts of the scope: of its units, with all below them, and its own."""
    if not isinstance(reports.scope, ReportScope):
        return frozenset(organization.accounts())
    units = map(organization.unit, reports.scope.organizational_units)
    within = [unit.all_accounts() for unit in units]
    return frozenset(organization.accounts()) & frozenset(reports.scope.accounts).union(*within)


def _told(
    here: StackAccount,
    own: ReportPlan | None,
    plans: Sequence[Mapping[str, Any]],
    wanted: frozenset[str],
    organization: ListedOrganization,
) -> Answer | str:
    theirs = own is not None and own.existing
    if not plans and not theirs:
        return here.not_there("there is no plan")
    covered = Counter(account for plan in plans for account in _covered(plan, organization))
    missing = sorted(wanted - covered.keys())
    twice = sorted(account for account in wanted if covered[account] > 1)
    said = [f"{', '.join(missing)} in none"] if missing else []
    said += [f"{', '.join(twice)} in several"] if twice else []
    if not said:
        return f"all {len(wanted)} in one of {len(plans)}"
    return ill("; ".join(said), _THEIRS) if theirs else ill("; ".join(said), "", here.run("up"))


def _regions(plan: Mapping[str, Any], enabled: int) -> int:
    """Of a plan; `enabled` are those that `*` comes to."""
    regions: Sequence[str] = plan["ReportSetting"].get("Regions", [])
    return enabled if "*" in regions else len(regions) or 1


def _lake(here: StackAccount, reports: Reports) -> Lake:
    return Lake(
        session=here.session,
        region=here.settings.region,
        database=names.reports_database(here.settings, reports),
        workgroup=names.reports(here.settings),
    )


def _not_asked(error: BotoCoreError | ClientError | QueryFailed) -> Finding:
    return Finding(
        about="what the lake has seen of accounts",
        found=f"cannot be looked up: {str(error).splitlines()[0]}",
        state=State.UNSEEN,
        cure="deploy the lake, and let the role that deploys here query it",
    )


def _over(
    here: StackAccount, own: ReportPlan | None, arithmetic: str, accounts: Collection[str]
) -> Answer:
    if own is not None and own.existing:
        return ill(arithmetic, _THEIRS)
    if len(accounts) == 1:
        cure = "no sharding helps one account: ask AWS, or name fewer Regions in reports.regions"
        return ill(arithmetic, cure)
    write = f"backup-org lake volume --write --stack {here.stack}"
    return ill(arithmetic, "look between the two at what changes:", write, here.run("up"))


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
