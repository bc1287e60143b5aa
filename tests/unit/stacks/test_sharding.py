"""Shards of report plans: every account in one, none too large, and few moved by a new one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.templates import TEMPLATES
from stacks.organization import OrganizationReader
from stacks.report_scopes import lake_plans
from stacks.settings import OwnReportPlan, ReportPlan, Reports, ReportScope, Sharding
from stacks.sharding import Load, Shard, TooLargeError, Unit, shards

ROOM_FOR_TEN = Load(regions=30, daily_volume=1)
OWN = OwnReportPlan(template="backup_job", name="own", prefix="own")


def accounts(start: int, count: int) -> tuple[str, ...]:
    return tuple(f"{n:012}" for n in range(start, start + count))


def root(*sizes: int, own: int = 0) -> Unit:
    """A root with accounts of its own, and units of these sizes."""
    units = tuple(
        Unit(id=f"ou-exam-{n:08}", accounts=accounts(1_000 * n, size))
        for n, size in enumerate(sizes, start=1)
    )
    return Unit(id="r-exam", accounts=accounts(0, own), units=units)


def homes(found: Sequence[Shard]) -> dict[str, int]:
    """The shard of each account, by number."""
    return {account: number for number, shard in enumerate(found) for account in shard.covers}


@st.composite
def trees(draw: st.DrawFn) -> Unit:
    """Roots with units in units, some of them empty."""
    numbers = iter(range(1_000))

    def unit(id_: str, depth: int) -> Unit:
        own = draw(st.integers(min_value=0, max_value=14))
        below = draw(st.integers(min_value=0, max_value=3)) if depth else 0
        return Unit(
            id=id_,
            accounts=tuple(f"{next(numbers):012}" for _ in range(own)),
            units=tuple(unit(f"ou-{id_[-4:]}-{n}", depth - 1) for n in range(below)),
        )

    return unit("r-exam", 2)


@given(trees())
def test_every_account_is_in_one_shard_and_no_shard_is_over_its_room(tree: Unit) -> None:
    found = shards(tree, ROOM_FOR_TEN)
    covered = [account for shard in found for account in shard.covers]
    assert sorted(covered) == sorted(tree.all_accounts())
    assert all(len(shard.covers) <= 10 for shard in found)
    assert shards(tree, ROOM_FOR_TEN) == found


@given(trees())
def test_a_shard_covers_what_its_units_and_its_single_accounts_come_to(tree: Unit) -> None:
    within: dict[str, tuple[str, ...]] = {}

    def walk(unit: Unit) -> None:
        within[unit.id] = unit.accounts
        for child in unit.units:
            walk(child)

    walk(tree)
    for shard in shards(tree, ROOM_FOR_TEN):
        listed = {account for id_ in shard.organizational_units for account in within[id_]}
        assert not listed & set(shard.accounts)
        assert sorted(listed | set(shard.accounts)) == list(shard.covers)


def test_a_unit_is_listed_with_all_that_are_below_it() -> None:
    inner = Unit(id="ou-exam-inner", accounts=accounts(1, 2))
    outer = Unit(id="ou-exam-outer", accounts=accounts(10, 2), units=(inner,))
    (found,) = shards(Unit(id="r-exam", units=(outer,)), ROOM_FOR_TEN)
    assert found.organizational_units == ("ou-exam-inner", "ou-exam-outer")
    assert found.accounts == ()


def test_a_unit_too_large_for_a_shard_is_listed_account_by_account() -> None:
    found = shards(root(11), ROOM_FOR_TEN)
    assert all(shard.organizational_units == () for shard in found)
    assert sorted(a for shard in found for a in shard.accounts) == sorted(accounts(1_000, 11))


def test_the_root_is_never_listed_as_a_unit() -> None:
    (found,) = shards(root(own=3), ROOM_FOR_TEN)
    assert (found.organizational_units, found.accounts) == ((), accounts(0, 3))


def test_single_accounts_fill_what_units_leave() -> None:
    """Two units of six and eight accounts fill two shards of ten: the units are placed first."""
    assert [len(shard.covers) for shard in shards(root(6, 6, own=8), ROOM_FOR_TEN)] == [10, 10]


def test_no_account_at_all_needs_no_shard() -> None:
    assert shards(Unit(id="r-exam"), ROOM_FOR_TEN) == []


def test_an_account_that_comes_where_there_is_room_moves_no_unit_and_no_account() -> None:
    before = shards(root(4, 4, 4), ROOM_FOR_TEN)
    after = shards(root(4, 4, 4, own=1), ROOM_FOR_TEN)
    assert len(after) == len(before) == 2
    moved = [a for a, home in homes(before).items() if homes(after)[a] != home]
    assert moved == []


@pytest.mark.parametrize(
    ("size", "more", "moved_at_most"),
    [
        (95, 1, 1),
        (195, 1, 4),
        (295, 1, 4),
        (95, 6, 12),
        (195, 6, 24),
        (295, 6, 36),
    ],
)
def test_few_accounts_move_when_others_come(size: int, more: int, moved_at_most: int) -> None:
    """In shards of ten, nearly full; six accounts more need a shard more."""
    before = shards(root(own=size), ROOM_FOR_TEN)
    after = shards(root(own=size + more), ROOM_FOR_TEN)
    assert len(after) == len(before) + (more == 6)
    was, is_ = homes(before), homes(after)
    assert sum(is_[account] != home for account, home in was.items()) <= moved_at_most


@pytest.mark.parametrize("shards_before", [2, 3, 5, 10, 20])
def test_where_all_shards_are_full_one_account_more_moves_no_more_than_two_shares(
    shards_before: int,
) -> None:
    """It needs a further shard, which takes its share, as of any hashing; and what finds its shard
    full goes elsewhere."""
    size = shards_before * 60
    room_for_sixty = Load(regions=5, daily_volume=1)
    before = shards(root(own=size), room_for_sixty)
    after = shards(root(own=size + 1), room_for_sixty)
    assert (len(before), len(after)) == (shards_before, shards_before + 1)
    was, is_ = homes(before), homes(after)
    assert sum(is_[account] != home for account, home in was.items()) <= 2 * size / len(after)


@given(trees())
def test_an_account_more_at_the_root_moves_no_unit_and_nobody_where_no_shard_is_full(
    tree: Unit,
) -> None:
    """Units are placed first, by their names; an account chooses among the shards with room."""
    before = shards(tree, ROOM_FOR_TEN)
    grown = Unit(id=tree.id, accounts=(*tree.accounts, "999999999999"), units=tree.units)
    after = shards(grown, ROOM_FOR_TEN)
    if len(after) != len(before):
        return
    units = [shard.organizational_units for shard in before]
    assert [shard.organizational_units for shard in after] == units
    if all(len(shard.covers) < 10 for shard in after):
        was, is_ = homes(before), homes(after)
        assert is_ == {**was, "999999999999": is_["999999999999"]}


@pytest.mark.parametrize(
    ("load", "room"),
    [
        (Load(regions=3, daily_volume=100), 100),
        (Load(regions=3, daily_volume=1_000), 33),
        (Load(regions=300, daily_volume=1), 1),
        (Load(regions=301, daily_volume=1), 0),
        (Load(regions=1, daily_volume=100_001), 0),
    ],
)
def test_a_plan_takes_as_many_accounts_as_both_quotas_allow(load: Load, room: int) -> None:
    assert load.accounts_a_plan == room


def test_an_account_too_large_for_any_plan_is_refused_with_the_arithmetic() -> None:
    with pytest.raises(TooLargeError) as caught:
        shards(root(own=1), Load(regions=20, daily_volume=6_000))
    assert str(caught.value) == (
        "one account is too much for a report plan: 1 accounts × 20 Regions = 20 (a report plan "
        "takes 300), × 6000 jobs and evaluations a day = 120000 (a report plan takes 100000)"
    )


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
    plans = lake_plans(Reports(), "acme", organization(root(4, own=6)))
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
    plans = lake_plans(Reports(scope=scope), "acme", organization(NESTED))["backup_job"]
    assert [plan.name for plan in plans] == ["acme_backup_job_report", "acme_backup_job_report_2"]
    named = [id_ for plan in plans for id_ in (*plan.organizational_units, *plan.accounts)]
    assert sorted(named) == sorted([*accounts(30, 2), *ids(BESIDE, INNER, OUTER)])


def test_plans_over_the_accounts_quota_are_refused_with_the_arithmetic() -> None:
    reports = Reports(sharding=Sharding(report_plan_quota=9))
    with pytest.raises(pulumi.RunError) as caught:
        lake_plans(reports, "acme", organization(root(4, own=7)))
    assert str(caught.value).startswith(
        "5 templates × 2 shards + 0 own plans + 0 that exist = 10 report plans; this account may "
        "have 9: "
    )


def test_a_plan_that_exists_is_one_under_its_own_name_however_many_shards_there_are() -> None:
    theirs = ReportPlan(name="theirs", existing=True, prefix="jobs")
    found = lake_plans(Reports(plans={"backup_job": theirs}), "acme", organization(root(4, own=7)))
    assert [(plan.name, plan.prefix) for plan in found["backup_job"]] == [("theirs", "jobs")]
    assert [plan.name for plan in found["copy_job"]] == [
        "acme_copy_job_report",
        "acme_copy_job_report_2",
    ]


def test_a_plan_that_exists_counts_against_the_quota_as_aws_counts_it() -> None:
    theirs = ReportPlan(name="theirs", existing=True)
    reports = Reports(plans={"backup_job": theirs}, sharding=Sharding(report_plan_quota=9))
    assert len(lake_plans(reports, "acme", organization(root(4, own=7)))) == 5
    short = Reports(plans={"backup_job": theirs}, sharding=Sharding(report_plan_quota=8))
    with pytest.raises(
        pulumi.RunError,
        match=r"^4 templates × 2 shards \+ 0 own plans \+ 1 that exist = 9 report",
    ):
        lake_plans(short, "acme", organization(root(4, own=7)))


@pytest.mark.parametrize(
    ("reports", "told"),
    [
        (
            Reports(scope="account", sharding=Sharding(daily_volume=3_334)),
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
                sharding=Sharding(daily_volume=3_334),
            ),
            "reports.own_plans[1]: 1 accounts × 30 Regions = 30",
        ),
        (
            Reports(
                scope="account",
                regions=("eu-west-1",),
                own_plans=(OWN,),
                sharding=Sharding(daily_volume=100_000),
            ),
            "",
        ),
    ],
)
def test_a_plan_on_one_account_is_held_to_the_quotas_too(reports: Reports, told: str) -> None:
    def plans() -> object:
        return lake_plans(reports, "acme", organization(root(own=1)))

    if not told:
        assert plans()
        return
    with pytest.raises(pulumi.RunError) as caught:
        plans()
    assert str(caught.value).startswith(told)
    assert str(caught.value).endswith("or lower reports.sharding.daily_volume")


def test_an_organization_that_no_plan_could_cover_is_nothing_to_plans_that_exist() -> None:
    reports = Reports(
        plans={name: ReportPlan(name=f"their_{name}", existing=True) for name in TEMPLATES},
        sharding=Sharding(daily_volume=100_000),
    )
    found = lake_plans(reports, "acme", organization(root(4, own=7)))
    assert [plan.name for plans in found.values() for plan in plans] == [
        f"their_{name}" for name in TEMPLATES
    ]
