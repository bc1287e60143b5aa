"""Changes to settings files: what is not changed stays as somebody wrote it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fleet.errors import ToldError
from fleet.project import PROJECT
from fleet.settings_file import as_yaml, changed, with_rows
from stacks.load import CUSTOMERS

FILES = sorted((PROJECT / CUSTOMERS).glob("*.yaml"))
ROW = {"shop": {"account": "777777777777"}}
BLOCK = '  shop:\n    account: "777777777777"\n'

_TEXTS = st.sampled_from(["off", "no", "012345678901", "22:30", "2026-01-01", "1e3", "a: b", "~"])
_VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | _TEXTS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(_TEXTS, below, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_change_of_nothing_leaves_every_character(file: Path) -> None:
    text = file.read_text()
    assert changed(text, lambda _: None) == text


@pytest.mark.parametrize("null", ["null", "~", ""])
@pytest.mark.parametrize("dashes", ["", "    "])
def test_what_is_indented_by_four_stays_so(dashes: str, null: str) -> None:
    shop = f"    shop:\n        regions:\n        {dashes}- a\n        {dashes}- b\n"
    text = f"members: # all\n{shop}    pay:\n        plan: {null}".rstrip() + "\n"
    after = changed(text, lambda document: document["members"]["pay"].update(kept="yes"))
    assert after == f"{text}        kept: yes\n"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_rows_are_added_without_another_character_changed(file: Path) -> None:
    text = file.read_text()
    after = with_rows(text, ROW)
    before, _, behind = after.partition(BLOCK)
    assert before.removesuffix("members:\n") + behind in (text, f"{before}{behind}")
    assert text.startswith(before.removesuffix("members:\n"))
    assert yaml.safe_load(after)["members"]["shop"] == ROW["shop"]


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("customer: acme", f"customer: acme\nmembers:\n{BLOCK}"),
        ("members: {} # none yet\nregion: x\n", f"members: # none yet\n{BLOCK}region: x\n"),
        ("members:\n  # the first\n\n# all\nregion: x\n", None),
        ("members:\n    web:\n        a: |\n            b\n\n# all\nregion: x\n", None),
        ("members:\n  web: {a: 1} # c\n# between\n  pay: {a: 2}\n# of all\nregion: x\n", None),
    ],
)
def test_rows_go_to_the_end_of_the_table(text: str, after: str | None) -> None:
    found = with_rows(text, ROW)
    if after is not None:
        assert found == after
    before: dict[str, Any] = yaml.safe_load(text)
    table: dict[str, Any] = {**(before.get("members") or {}), **ROW}
    assert yaml.safe_load(found) == {**before, "members": table}
    kept = [line for line in text.splitlines() if not line.startswith("members:")]
    assert [line for line in found.splitlines() if line in kept] == kept


def test_a_table_on_one_line_is_refused() -> None:
    with pytest.raises(ToldError, match="on lines of its own"):
        with_rows('members: {web: {account: "444444444444"}}\n', ROW)


@given(values=st.dictionaries(_TEXTS, _VALUES, max_size=4))
def test_whatever_is_written_is_read_as_it_was(values: dict[str, Any]) -> None:
    assert yaml.safe_load(as_yaml(values)) == values
