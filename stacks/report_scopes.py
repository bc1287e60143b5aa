"""Which report plans a stack's settings come to, sharded where AWS's quotas demand it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi

from components.report_plans import ReportPlan
from reports.plans import part_name
from reports.templates import TEMPLATES
from stacks import names
from stacks.organization import Organization
from stacks.report_settings import Reports, ReportScope
from stacks.report_volumes import load_of
from stacks.sharding import VOLUME_A_PLAN, Load, Shard, TooLargeError, Unit, shards

_WHOLE_ORGANIZATION = Shard(accounts=("ROOT",))
_THIS_ACCOUNT = Shard()
_NOT_OURS = Shard()
"""What a plan covers that stands already is its owner's to say."""
_HERE = "the stack's own Region"
_NOTHING: Mapping[str, int] = {}


def lake_plans(
    reports: Reports,
    customer: str,
    organization: Organization,
    seen: Mapping[str, int] = _NOTHING,
) -> dict[str, list[ReportPlan]]:
    """The lake's report plans by template. Raises RunError, with the arithmetic, over quota.

    `seen`: jobs and evaluations a day, by account, as far as the lake has seen any.
    """
    templates = names.report_templates(reports)
    ours = [template for template in templates if not _exists(reports, template)]
    _own_plans_fit(reports, organization)
    parts: Sequence[Shard] = _shards(reports, organization, seen) if ours else ()
    _tell_of_accounts_over_quota(seen)
    _plans_fit_the_account(reports, existing=len(templates) - len(ours), shards=len(parts))
    return {
        template: [
            _plan(reports, customer, template, shard, number)
            for number, shard in enumerate(parts, start=1)
        ]
        if template in ours
        else [_plan(reports, customer, template, _NOT_OURS, 1)]
        for template in templates
    }


def _plans_fit_the_account(reports: Reports, *, existing: int, shards: int) -> None:
    own, room = len(reports.own_plans), reports.sharding.report_plan_quota
    ours = len(names.report_templates(reports)) - existing
    count = ours * shards + own + existing
    if count > room:
        raise pulumi.RunError(
            f"{ours} templates × {shards} shards + {own} own plans + {existing} that exist = "
            f"{count} report plans; this account may have {room}: have AWS raise the quota and set "
            "reports.sharding.report_plan_quota, switch templates off (reports.plans.<template>: "
            "null), or let `backup-org lake volume --write` say what accounts really weigh, where "
            "they have reports"
        )


def _own_plans_fit(reports: Reports, organization: Organization) -> None:
    for position, plan in enumerate(reports.own_plans):
        load = _load(reports, plan.regions or (_HERE,), organization)
        if not load.fits_regions(1):
            raise _over(f"reports.own_plans[{position}]: {load.arithmetic_of_regions(1)}")


def _tell_of_accounts_over_quota(seen: Mapping[str, int]) -> None:
    """No sharding helps such an account, and none of the others is the worse for it."""
    for account, volume in sorted(seen.items()):
        if volume > VOLUME_A_PLAN:
            pulumi.log.warn(
                f"{account} alone has {volume} jobs and evaluations a day, and a report plan takes "
                f"{VOLUME_A_PLAN}: it has plans to itself, and its reports may not be whole; ask "
                "AWS, or name fewer Regions in reports.regions"
            )


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


def _plan(reports: Reports, customer: str, template: str, shard: Shard, number: int) -> ReportPlan:
    """The first keeps its name, and with that its reports."""
    wanted = reports.plans.get(template)
    name = (wanted.name if wanted else None) or names.report_plan(customer, template)
    return ReportPlan(
        name=part_name(name, number),
        template=TEMPLATES[template].api_name,
        description=wanted.description if wanted else None,
        tags=wanted.tags if wanted else {},
        prefix=wanted.prefix if wanted else None,
        accounts=shard.accounts,
        organizational_units=shard.organizational_units,
        regions=reports.regions,
    )


def _shards(
    reports: Reports, organization: Organization, seen: Mapping[str, int]
) -> Sequence[Shard]:
    load = _load(reports, reports.regions, organization, seen)
    if reports.scope == "account":
        if not load.fits_regions(1):
            told = load.arithmetic_of_regions(1)
            raise _over(f"this account is too much for a report plan: {told}")
        return [_THIS_ACCOUNT]
    if isinstance(reports.scope, ReportScope):
        return _shards_of_parts(reports.scope, load, organization)
    if load.fits(organization.accounts()):
        return [_WHOLE_ORGANIZATION]
    return _sharded(organization.tree(), load)


def _load(
    reports: Reports,
    regions: Sequence[str],
    organization: Organization,
    seen: Mapping[str, int] = _NOTHING,
) -> Load:
    if "*" in regions:
        regions = organization.regions()
    return load_of(reports, len(regions), seen)


def _over(arithmetic: str) -> pulumi.RunError:
    return pulumi.RunError(
        f"{arithmetic}; name fewer Regions, or leave out reports.sharding.accounts_times_regions, "
        "which AWS's newer page of quotas has not"
    )


def _shards_of_parts(scope: ReportScope, load: Load, organization: Organization) -> Sequence[Shard]:
    root = _root_of_parts(scope, organization)
    if not load.fits(set(root.all_accounts())):
        return _sharded(root, load)
    units = sorted({id_ for unit in root.units for id_ in unit.all_units()})
    return [Shard(organizational_units=tuple(units), accounts=root.accounts)]


def _root_of_parts(scope: ReportScope, organization: Organization) -> Unit:
    """The scope as a tree in which each unit, and each account, stands once."""
    named = [organization.unit(id_) for id_ in scope.organizational_units]
    below = {id_ for unit in named for child in unit.units for id_ in child.all_units()}
    units = tuple(unit for unit in named if unit.id not in below)
    within = {account for unit in units for account in unit.all_accounts()}
    accounts = tuple(account for account in scope.accounts if account not in within)
    return Unit(id="r-scope", accounts=accounts, units=units)


def _sharded(root: Unit, load: Load) -> Sequence[Shard]:
    accounts = set(root.all_accounts())
    try:
        parts = shards(root, load)
    except TooLargeError as error:
        raise _over(str(error)) from error
    pulumi.log.info(
        f"{len(parts)} report plans a template: {load.arithmetic(accounts)}. Accounts that come "
        "later are covered by the next update; `backup-org doctor` says which are not yet"
    )
    return parts
