"""Members in their customer's table: what lies over what, and where a mistake is said to stand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import yaml

from fleet.deploy.order import settings_of
from fleet.deploy.selection import chosen
from stacks import load
from stacks.load import SettingsError
from stacks.settings import MemberSettings
from tests.unit.stacks.conftest import ACME, MEMBER

FILE = "stacks/customers/acme.yaml"
ROW: Mapping[str, Any] = {"account": "333333333333", "regions": ["eu-central-1"]}
DEFAULTS: Mapping[str, Any] = {"vaults": {"standard": {}}}
ENGINES_OWN = "encryptionsalt: v1:abc=:v1:def:ghi\n"


def write(root: Path, members: Any, defaults: Any = DEFAULTS, **shared: Any) -> None:
    table = {"members": members, "member_defaults": defaults}
    text = yaml.safe_dump({**ACME, **shared, **table})
    (root / load.CUSTOMERS / "acme.yaml").write_text(text)


def write_own(root: Path, stack: str, text: str) -> None:
    (root / load.CUSTOMERS / f"Pulumi.{stack}.yaml").write_text(text)


def member(root: Path, name: str = "web") -> MemberSettings:
    found = load.from_files(f"acme-member-{name}", root)
    assert isinstance(found, MemberSettings)
    return found


def problems_of(stack: str, root: Path) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load.from_files(stack, root)
    return caught.value.problems


def test_a_row_is_a_stack_without_a_file(root: Path) -> None:
    write(root, {"web": ROW, "shop": {**ROW, "account": "444444444444"}})
    assert load.stacks_in(root) == ["acme-member-shop", "acme-member-web"]
    web = member(root)
    assert (web.name, web.account, web.region) == ("web", "333333333333", "eu-central-1")
    assert web.vaults.keys() == {"standard"}


def test_pulumi_finds_no_settings_and_the_row_is_what_they_are(root: Path) -> None:
    write(root, {"web": ROW})
    assert load.parse("acme-member-web", None, root) == member(root)


@pytest.mark.parametrize(
    "text",
    [
        ENGINES_OWN,
        f"{ENGINES_OWN}config:\n",
        f"{ENGINES_OWN}config: {{}}\n",
        "secretsprovider: awskms://alias/x\nencryptedkey: abc\nconfig:\n  aws:region: eu-west-1\n",
        "",
    ],
)
def test_a_file_with_nothing_of_ours_counts_as_none(text: str, root: Path) -> None:
    write(root, {"web": ROW})
    expected = member(root)
    write_own(root, "acme-member-web", text)
    assert load.stacks_in(root) == ["acme-member-web"]
    assert member(root) == expected


def test_a_value_is_the_customers_then_of_all_members_then_the_rows_then_the_files(
    root: Path,
) -> None:
    def tags(**values: str) -> dict[str, Any]:
        return {"tags": values}

    write(
        root,
        {"web": {**ROW, **tags(a="row", b="row", c="row")}},
        {**DEFAULTS, **tags(b="all", c="all", d="all", e="all")},
        **tags(a="customer", d="customer", f="customer"),
    )
    own = {"config": {load.KEY: {"extends": "acme", **tags(c="own", e="own")}}}
    write_own(root, "acme-member-web", json.dumps(own))
    assert member(root).tags == {
        "a": "row",
        "b": "row",
        "c": "own",
        "d": "all",
        "e": "own",
        "f": "customer",
    }


def test_what_lies_under_all_members_lies_under_those_with_a_file_alone_too(root: Path) -> None:
    write(root, {}, {"vaults": {"gold": {}}, "tags": {"tier": "gold"}})
    write_own(root, "acme-member-web", json.dumps({"config": {load.KEY: MEMBER}}))
    assert member(root).vaults.keys() == {"standard", "gold"}
    assert member(root).tags == {"tier": "gold"}


def test_a_central_stack_sees_nothing_of_the_table(root: Path) -> None:
    write(root, {"web": ROW}, {"tags": {"tier": "gold"}})
    own = {"config": {load.KEY: {"extends": "acme", "role": "audit"}}}
    write_own(root, "acme-audit", json.dumps(own))
    assert load.from_files("acme-audit", root).tags == {}


def test_a_table_in_a_stacks_own_file_is_told_its_place(root: Path) -> None:
    own = {"extends": "acme", "role": "audit", "members": {"web": ROW}}
    write_own(root, "acme-audit", json.dumps({"config": {load.KEY: own}}))
    (found,) = problems_of("acme-audit", root)
    assert "members: is not set here: it stands in the customer's file" in found


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({**ROW, "account": 3}, f"{FILE}: members.web.account: 3 is a number to YAML: put it in"),
        ({"regions": ["eu-central-1"]}, f"{FILE}: members.web.account: is required"),
        (None, f"{FILE}: members.web.regions: is required"),
        ({**ROW, "regions": []}, f"{FILE}: members.web.regions: "),
        ({**ROW, "regoins": []}, f"{FILE}: members.web.regoins: is unknown; did you mean regions?"),
        ({**ROW, "name": "web"}, f"{FILE}: members.web.name: follows from where the row stands"),
        ({**ROW, "role": "audit"}, f"{FILE}: members.web.role: follows from where the row stands"),
        (["333333333333"], f"{FILE}: members.web: is no object of settings"),
    ],
)
def test_a_mistake_in_a_row_is_told_with_its_path(row: Any, said: str, root: Path) -> None:
    write(root, {"web": row})
    assert problems_of("acme-member-web", root)[0].startswith(said)


@pytest.mark.parametrize(
    ("defaults", "said"),
    [
        ({"vaults": {"x": {}}}, f"{FILE}: member_defaults.vaults.x: 'x' does not fit"),
        ({"account": "333333333333"}, f"{FILE}: member_defaults.account: is each member's own"),
        ({**DEFAULTS, "name": "all"}, f"{FILE}: member_defaults.name: follows from where the row"),
        (["vaults"], f"{FILE}: member_defaults: is no object of settings"),
    ],
)
def test_a_mistake_under_all_members_is_told_with_its_path(
    defaults: Any, said: str, root: Path
) -> None:
    write(root, {"web": ROW}, defaults)
    assert problems_of("acme-member-web", root)[0].startswith(said)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Web", "members.Web: 'Web' does not fit; use lower-case letters"),
        (4, "members.4: 4 is a number to YAML: put it in quotes"),
        (True, "members.True: is true to YAML: put it in quotes"),
    ],
)
def test_a_rows_name_is_a_members(name: object, said: str, root: Path) -> None:
    write(root, {name: ROW})
    (found,) = problems_of(f"acme-member-{name}", root)
    assert found.startswith(f"{FILE}: {said}")


def test_where_a_member_has_a_file_as_well_what_is_missing_is_missing_there(root: Path) -> None:
    write(root, {"web": {"regions": ["eu-central-1"]}})
    write_own(root, "acme-member-web", json.dumps({"config": {load.KEY: {"tags": {}}}}))
    own_file = "stacks/customers/Pulumi.acme-member-web.yaml"
    assert problems_of("acme-member-web", root) == [f"{own_file}: account: is required"]


def test_two_rows_are_not_in_one_account_nor_a_row_and_a_file(root: Path) -> None:
    write(root, {"web": ROW, "shop": ROW})
    for name, other in (("web", "shop"), ("shop", "web")):
        assert problems_of(f"acme-member-{name}", root) == [
            f"{FILE}: members.{name}.account: is that of {FILE}: members.{other} too; "
            "write each its own"
        ]
    write(root, {"shop": ROW})
    write_own(root, "acme-member-web", json.dumps({"config": {load.KEY: MEMBER}}))
    assert f"is that of {FILE}: members.shop too" in problems_of("acme-member-web", root)[0]
    assert "is that of stacks/customers/Pulumi." in problems_of("acme-member-shop", root)[0]


@pytest.mark.parametrize("names", [["acme"], []])
def test_a_table_that_is_none_is_told_before_anything_is_done(names: list[str], root: Path) -> None:
    write(root, [ROW])
    with pytest.raises(SettingsError, match=r"acme\.yaml: members: is no object of members"):
        chosen(names, root)


def test_a_table_that_cannot_be_read_is_in_no_other_customers_way(root: Path) -> None:
    (root / load.CUSTOMERS / "acme.yaml").write_text("members: {web: [}\n")
    own = {**ACME, "customer": "initech", "role": "management"}
    write_own(root, "initech-management", json.dumps({"config": {load.KEY: own}}))
    assert chosen(["initech"], root) == ["initech-management"]
    with pytest.raises(SettingsError, match=r"acme\.yaml: line 1: "):
        chosen(["acme"], root)


def test_a_customers_members_are_chosen_by_its_name(root: Path) -> None:
    write(root, {"web": ROW, "shop": {**ROW, "account": "444444444444"}})
    assert chosen(["acme"], root) == ["acme-member-shop", "acme-member-web"]
    assert chosen(["acme-member-web"], root) == ["acme-member-web"]


def test_a_customers_file_is_parsed_once_for_all_of_its_members(
    root: Path,
) -> None:
    """Anew for each, reading them all would take the square of their number."""
    write(root, {f"m{n}": {**ROW, "account": f"{n:012}"} for n in range(50)})
    with mock.patch.object(yaml, "load", wraps=yaml.load) as parses:
        assert len(settings_of(chosen(["acme"], root), root)) == 50
    assert parses.call_count == 1
