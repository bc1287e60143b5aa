"""Shards of report plans: every account in one, none too large, and few moved by a new one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    room_for_sixty = Load(regions=5, daily_volume=1)
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
        shards(root_unit(own=1), Load(regions=20, daily_volume=6_000))
    assert str(caught.value) == (
        "one account is too much for a report plan: 1 accounts × 20 Regions = 20 (a report plan "
        "takes 300), × 6000 jobs and evaluations a day = 120000 (a report plan takes 100000)"
    )
