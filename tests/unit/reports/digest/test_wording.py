"""How figures are said, where rounding and grammar could mislead."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest

from reports.digest import wording
from reports.digest.colours import contrast, readable, text_on
from reports.digest.figures import Change, Share
from reports.digest.runs import Period, period_of
from tests.support import figures as sample

FIGURES = sample.figures(sample.definition())
NBSP = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("met", "of", "said"),
    [
        (0, 7, "0 %"),
        (7, 7, "100 %"),
        (99_999, 100_000, "99.9 %"),
        (1, 100_000, "0.1 %"),
        (2, 3, "66.6 %"),
        (0, 0, "not known"),
    ],
)
def test_all_is_said_of_all_alone_and_none_of_none(met: int, of: int, said: str) -> None:
    assert wording.percent(Share(met=met, of=of).percent).replace(NBSP, " ") == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (1_550_000, "1.6 MB"),
        (999_960_000, "1 GB"),
        (2.5e15, "2.5 PB"),
        (3e18, "3,000 PB"),
        (None, "not known"),
    ],
)
def test_sizes_are_in_decimal_units(value: float | None, said: str) -> None:
    assert wording.size(value).replace(NBSP, " ") == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (29, "29 s"), (60, "1 min"), (3599, "1 h 00 min"), (9000, "2 h 30 min")],
)
def test_durations_are_in_the_units_that_matter(seconds: float, said: str) -> None:
    assert wording.duration(seconds).replace(NBSP, " ") == said


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("2026-05-31T22:00Z", "2026-06-30T22:00Z", "1 – 30 June 2026"),
        ("2026-06-29T22:00Z", "2026-07-06T22:00Z", "30 June – 6 July 2026"),
        ("2025-12-28T23:00Z", "2026-01-04T23:00Z", "29 December 2025 – 4 January 2026"),
        ("2026-06-29T22:00Z", "2026-06-30T22:00Z", "Tuesday, 30 June 2026"),
    ],
)
def test_a_period_is_its_first_and_its_last_day_in_the_reports_zone(
    start: str, end: str, said: str
) -> None:
    period = Period(start=datetime.fromisoformat(start), end=datetime.fromisoformat(end))
    assert wording.period(period, "Europe/Berlin").replace(NBSP, " ") == said


def test_a_day_of_23_hours_is_one_day() -> None:
    period = period_of("daily", "Europe/Berlin", datetime(2026, 3, 30, 4, tzinfo=UTC))
    assert wording.period(period, "Europe/Berlin") == "Sunday, 29 March 2026"


def test_the_verdict_is_good_only_where_nothing_is_wrong() -> None:
    head = dataclasses.replace(
        FIGURES.headline,
        failures=0,
        three_in_a_row=0,
        unprotected=0,
        sla=Share(met=9, of=9),
        restore_tests=Share(met=2, of=2),
    )
    well = dataclasses.replace(FIGURES, headline=head)
    assert wording.verdict(well)[0] == "good"
    for change, tone in (
        ({"failures": 1}, "warn"),
        ({"unprotected": 1}, "warn"),
        ({"three_in_a_row": 1}, "bad"),
        ({"sla": Share(met=8, of=9)}, "bad"),
        ({"restore_tests": Share(met=1, of=2)}, "bad"),
        ({"success_rate": Share(met=0, of=0)}, "warn"),
        ({"sla": Share(met=0, of=0)}, "warn"),
    ):
        changed = dataclasses.replace(well, headline=dataclasses.replace(head, **change))
        assert wording.verdict(changed)[0] == tone, change
    one = dataclasses.replace(well, headline=dataclasses.replace(head, three_in_a_row=1))
    assert wording.verdict(one)[1] == "1 resource failed three times in a row."


def test_all_is_well_only_as_far_as_the_report_can_tell() -> None:
    head = dataclasses.replace(
        FIGURES.headline,
        failures=0,
        three_in_a_row=0,
        unprotected=0,
        sla=Share(met=9, of=9),
        restore_tests=Share(met=0, of=0),
    )
    for limits, said in (((), "in time."), (("x",), "in time, as far as this report can tell.")):
        figures = dataclasses.replace(FIGURES, headline=head, limits=limits)
        assert wording.verdict(figures)[1].endswith(said)


@pytest.mark.parametrize(
    ("change", "by", "tone"),
    [
        (Change(name="success_rate", before=97.1, now=98.6), "+1.5 points", "good"),
        (Change(name="failures", before=3, now=40), "+37", "bad"),
        (Change(name="unprotected", before=9, now=4), "−5", "good"),
        (Change(name="sla", before=99.0, now=98.0), "−1.0 points", "bad"),
        (Change(name="size_bytes", before=1e12, now=3e12), "+2 TB", "plain"),
        (Change(name="protected", before=4, now=4), "no change", "plain"),
        (Change(name="three_two_one", before=None, now=4), "not known", "plain"),
    ],
)
def test_a_change_says_its_direction_and_whether_that_is_better(
    change: Change, by: str, tone: str
) -> None:
    (said,) = wording.differences((change,))
    assert (said.by.replace(NBSP, " "), said.tone) == (by, tone)


def test_text_on_a_colour_is_what_stands_out_more() -> None:
    assert text_on("#ffd400") == "#000000"
    assert text_on("#0b5cad") == "#ffffff"
    assert round(contrast("#000000", "#ffffff"), 1) == 21


@pytest.mark.parametrize("behind", ["#f3f5f8", "#161b22"])
@pytest.mark.parametrize("colour", ["#0b5cad", "#ffffff", "#000000", "#ffd400", "#777777"])
def test_a_colour_is_moved_no_further_than_it_must_be_to_be_read(colour: str, behind: str) -> None:
    found = readable(colour, behind)
    assert contrast(found, behind) >= 4.5
    if contrast(colour, behind) >= 4.5:
        assert found == colour
