"""Which controls an archive speaks to: nothing promised that is not there."""

from __future__ import annotations

import re

import pytest

from fleet.evidence.controls import Control, controls, shown_controls
from fleet.evidence.facts import Found, facts
from fleet.evidence.records import Drills
from fleet.project import PROJECT

NOTHING = Found(
    stacks={},
    figures=None,
    drills=Drills(records=(), not_read=()),
    places=(),
    differences=(),
    policies=None,
    exceptions=(),
)
FACTS = facts(NOTHING)
PAGE = (PROJECT / "docs" / "evidence.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("control", controls(), ids=lambda control: control.id)
class TestAControl:
    def test_shows_facts_that_there_are(self, control: Control) -> None:
        assert set(control.shows) <= FACTS.keys()

    def test_names_files_that_the_page_names(self, control: Control) -> None:
        folders = set(re.findall(r"^\| `([\w.-]+/?)", PAGE, re.MULTILINE))
        for file in control.files:
            assert file in folders or f"{file.partition('/')[0]}/" in folders, file

    def test_makes_no_claim_that_it_is_met(self, control: Control) -> None:
        said = " ".join((control.asks, *control.not_shown)).lower()
        assert not re.search(r"compli(es|ant)|conform|certif|fulfil", said)


def test_every_fact_is_shown_by_a_control() -> None:
    assert {fact for control in controls() for fact in control.shows} == FACTS.keys()


def test_the_controls_that_auditors_ask_for_are_there_once() -> None:
    articles = [f"Art. 12({paragraph})" for paragraph in range(1, 8)]
    expected = ["CP-9", "CP-9(1)", "CP-9(3)", "CP-9(8)", "CP-10", "A.8.13", *articles]
    assert [control.id for control in controls()] == expected


def test_a_file_that_the_archive_lacks_is_told_and_not_named() -> None:
    shown = {each.id: each for each in shown_controls(FACTS, ["report/index.html"])}
    assert shown["CP-9"].files == ("report/",)
    assert "policies.json is not in this archive." in shown["CP-9"].not_shown


def test_what_is_not_known_is_said_to_be_so() -> None:
    assert "not known" in FACTS["policies"].lower() or "nothing is known" in FACTS["policies"]
    assert (
        FACTS["jobs"]
        == FACTS["restore_tests"]
        == ("Not known: the period's report could not be made.")
    )
    assert FACTS["drills"] == "No drill is known in the period."
