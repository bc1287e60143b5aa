"""Report plans of a scope: the root, its parts, or one account, held to AWS's quotas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast
from unittest import mock

import pulumi
import pytest

from reports.templates import TEMPLATES
from stacks.organization import OrganizationReader
from stacks.report_scopes import lake_plans
from stacks.report_settings import OwnReportPlan, ReportPlan, Reports, ReportScope, Sharding
from stacks.sharding import Unit
from tests.unit.stacks.conftest import accounts, root_unit


def ten_a_plan(**more: int) -> Sharding:
    return Sharding(account_daily_volume=8_000, **more)


TEN_A_PLAN = ten_a_plan()
OWN = OwnReportPlan(template="backup_job", name="own", prefix="own")


class Organization:
    """What is asked of an organization, from a tree."""

    def __init__(self, tree: Unit) -> None:
        self._tree = tree

    def accounts(self) -> Sequence[str]:
        return sorted(set(self._tree.all_accounts()))

    def tree(self) -> Unit:
        return self._tree

    def unit(self, id_: str) -> Unit:
        units = [self._tree]
        while units[0].id != id_:
            units = [*units[1:], *units[0].units]
        return units[0]

    def regions(self) -> Sequence[str]:
        return [f"region-{n}" for n in range(30)]


def organization(tree: Unit) -> OrganizationReader:
    return cast(OrganizationReader, Organization(tree))


def test_an_organization_that_fits_is_covered_by_its_root() -> None:
    plans = lake_plans(Reports(), "acme", organization(root_unit(4, own=6)))
    assert len(plans) == 5
    for template, (plan,) in plans.items():
        assert plan.name == f"acme_{template}_report"
        assert (plan.accounts, plan.organizational_units) == (("ROOT",), ())


INNER = Unit(id="ou-exam-inner111", accounts=accounts(1, 3))
OUTER = Unit(id="ou-exam-outer111", accounts=accounts(10, 2), units=(INNER,))
BESIDE = Unit(id="ou-exam-beside11", accounts=accounts(20, 4))
NESTED = Unit(id="r-exam", accounts=accounts(30, 2), units=(OUTER, BESIDE))


def ids(*units: Unit) -> tuple[str, ...]:
    return tuple(unit.id for unit in units)


@pytest.mark.parametrize(
    ("scope", "units", "singly"),
    [
        (ids(OUTER), ids(INNER, OUTER), ()),
        (ids(INNER, OUTER), ids(INNER, OUTER), ()),
        (ids(INNER), ids(INNER), ()),
        (ids(OUTER, BESIDE), ids(BESIDE, INNER, OUTER), ()),
        (ids(OUTER), ids(INNER, OUTER), accounts(30, 1)),
        ((), (), accounts(1, 2)),
    ],
)
def test_a_part_is_named_with_all_units_below_it_and_each_account_once(
    scope: tuple[str, ...], units: tuple[str, ...], singly: tuple[str, ...]
) -> None:
    also = INNER.accounts if OUTER.id in scope else ()
    reports = Reports(scope=ReportScope(organizational_units=scope, accounts=(*also, *singly)))
    for (plan,) in lake_plans(reports, "acme", organization(NESTED)).values():
        assert (plan.organizational_units, plan.accounts) == (units, singly)


def test_parts_too_large_for_a_plan_are_spread_and_an_account_stays_in_one() -> None:
    scope = ReportScope(
        organizational_units=ids(INNER, OUTER, BESIDE),
        accounts=(*INNER.accounts, *accounts(30, 2)),
    )
    reports = Reports(scope=scope, sharding=TEN_A_PLAN)
    plans = lake_plans(reports, "acme", organization(NESTED))["backup_job"]
    assert [plan.name for plan in plans] == ["acme_backup_job_report", "acme_backup_job_report_2"]
    named = [id_ for plan in plans for id_ in (*plan.organizational_units, *plan.accounts)]
    assert sorted(named) == sorted([*accounts(30, 2), *ids(BESIDE, INNER, OUTER)])


def test_plans_over_the_accounts_quota_are_refused_with_the_arithmetic() -> None:
    reports = Reports(sharding=ten_a_plan(report_plan_quota=9))
    with pytest.raises(pulumi.RunError) as caught:
        lake_plans(reports, "acme", organization(root_unit(4, own=7)))
    assert str(caught.value).startswith(
        "5 templates × 2 shards + 0 own plans + 0 that exist = 10 report plans; this account may "
        "have 9: "
    )


def test_a_plan_that_exists_is_one_under_its_own_name_however_many_shards_there_are() -> None:
    theirs = ReportPlan(name="theirs", existing=True, prefix="jobs")
    found = lake_plans(
        Reports(plans={"backup_job": theirs}, sharding=TEN_A_PLAN),
        "acme",
        organization(root_unit(4, own=7)),
    )
    assert [(plan.name, plan.prefix) for plan in found["backup_job"]] == [("theirs", "jobs")]
    assert [plan.name for plan in found["copy_job"]] == [
        "acme_copy_job_report",
        "acme_copy_job_report_2",
    ]


def test_a_plan_that_exists_counts_against_the_quota_as_aws_counts_it() -> None:
    theirs = ReportPlan(name="theirs", existing=True)
    reports = Reports(plans={"backup_job": theirs}, sharding=ten_a_plan(report_plan_quota=9))
    assert len(lake_plans(reports, "acme", organization(root_unit(4, own=7)))) == 5
    short = Reports(plans={"backup_job": theirs}, sharding=ten_a_plan(report_plan_quota=8))
    with pytest.raises(
        pulumi.RunError,
        match=r"^4 templates × 2 shards \+ 0 own plans \+ 1 that exist = 9 report",
    ):
        lake_plans(short, "acme", organization(root_unit(4, own=7)))


@pytest.mark.parametrize(
    ("reports", "told"),
    [
        (
            Reports(scope="account", sharding=Sharding(accounts_times_regions=29)),
            "this account is too much for a report plan: 1 accounts × 30 Regions = 30",
        ),
        (
            Reports(scope="account", regions=("eu-west-1",), own_plans=(OWN,)),
            "",
        ),
        (
            Reports(
                scope="account",
                regions=("eu-west-1",),
                own_plans=(OWN, OWN.model_copy(update={"regions": ("*",)})),
                sharding=Sharding(accounts_times_regions=29),
            ),
            "reports.own_plans[1]: 1 accounts × 30 Regions = 30",
        ),
        (
            Reports(
                scope="account",
                regions=("eu-west-1",),
                own_plans=(OWN,),
                sharding=Sharding(accounts_times_regions=1),
            ),
            "",
        ),
    ],
)
def test_a_plan_on_one_account_is_held_to_the_quotas_too(reports: Reports, told: str) -> None:
    def plans() -> object:
        return lake_plans(reports, "acme", organization(root_unit(own=1)))

    if not told:
        assert plans()
        return
    with pytest.raises(pulumi.RunError) as caught:
        plans()
    assert str(caught.value).startswith(told)
    assert "leave out reports.sharding.accounts_times_regions" in str(caught.value)


def test_an_account_that_the_lake_has_seen_too_much_of_has_plans_to_itself_and_is_named() -> None:
    heavy = accounts(0, 1)[0]
    with mock.patch.object(pulumi.log, "warn") as warned:
        found = lake_plans(Reports(), "acme", organization(root_unit(own=9)), {heavy: 100_001})
    assert [len(plan.accounts) for plan in found["backup_job"]] in ([1, 8], [8, 1])
    (told,) = [call.args[0] for call in warned.call_args_list]
    assert told.startswith(f"{heavy} alone has 100001 jobs and evaluations a day")


def test_an_organization_that_no_plan_could_cover_is_nothing_to_plans_that_exist() -> None:
    reports = Reports(
        plans={name: ReportPlan(name=f"their_{name}", existing=True) for name in TEMPLATES},
        sharding=Sharding(account_daily_volume=100_000, accounts_times_regions=1),
    )
    found = lake_plans(reports, "acme", organization(root_unit(4, own=7)))
    assert [plan.name for plans in found.values() for plan in plans] == [
        f"their_{name}" for name in TEMPLATES
    ]
