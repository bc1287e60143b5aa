"""Which stacks are chosen where settings cannot be read, or did not come through."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fleet.deploy.selection import Selection
from fleet.project import PROJECT
from fleet.runs import Run
from fleet.scheduler import Ended
from stacks.load import CUSTOMERS, SettingsError

TABLE = "acme-labs.yaml"
"""Of a customer whose members are in its table alone."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Settings of the examples, and of a customer whose table of members cannot be read."""
    shutil.copytree(PROJECT / CUSTOMERS, tmp_path / CUSTOMERS)
    (tmp_path / CUSTOMERS / TABLE).write_text("customer: acme-labs\nmembers: [web]\n")
    return tmp_path


def unreadable(root: Path, selection: Selection) -> list[str]:
    return sorted(selection.chosen(root).unreadable)


@pytest.mark.parametrize(
    "name", ["acme-labs", "acme-labs-member-web", "acme-labs-member-*", "acme-*", "*-web", "*"]
)
def test_a_table_that_cannot_be_read_is_told_where_its_members_may_be_meant(
    root: Path, name: str
) -> None:
    assert unreadable(root, Selection(names=[name])) == ["acme-labs"]
    with pytest.raises(SettingsError, match="members: is no object of members by name"):
        Selection(names=[name]).stacks(root)


@pytest.mark.parametrize("name", ["acme", "acme-audit", "acme-member-*", "hooli-*", "acme-audit*"])
def test_a_table_that_cannot_be_read_is_nothing_to_who_means_others(root: Path, name: str) -> None:
    assert unreadable(root, Selection(names=[name])) == []


@pytest.mark.parametrize("name", ["acme-labs", "acme-labs-*", "acme-labs-member-*"])
def test_a_customer_that_is_excluded_may_have_an_unreadable_table(root: Path, name: str) -> None:
    chosen = Selection(exclude=[name]).chosen(root)
    assert chosen.unreadable == {}
    assert "acme-audit" in chosen.stacks


def test_who_wants_central_stacks_alone_needs_no_table_of_members(root: Path) -> None:
    assert unreadable(root, Selection(role=["audit"])) == []
    assert unreadable(root, Selection(role=["member"])) == ["acme-labs"]


def test_members_whose_table_could_not_be_read_did_not_come_through_once_it_can(
    root: Path,
) -> None:
    def ran(stack: str, ended: Ended) -> None:
        Run(root, "up").written([{"stack": stack, "ended": ended}], cancelled=False)

    def again() -> list[str]:
        return Selection(only_failed=True).chosen(root, "up").stacks

    ran("acme-labs-member-web", Ended.DONE)
    ran("acme-labs", Ended.FAILED)
    assert (again(), unreadable(root, Selection(only_failed=True))) == ([], ["acme-labs"])
    (root / CUSTOMERS / TABLE).write_text("customer: acme-labs\nmembers: {web: {}, shop: {}}\n")
    assert again() == ["acme-labs-member-shop", "acme-labs-member-web"]
    ran("acme-labs-member-web", Ended.DONE)
    assert again() == ["acme-labs-member-shop"]
