"""How far apart a rule's runs are."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.digest.schedules import longest_gap, runs_around

AROUND = date(2026, 6, 1)


@pytest.mark.parametrize(
    ("schedule", "timezone", "gap"),
    [
        ("cron(0 5 ? * * *)", "UTC", timedelta(days=1)),
        ("cron(0 5 ? * * *)", "Europe/Berlin", timedelta(hours=25)),  # the clock is put back
        ("cron(0 5/12 ? * * *)", "Etc/UTC", timedelta(hours=12)),
        ("cron(30 */6 * * ? *)", "", timedelta(hours=6)),
        ("cron(0 5,17,18 ? * * *)", "UTC", timedelta(hours=12)),
        ("cron(0 22 ? * MON-FRI *)", "UTC", timedelta(days=3)),
        ("cron(0 22 ? * FRI-MON *)", "UTC", timedelta(days=4)),
        ("cron(0 2 ? * 1 *)", "UTC", timedelta(days=7)),
        ("cron(0 2 ? * L *)", "UTC", timedelta(days=7)),
        ("cron(0 2 ? * FRIL *)", "UTC", timedelta(days=35)),
        ("cron(0 2 ? * 6#2 *)", "UTC", timedelta(days=35)),
        ("cron(0 3 1 * ? *)", "UTC", timedelta(days=31)),
        ("cron(0 3 31 * ? *)", "UTC", timedelta(days=61)),
        ("cron(0 3 L * ? *)", "UTC", timedelta(days=31)),
        ("cron(0 3 L-2 * ? *)", "UTC", timedelta(days=31)),
        ("cron(0 3 LW * ? *)", "UTC", timedelta(days=33)),
        ("cron(0 3 15W * ? *)", "UTC", timedelta(days=32)),
        ("cron(0 3 1 JAN,JUL ? *)", "UTC", timedelta(days=184)),
    ],
)
def test_the_longest_time_between_two_runs_is_found(
    schedule: str, timezone: str, gap: timedelta
) -> None:
    assert longest_gap(schedule, timezone, AROUND) == gap


@pytest.mark.parametrize(
    ("schedule", "timezone"),
    [
        ("rate(1 day)", "UTC"),
        ("cron(0 5 ? * *)", "UTC"),
        ("cron(0 25 ? * * *)", "UTC"),
        ("cron(0 five ? * * *)", "UTC"),
        ("cron(0 5 ? * * *)", "Mars/Olympus"),
        ("cron(0 5 1 1 ? 2026)", "UTC"),
    ],
)
def test_a_schedule_that_is_not_understood_or_ends_has_no_period(
    schedule: str, timezone: str
) -> None:
    assert longest_gap(schedule, timezone, AROUND) is None


@given(hours=st.sets(st.integers(0, 23), min_size=1), minute=st.integers(0, 59))
def test_hours_of_a_day_are_as_far_apart_as_round_the_clock(hours: set[int], minute: int) -> None:
    listed = sorted(hours)
    gaps = [(b - a) % 24 or 24 for a, b in zip(listed, [*listed[1:], listed[0]], strict=True)]
    schedule = f"cron({minute} {','.join(map(str, listed))} ? * * *)"
    assert longest_gap(schedule, "UTC", AROUND) == timedelta(hours=max(gaps))


@given(
    minutes=st.sets(st.integers(0, 59), min_size=1, max_size=3),
    hours=st.sets(st.integers(0, 23), min_size=1, max_size=3),
    weekdays=st.sets(st.integers(1, 7), min_size=1),
)
def test_runs_are_the_minutes_whose_fields_are_all_listed(
    minutes: set[int], hours: set[int], weekdays: set[int]
) -> None:
    listed = [",".join(map(str, sorted(values))) for values in (minutes, hours, weekdays)]
    runs = runs_around(f"cron({listed[0]} {listed[1]} ? * {listed[2]} *)", "UTC", AROUND)
    assert runs is not None
    begin = datetime(2026, 6, 1, tzinfo=UTC)
    week = [begin + timedelta(minutes=number) for number in range(7 * 24 * 60)]
    assert [run for run in runs if week[0] <= run <= week[-1]] == [
        at
        for at in week
        if at.minute in minutes and at.hour in hours and int(at.strftime("%w")) + 1 in weekdays
    ]
