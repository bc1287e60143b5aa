"""Shards of report plans: every account in one, none too large, and few moved by a new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacks.report_settings import Sharding
from stacks.sharding import Load, Shard, TooLargeError, Unit, shards
from tests.unit.stacks.conftest import ROOM_FOR_TEN, accounts, root_unit


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
    found = shards(root_unit(11), ROOM_FOR_TEN)
    assert all(shard.organizational_units == () for shard in found)
    assert sorted(a for shard in found for a in shard.accounts) == sorted(accounts(1_000, 11))


def test_the_root_is_never_listed_as_a_unit() -> None:
    (found,) = shards(root_unit(own=3), ROOM_FOR_TEN)
    assert (found.organizational_units, found.accounts) == ((), accounts(0, 3))


def test_single_accounts_fill_what_units_leave() -> None:
    """Two units of six and eight accounts fill two shards of ten: the units are placed first."""
    assert [len(shard.covers) for shard in shards(root_unit(6, 6, own=8), ROOM_FOR_TEN)] == [10, 10]


def test_no_account_at_all_needs_no_shard() -> None:
    assert shards(Unit(id="r-exam"), ROOM_FOR_TEN) == []


def test_an_account_that_comes_where_there_is_room_moves_no_unit_and_no_account() -> None:
    before = shards(root_unit(4, 4, 4), ROOM_FOR_TEN)
    after = shards(root_unit(4, 4, 4, own=1), ROOM_FOR_TEN)
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
    before = shards(root_unit(own=size), ROOM_FOR_TEN)
    after = shards(root_unit(own=size + more), ROOM_FOR_TEN)
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
    room_for_sixty = Load(regions=5, account_daily_volume=1, accounts_times_regions=300)
    before = shards(root_unit(own=size), room_for_sixty)
    after = shards(root_unit(own=size + 1), room_for_sixty)
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


ONE_A_DAY = Load(regions=3, account_daily_volume=1)
QUOTA_OF_REGIONS = Load(regions=3, account_daily_volume=1, accounts_times_regions=300)


@pytest.mark.parametrize(
    ("load", "most"),
    [
        (Load(regions=17, account_daily_volume=100), 800),
        (Load(regions=1, account_daily_volume=800), 100),
        (QUOTA_OF_REGIONS, 100),
        (Load(regions=3, account_daily_volume=4_000, accounts_times_regions=300), 20),
    ],
)
def test_a_plan_is_given_four_fifths_of_its_volume_and_where_it_is_set_no_more_regions(
    load: Load, most: int
) -> None:
    assert load.fits(accounts(0, most))
    assert not load.fits(accounts(0, most + 1))


def test_what_the_lake_has_seen_of_an_account_counts_instead_of_what_is_assumed() -> None:
    (light, heavy), load = accounts(0, 2), Load(regions=1, account_daily_volume=100)
    seen = replace(load, seen={heavy: 79_901, light: 0})
    assert load.volume([light, heavy]) == 200
    assert seen.volume([light, heavy]) == 79_901
    assert seen.arithmetic([light, heavy, "9" * 12]) == (
        "3 accounts (2 as the lake has seen them, 1 × 100 assumed) = 80001 jobs and evaluations a "
        "day (a report plan takes 100000)"
    )
    assert not seen.fits([light, heavy, "9" * 12])


volumes = st.integers(min_value=0, max_value=120_000)


@given(trees(), st.data())
def test_shards_are_filled_by_what_accounts_weigh_and_what_is_too_heavy_stands_alone(
    tree: Unit, data: st.DataObject
) -> None:
    everyone = sorted(tree.all_accounts())
    seen = data.draw(st.fixed_dictionaries(dict.fromkeys(everyone[::2], volumes)))
    load = Load(regions=17, account_daily_volume=3_000, seen=seen)
    found = shards(tree, load)
    assert sorted(account for shard in found for account in shard.covers) == everyone
    assert all(load.fits(shard.covers) or len(shard.covers) == 1 for shard in found)
    assert all(shard.accounts or shard.organizational_units for shard in found)
    assert shards(tree, load) == found


@given(trees(), st.data())
def test_a_volume_that_grows_a_little_moves_nobody_where_no_shard_is_full(
    tree: Unit, data: st.DataObject
) -> None:
    """All weigh the same power of two, and a shard of a hundred is never full."""
    everyone = sorted(tree.all_accounts())
    grown = data.draw(st.fixed_dictionaries({a: st.integers(512, 1_023) for a in everyone}))
    before = Load(regions=17, account_daily_volume=600)
    after = replace(before, seen=grown)
    if len(shards(tree, after)) == len(shards(tree, before)) == 1:
        assert homes(shards(tree, after)) == homes(shards(tree, before))


def test_few_accounts_move_when_the_lake_has_seen_other_volumes() -> None:
    tree = root_unit(own=1_000)
    assumed = Load(regions=17, account_daily_volume=150)
    seen = {account: 130 + number % 40 for number, account in enumerate(tree.accounts)}
    was, is_ = homes(shards(tree, assumed)), homes(shards(tree, replace(assumed, seen=seen)))
    assert set(was.values()) == set(is_.values()) == {0, 1}
    assert sum(is_[account] != home for account, home in was.items()) == 0


def test_an_account_too_heavy_for_any_plan_leaves_the_others_as_they_are() -> None:
    tree = root_unit(own=20)
    load = replace(ROOM_FOR_TEN, seen={tree.accounts[0]: 100_001})
    alone, *others = sorted(shards(tree, load), key=lambda shard: len(shard.covers))
    assert alone.covers == tree.accounts[:1]
    assert sum(len(shard.covers) for shard in others) == 19


def test_an_account_of_too_many_regions_is_refused_with_the_arithmetic() -> None:
    load = Load(regions=20, account_daily_volume=6_000, accounts_times_regions=19)
    with pytest.raises(TooLargeError) as caught:
        shards(root_unit(own=1), load)
    assert str(caught.value) == (
        "one account is too much for a report plan: 1 accounts × 20 Regions = 20 (a report plan "
        "takes 19)"
    )


@pytest.mark.parametrize(("size", "most"), [(1_000, 2), (3_200, 4), (5_000, 7)])
def test_an_organization_of_thousands_comes_to_few_plans_by_default(size: int, most: int) -> None:
    """In units of 50, all Regions; five templates × 4 shards are AWS's 20 report plans."""
    tree = root_unit(*[50] * (size // 50))
    default = Sharding()
    load = Load(regions=17, account_daily_volume=default.account_daily_volume)
    found = shards(tree, load)
    assert len(found) == most
    assert sum(len(shard.covers) for shard in found) == size
