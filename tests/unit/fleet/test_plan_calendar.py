"""The next runs of backup plans, and the picture of a week."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree import ElementTree

from fleet.plans.runs import coming_runs
from fleet.plans.week import week
from stacks import load
from tests.support.examples import ROOT

FRIDAY = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


def test_runs_are_told_in_order_in_the_plans_zone() -> None:
    stack = "hooli-member-trading"
    runs = coming_runs({stack: load.from_files(stack, ROOT)}, FRIDAY, 2)
    assert [(f"{run.at:%a %H:%M %Z}", run.plan, run.rule) for run in runs] == [
        ("Fri 22:30 CET", "regulated", "daily"),
        ("Sat 00:00 CET", "isolated", "daily"),
        ("Sat 22:30 CET", "regulated", "daily"),
        ("Sun 00:00 CET", "isolated", "daily"),
    ]
    assert runs[0].copies == ["eu-west-1", "central"]


def test_the_picture_has_a_bar_for_each_run_of_the_week() -> None:
    stack = "globex-management"
    runs = coming_runs({stack: load.from_files(stack, ROOT)}, FRIDAY, 7)
    drawing = ElementTree.fromstring(week(runs, FRIDAY.date()))  # noqa: S314 - our own text
    titles = [e.text for e in drawing.iter("{http://www.w3.org/2000/svg}title")]
    assert len(titles) == 7  # six days at one, and the Sunday's
    assert "silver/weekly 02:00 UTC, starts within 480 min" in titles
