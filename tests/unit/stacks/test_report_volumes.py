"""The table of what the lake has seen of accounts: written and read, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacks import load
from stacks.load import SettingsError
from stacks.report_volumes import volumes_file, volumes_of, volumes_text
from tests.unit.stacks.conftest import MEMBER

STACK = "acme-member-web"


def write(root: Path, text: str | bytes) -> None:
    content = text if isinstance(text, bytes) else text.encode()
    (root / volumes_file(STACK)).write_bytes(content)


@given(st.dictionaries(st.from_regex(r"[0-9]{12}", fullmatch=True), st.integers(0, 10**7)))
def test_what_is_written_is_what_is_read(volumes: Mapping[str, int]) -> None:
    text = volumes_text(volumes)
    header, *lines = text.splitlines()
    assert header == "account,daily_volume"
    assert lines == sorted(lines)
    assert {line[:12]: int(line[13:]) for line in lines} == volumes


def test_a_stack_without_a_table_has_seen_nothing(root: Path) -> None:
    assert volumes_of(STACK, root) == {}


def test_a_table_is_read_by_account(root: Path) -> None:
    write(root, volumes_text({"333333333333": 7, "222222222222": 80_000}))
    assert volumes_of(STACK, root) == {"222222222222": 80_000, "333333333333": 7}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "its first line should be account,daily_volume"),
        ("account,volume\n", "its first line should be account,daily_volume"),
        ("account,daily_volume\n33,7\n", "line 2: '33,7' is no account and its volume"),
        ("account,daily_volume\n333333333333,-7\n", "line 2: '333333333333,-7' is no account"),
        ("account,daily_volume\n333333333333,1\n333333333333,1\n", "line 3: 333333333333 stands"),
        (b"\xff", "'utf-8' codec can't decode"),
    ],
)
def test_a_table_that_was_written_by_hand_is_told_with_its_line_and_the_cure(
    text: str | bytes, told: str, root: Path
) -> None:
    write(root, text)
    with pytest.raises(SettingsError) as caught:
        volumes_of(STACK, root)
    (problem,) = caught.value.problems
    assert problem.startswith(f"stacks/customers/{STACK}.volumes.csv: {told}")
    assert problem.endswith("backup-org lake volume --write`")
    with pytest.raises(SettingsError) as caught:
        load.parse(STACK, {**MEMBER, "reports": {"scope": "account"}}, root)
    assert caught.value.problems == [
        f"stacks/customers/Pulumi.{STACK}.yaml: reports.sharding: {problem}"
    ]


def test_a_volume_of_the_older_meaning_is_refused_with_what_to_write(root: Path) -> None:
    old = {"reports": {"scope": "account", "sharding": {"daily_volume": 5}}}
    with pytest.raises(SettingsError, match=r"sharding.daily_volume.*write account_daily_volume"):
        load.parse(STACK, {**MEMBER, **old}, root)
