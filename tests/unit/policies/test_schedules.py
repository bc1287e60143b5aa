"""How often schedules run, as AWS reads them."""

import pytest

from policies.schedules import UnreadableSchedule, longest_gap_hours

DAY = 24.0


@pytest.mark.parametrize(
    ("schedule", "hours"),
    [
        ("cron(0 5 ? * * *)", DAY),
        ("cron(0 12 * * ? *)", DAY),
        ("cron(15 * ? * * *)", 1),
        ("cron(0 0/6 * * ? *)", 6),
        ("cron(0 */5 * * ? *)", 5),
        ("cron(0,30 8-10 * * ? *)", 21.5),
        ("cron(0 5 ? * SUN *)", 7 * DAY),
        ("cron(0 5 ? * 1 *)", 7 * DAY),
        ("cron(0 5 ? * mon-fri *)", 3 * DAY),
        ("cron(0 5 ? * FRI-MON *)", 4 * DAY),
        ("cron(0 5 ? * L *)", 7 * DAY),
        ("cron(0 5 1 * ? *)", 31 * DAY),
        ("cron(0 5 L * ? *)", 31 * DAY),
        ("cron(0 5 L-3 * ? *)", 31 * DAY),
        ("cron(0 5 LW * ? *)", 33 * DAY),
        ("cron(0 5 1,15 * ? *)", 17 * DAY),
        ("cron(0 5 1W * ? *)", 33 * DAY),
        ("cron(0 5 ? * 6#3 *)", 35 * DAY),
        ("cron(0 5 ? * FRIL *)", 35 * DAY),
        ("cron(0 5 31 * ? *)", 61 * DAY),
        ("cron(0 5 1 JAN-MAR,OCT ? *)", 214 * DAY),
        ("cron(0 5 29 2 ? *)", 1461 * DAY),
        ("cron(0 5 ? * * 2026-2199)", DAY),
        ("rate(1 day)", DAY),
        ("rate(12 hours)", 12),
        ("rate(90 minutes)", 1.5),
    ],
)
def test_the_longest_time_between_two_starts(schedule: str, hours: float) -> None:
    assert longest_gap_hours([schedule]) == hours


def test_several_schedules_count_together() -> None:
    assert longest_gap_hours(["cron(0 5 1-15 * ? *)", "cron(0 5 16-31 * ? *)"]) == DAY
    assert longest_gap_hours(["cron(0 5 ? * SUN *)", "cron(0 17 ? * WED *)"]) == 3.5 * DAY
    assert longest_gap_hours(["cron(0 5 ? * SUN *)", "rate(2 days)"]) == 2 * DAY


@pytest.mark.parametrize(
    "schedule", ["cron(0 5 ? * * 2026)", "cron(0 5 ? * * 2028-2030)", "cron(0 5 30 2 ? *)"]
)
def test_a_schedule_that_ends_or_never_runs_has_no_end_of_its_gap(schedule: str) -> None:
    assert longest_gap_hours([schedule]) == float("inf")


@pytest.mark.parametrize(
    "schedule",
    [
        "",
        "daily",
        "cron(0 5 * * *)",
        "cron(60 5 ? * * *)",
        "cron(0 24 ? * * *)",
        "cron(0 5 ? * 8 *)",
        "cron(0 5 ? FOO * *)",
        "cron(0 5 ? * * 1969)",
        "cron(0/0 5 ? * * *)",
        "cron(0 5 32W * ? *)",
        "rate(0 days)",
        "rate(1 fortnight)",
        "at(2027-01-01T00:00:00)",
    ],
)
def test_what_is_no_schedule_is_named(schedule: str) -> None:
    with pytest.raises(UnreadableSchedule, match=r"is neither|is no number"):
        longest_gap_hours([schedule])
