"""The table of members beside its organization: who is added, who is told of, and what stays."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from fleet.enrol.table import enrolled, member_name, unknown_units
from fleet.organization import ListedAccount, state_of
from stacks.enrolment_settings import AccountFilter, Enrolment, RowTemplate
from stacks.values import MemberName

SHOP = ListedAccount(
    id="111111111111",
    name="Shop",
    email="shop@acme.example",
    units=("ou-abcd-11111111", "ou-abcd-22222222"),
    unit_names=("Workloads", "Prod"),
)
SANDBOX = ListedAccount(
    id="222222222222", name="Try it", units=("ou-abcd-33333333",), unit_names=("Sandboxes",)
)
TIERS = Enrolment(
    exclude=(AccountFilter(units=("Sandboxes",)),),
    rows=(
        RowTemplate(units=("Workloads",), values={"plans": {"standard": {}}}),
        RowTemplate(tags={"tier": "gold*"}, values={"plans": {"gold": {}}}),
    ),
)

_EDITED: Sequence[Mapping[str, Any]] = ({}, {"plans": {"gold": {"rules": {}}}}, {"plans": 1})
_NAMES = st.text("abcdefghij -_&1234é", max_size=30)
_ACCOUNTS = st.lists(
    st.builds(
        ListedAccount,
        id=st.text("0123456789", min_size=12, max_size=12),
        name=_NAMES,
        state=st.sampled_from(["ACTIVE", "ACTIVE", "SUSPENDED", "PENDING_CLOSURE", "CLOSED"]),
        unit_names=st.sampled_from([(), ("Workloads",), ("Workloads", "Prod"), ("Sandboxes",)]),
        tags=st.sampled_from([{}, {"tier": "gold"}, {"tier": "gold-eu"}, {"tier": "silver"}]),
    ),
    max_size=20,
    unique_by=lambda account: account.id,
)


def _kinds(table: Mapping[str, Any], *accounts: ListedAccount) -> dict[str, str]:
    return {d.member: d.kind for d in enrolled(table, accounts, TIERS).differences}


@given(organization=_ACCOUNTS, fill=st.booleans())
def test_a_second_enrol_changes_nothing(organization: list[ListedAccount], fill: bool) -> None:
    first = enrolled({}, organization, TIERS, customer="acme")
    again = enrolled(first.table, organization, TIERS, customer="acme", fill=fill)
    assert again.table == first.table
    assert not again.differences


@given(organization=_ACCOUNTS)
def test_every_active_account_that_is_not_excluded_has_one_row_under_a_name_that_may_be(
    organization: list[ListedAccount],
) -> None:
    table = enrolled({}, organization, TIERS).table
    wanted = {a.id for a in organization if a.state == "ACTIVE" and "Sandboxes" not in a.unit_names}
    assert {row["account"] for row in table.values()} == wanted
    assert len(table) == len(wanted)
    for name in table:
        TypeAdapter[str](MemberName).validate_python(name)


@given(organization=_ACCOUNTS, data=st.data())
@settings(max_examples=50)
def test_a_row_that_was_edited_by_hand_is_kept(
    organization: list[ListedAccount], data: st.DataObject
) -> None:
    table = dict(enrolled({}, organization, TIERS).table)
    for name in list(table):
        edited = data.draw(st.sampled_from(_EDITED))
        table[name] = {"account": table[name]["account"], **edited}
    after = enrolled(table, organization, TIERS)
    assert after.table == table
    filled = enrolled(table, organization, TIERS, fill=True)
    for name, row in table.items():
        assert _holds(filled.table[name], row)
    assert not [
        d for d in enrolled(filled.table, organization, TIERS).differences if d.kind == "lacks"
    ]


def _holds(filled: Any, row: Any) -> bool:
    """Whether all that stood in a row stands in it still."""
    if not isinstance(row, Mapping):
        return filled == row
    values = cast(Mapping[str, Any], row).items()
    return all(key in filled and _holds(filled[key], value) for key, value in values)


def test_an_account_that_is_renamed_and_moved_keeps_its_row() -> None:
    table = enrolled({}, [SHOP], TIERS).table
    moved = replace(SHOP, name="Shop of tomorrow", units=(), unit_names=())
    assert enrolled(table, [moved], TIERS).table == table


def test_what_an_account_begins_with_hangs_on_its_units_and_tags() -> None:
    tagged = replace(SHOP, tags={"tier": "gold-eu"})
    other = replace(SHOP, id="333333333333", name="Other", units=(), unit_names=())
    table = enrolled({}, [tagged, other], TIERS).table
    assert table["shop"]["plans"] == {"standard": {}, "gold": {}}
    assert "plans" not in table["other"]


@pytest.mark.parametrize(
    "told", [{"State": "SUSPENDED"}, {"Status": "SUSPENDED"}, {"State": "SUSPENDED", "Status": ""}]
)
def test_the_state_of_an_account_is_read_with_or_without_the_field_that_ends(
    told: Mapping[str, str],
) -> None:
    assert state_of(told) == "SUSPENDED"


def test_a_unit_may_be_named_by_its_id() -> None:
    by_id = Enrolment(exclude=(AccountFilter(units=("ou-abcd-11111111",)),))
    assert not enrolled({}, [SHOP], by_id).table


def test_a_row_is_told_what_it_lacks_and_gets_it_when_it_is_asked_for() -> None:
    table = {"shop": {"account": SHOP.id}}
    (difference,) = enrolled(table, [SHOP], TIERS).differences
    assert (difference.kind, difference.values) == ("lacks", {"plans": {"standard": {}}})
    filled = enrolled(table, [SHOP], TIERS, fill=True).table
    assert filled == {"shop": {"account": SHOP.id, "plans": {"standard": {}}}}


@pytest.mark.parametrize("state", ["PENDING_ACTIVATION", "PENDING_CLOSURE", "SUSPENDED", "CLOSED"])
def test_an_account_that_is_not_active_gets_no_row_and_its_row_is_told_of(state: str) -> None:
    ended = replace(SHOP, state=state)
    assert not enrolled({}, [ended]).table
    table: Mapping[str, Any] = {"shop": {"account": SHOP.id, "plans": {"standard": {}}}}
    assert _kinds(table, ended) == {"shop": "inactive"}
    assert enrolled(table, [ended], TIERS, fill=True).table == table


def test_a_row_whose_account_left_the_organization_is_told_of_and_stays() -> None:
    table = {"shop": {"account": SHOP.id}}
    assert _kinds(table, SANDBOX) == {"shop": "gone"}
    assert enrolled(table, [SANDBOX], TIERS).table == table


def test_accounts_with_stacks_of_their_own_get_no_row_and_keep_their_names() -> None:
    other = replace(SHOP, id="333333333333")
    table = enrolled({}, [SHOP, other], elsewhere={SHOP.id: "shop"}).table
    assert table == {"shop-3333": {"account": other.id}}


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("Payments (Prod)", "payments-prod"),
        ("acme-payments", "payments"),
        ("2nd shop", "account-2nd-shop"),
        ("", "account"),
        ("a name that is far too long for it", "a-name-that-is-far-t"),
        ("Bücher", "bucher"),
    ],
)
def test_a_member_is_called_as_its_account_as_far_as_it_may_be(name: str, member: str) -> None:
    assert member_name(replace(SHOP, name=name), "acme", ()) == member
    longer = member_name(replace(SHOP, name=name), "acme", {member})
    assert re.fullmatch(r"[a-z0-9-]{1,15}-1111", longer)


def test_a_misspelt_unit_is_told_with_the_one_that_is_meant() -> None:
    misspelt = Enrolment(exclude=(AccountFilter(units=("Sandboxs", "ou-abcd-11111111")),))
    (problem,) = unknown_units(misspelt, {"Sandboxes", "ou-abcd-11111111"})
    assert "did you mean Sandboxes?" in problem
