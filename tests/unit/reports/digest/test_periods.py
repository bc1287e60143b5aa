"""What people call the period of a report."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reports.digest.runs import Period, period_named, period_of

ZONE = "Europe/Berlin"
NOW = datetime(2026, 7, 15, 4, 30, tzinfo=UTC)


def at(month: int, day: int, hour: int = 22) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


@pytest.mark.parametrize("cadence", ["daily", "weekly", "monthly"])
def test_a_cadence_alone_is_its_last_period_that_is_over(cadence: str) -> None:
    named, period = period_named(cadence, ZONE, NOW)
    assert named == cadence
    assert period == period_of(named, ZONE, NOW)


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("daily/2026-06-30", at(6, 29), at(6, 30)),
        ("weekly/2026-06-24", at(6, 23), at(6, 30)),
        ("monthly/2026-06-01", at(5, 31), at(6, 30)),
        ("monthly/2026-06", at(5, 31), at(6, 30)),
        ("daily/2026-03-29", at(3, 28, 23), at(3, 29)),
    ],
)
def test_a_first_day_names_a_period_in_the_reports_time_zone(
    name: str, start: datetime, end: datetime
) -> None:
    cadence, period = period_named(name, ZONE, NOW)
    assert period == Period(start=start, end=end)
    assert period_of(cadence, ZONE, period.end) == period


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("yearly", "is no period; write one of daily, weekly, monthly"),
        ("weekly/June", "write its first day as in weekly/2026-06-01"),
        ("daily/2026-07-15", "is not over yet"),
        ("monthly/2026-06-02", "a month starts on its first day"),
    ],
)
def test_what_is_no_period_is_told_with_its_cure(name: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        period_named(name, ZONE, NOW)
