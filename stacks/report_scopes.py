"""Which report plans a stack's settings come to, sharded where AWS's quotas demand it."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from components.report_plans import ReportPlan
from handlers.report_templates import TEMPLATES
from stacks import names
from stacks.organization import OrganizationReader
from stacks.settings import Reports, ReportScope
from stacks.sharding import Load, Shard, TooLargeError, Unit, shards

_WHOLE_ORGANIZATION = Shard(accounts=("ROOT",))
_THIS_ACCOUNT = Shard()
_NOT_OURS = Shard()
"""What a plan covers that stands already is its owner's to say."""


def lake_plans(
    reports: Reports, customer: str, organization: OrganizationReader
) -> dict[str, list[ReportPlan]]:
    """The lake's report plans by template. Raises RunError, with the arithmetic, over quota."""
    templates = names.report_templates(reports)
    ours = [template for template in templates if not _exists(reports, template)]
    parts: Sequence[Shard] = _shards(reports, organization) if ours else ()
    count = len(ours) * len(parts) + len(reports.own_plans)
    if count > reports.sharding.report_plan_quota:
        raise pulumi.RunError(
            f"{len(ours)} templates × {len(parts)} shards + {len(reports.own_plans)} own plans = "
            f"{count} report plans; this account may have {reports.sharding.report_plan_quota}: "
            "switch templates off (reports.plans.<template>: null), or have AWS raise the quota "
            "and set reports.sharding.report_plan_quota"
        )
    return {
        template: [
            _plan(reports, customer, template, shard, number if len(parts) > 1 else None)
            for number, shard in enumerate(parts, start=1)
        ]
        if template in ours
        else [_plan(reports, customer, template, _NOT_OURS, None)]
        for template in templates
    }


def own_plans(reports: Reports) -> list[ReportPlan]:
    """Plans on this account alone, which stay out of the lake."""
    return [
        ReportPlan(
            name=plan.name,
            template=TEMPLATES[plan.template].api_name,
            description=plan.description,
            tags=plan.tags,
            prefix=plan.prefix,
            formats=sorted(plan.formats),
            regions=plan.regions,
            framework_arns=plan.framework_arns,
        )
        for plan in reports.own_plans
    ]


def _exists(reports: Reports, template: str) -> bool:
    """Whether the template's plan stands already: one, under its own name, whatever it covers."""
    wanted = reports.plans.get(template)
    return wanted is not None and wanted.existing


def _plan(
    reports: Reports, customer: str, template: str, shard: Shard, number: int | None
) -> ReportPlan:
    wanted = reports.plans.get(template)
    name = (wanted.name if wanted else None) or names.report_plan(customer, template)
    return ReportPlan(
        name=name if number is None else f"{name}_{number}",
        template=TEMPLATES[template].api_name,
        description=wanted.description if wanted else None,
        tags=wanted.tags if wanted else {},
        prefix=wanted.prefix if wanted else None,
        accounts=shard.accounts,
        organizational_units=shard.organizational_units,
        regions=reports.regions,
    )


def _shards(reports: Reports, organization: OrganizationReader) -> Sequence[Shard]:
    if reports.scope == "account":
        return [_THIS_ACCOUNT]
    regions = organization.regions() if reports.regions == ("*",) else reports.regions
    load = Load(regions=len(regions), daily_volume=reports.sharding.daily_volume)
    accounts = organization.accounts()
    if isinstance(reports.scope, ReportScope):
        return _shards_of_parts(reports.scope, load, organization)
    if len(accounts) <= load.accounts_a_plan:
        return [_WHOLE_ORGANIZATION]
    return _sharded(organization.tree(), load)


def _shards_of_parts(
    scope: ReportScope, load: Load, organization: OrganizationReader
) -> Sequence[Shard]:
    root = _root_of_parts(scope, organization)
    if len(set(root.all_accounts())) > load.accounts_a_plan:
        return _sharded(root, load)
    units = sorted({id_ for unit in root.units for id_ in unit.all_units()})
    return [Shard(organizational_units=tuple(units), accounts=root.accounts)]


def _root_of_parts(scope: ReportScope, organization: OrganizationReader) -> Unit:
    """The scope as a tree in which each unit, and each account, stands once."""
    named = [organization.unit(id_) for id_ in scope.organizational_units]
    below = {id_ for unit in named for child in unit.units for id_ in child.all_units()}
    units = tuple(unit for unit in named if unit.id not in below)
    within = {account for unit in units for account in unit.all_accounts()}
    accounts = tuple(account for account in scope.accounts if account not in within)
    return Unit(id="r-scope", accounts=accounts, units=units)


def _sharded(root: Unit, load: Load) -> Sequence[Shard]:
    accounts = len(set(root.all_accounts()))
    try:
        parts = shards(root, load)
    except TooLargeError as error:
        raise pulumi.RunError(f"{error}; name fewer Regions, or lower the volume") from error
    pulumi.log.info(
        f"{len(parts)} report plans a template: {load.arithmetic(accounts)}. Accounts that come "
        "later are covered by the next update; `backup-org doctor` says which are not yet"
    )
    return parts
