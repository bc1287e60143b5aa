"""Rules of backup plans: schedules, windows and retention, as AWS takes them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from stacks import load
from stacks.settings import MemberSettings
from tests.unit.stacks.conftest import MEMBER, problem


def scheduled(schedule: object) -> Mapping[str, Any]:
    rules = {"daily": {"schedule": schedule, "delete_after_days": 5}}
    return {"plans": {"daily": {"vault": "standard", "selection": {"value": "x"}, "rules": rules}}}


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ("rate(1 day)", "is no cron expression"),
        ("cron(0 5 ? * *)", "has 5 fields"),
        ("cron(0 5 * * * *)", "exactly one of day of month and day of week"),
        ("cron(0 5 ? * ? *)", "exactly one of day of month and day of week"),
        ("cron(five 5 ? * * *)", "'five' is no minutes"),
        ("cron(60 5 ? * * *)", "'60' is no minutes (0-59)"),
        ("cron(\u0665 5 ? * * *)", "is no minutes"),
        ("cron(0 24 ? * * *)", "'24' is no hours (0-23)"),
        ("cron(99 99 ? * * *)", "'99' is no minutes"),
        ("cron(0/60 5 ? * * *)", "'0/60' is no minutes"),
        ("cron(0 */0 ? * * *)", "'*/0' is no hours"),
        ("cron(0 1-2-3 ? * * *)", "'1-2-3' is no hours"),
        ("cron(0 1, ? * * *)", "'1,' is no hours"),
        ("cron(0 ? ? * * *)", "'?' is no hours"),
        ("cron(0 5 0 * ? *)", "'0' is no day of month (1-31)"),
        ("cron(0 5 32 * ? *)", "'32' is no day of month"),
        ("cron(0 5 32W * ? *)", "'32W' is no day of month"),
        ("cron(0 5 MON * ? *)", "'MON' is no day of month"),
        ("cron(0 5 1,? * ? *)", "'1,?' is no day of month"),
        ("cron(0 5 ? 13 * *)", "'13' is no month (1-12 or JAN-DEC)"),
        ("cron(0 5 ? ABC * *)", "'ABC' is no month"),
        ("cron(0 5 ? * 8 *)", "'8' is no day of week (1-7 or SUN-SAT)"),
        ("cron(0 5 ? * 0 *)", "'0' is no day of week"),
        ("cron(0 5 ? * JAN *)", "'JAN' is no day of week"),
        ("cron(0 5 ? * MON#6 *)", "'MON#6' is no day of week"),
        ("cron(0 5 ? * 9L *)", "'9L' is no day of week"),
        ("cron(0 5 ? * * 1969)", "'1969' is no year (1970-2199)"),
        ("cron(0 5 ? * * 2026-2200)", "'2026-2200' is no year"),
        (["x"], "is no cron expression"),
    ],
)
def test_a_schedule_that_aws_would_refuse_is_refused(
    schedule: object, said: str, root: Path
) -> None:
    assert said in problem(scheduled(schedule), root)


@pytest.mark.parametrize(
    "schedule",
    [
        "cron(0 5 ? * * *)",
        "cron(59 23 31 12 ? 2199)",
        "cron(30 0/6 ? * * *)",
        "cron(0 */12 ? * * *)",
        "cron(0 8-18/2 ? * MON-FRI *)",
        "cron(0 /6 ? * * *)",
        "cron(0 22-2 ? * * *)",
        "cron(0 5 L * ? *)",
        "cron(0 5 LW * ? *)",
        "cron(0 5 L-3 * ? *)",
        "cron(0 5 15W * ? *)",
        "cron(0 5 1,15 JAN-JUN,12 ? 2026-2030)",
        "cron(0 5 1 1/3 ? *)",
        "cron(0 5 ? * L *)",
        "cron(0 5 ? * FRIL *)",
        "cron(0 5 ? * 3#2 *)",
        "cron(0 5 ? * SUN,3,7 *)",
    ],
)
def test_a_schedule_that_aws_takes_is_taken(schedule: str, root: Path) -> None:
    settings = load.parse("acme-member-web", {**MEMBER, **scheduled(schedule)}, root)
    assert isinstance(settings, MemberSettings)
    assert settings.rules_of("daily")["daily"].schedule == schedule


@pytest.mark.parametrize(
    ("schedule", "minutes"),
    [
        ("cron(0,30 5 ? * * *)", 30),
        ("cron(0/15 * ? * MON *)", 15),
        ("cron(10,50 0,23 ? * * *)", 20),
    ],
)
def test_runs_closer_than_aws_backup_lets_them_be_are_refused(
    schedule: str, minutes: int, root: Path
) -> None:
    found = problem(scheduled(schedule), root)
    assert f"rules.daily.schedule: runs {minutes} minutes apart; AWS Backup refuses" in found


@pytest.mark.parametrize("timezone", ["Berlin", "", ["Europe/Berlin"], {"a": 1}, 5])
def test_a_time_zone_that_there_is_not_is_refused(timezone: object, root: Path) -> None:
    rule = {"schedule": "cron(0 5 ? * * *)", "delete_after_days": 5, "timezone": timezone}
    plan = {"vault": "standard", "selection": {"value": "x"}, "rules": {"daily": rule}}
    found = problem({"plans": {"daily": plan}}, root)
    assert "plans.daily.rules.daily.timezone: " in found
    assert "is no time zone" in found


@pytest.mark.parametrize("minutes", ["60", 61.0, True])
def test_a_number_is_written_as_one(minutes: object, root: Path) -> None:
    rule = {"schedule": "cron(0 5 ? * * *)", "delete_after_days": 7}
    plan = {
        "vault": "standard",
        "selection": {"value": "x"},
        "rules": {"daily": {**rule, "start_window_minutes": minutes}},
    }
    found = problem({"plans": {"standard": plan}}, root)
    assert "start_window_minutes: should be a whole number" in found


def windows(start: int, completion: int) -> Mapping[str, Any]:
    rule = {
        "schedule": "cron(0 5 ? * * *)",
        "delete_after_days": 7,
        "start_window_minutes": start,
        "completion_window_minutes": completion,
    }
    plan = {"vault": "standard", "selection": {"value": "x"}, "rules": {"daily": rule}}
    return {"plans": {"daily": plan}}


@pytest.mark.parametrize(
    ("start", "completion", "said"),
    [
        (59, 240, "start_window_minutes: should be 60 or more"),
        (60, 119, "completion_window_minutes: must exceed start_window_minutes by 60"),
        (480, 539, "completion_window_minutes: must exceed start_window_minutes by 60"),
        (60, -1, "completion_window_minutes: must exceed start_window_minutes by 60"),
    ],
)
def test_windows_that_aws_would_refuse_are_refused(
    start: int, completion: int, said: str, root: Path
) -> None:
    assert f"plans.daily.rules.daily.{said}" in problem(windows(start, completion), root)


def test_the_shortest_windows_are_taken(root: Path) -> None:
    taken = load.parse("acme-member-web", {**MEMBER, **windows(60, 120)}, root)
    assert isinstance(taken, MemberSettings)
    assert taken.rules_of("daily")["daily"].completion_window_minutes == 120


def test_what_leaves_cold_storage_before_90_days_is_refused(root: Path) -> None:
    rule = {
        "schedule": "cron(0 5 ? * * *)",
        "move_to_cold_storage_after_days": 30,
        "delete_after_days": 100,
    }
    plan = {"vault": "standard", "selection": {"value": "x"}, "rules": {"daily": rule}}
    found = problem({"plans": {"daily": plan}}, root)
    assert "plans.daily.rules.daily.delete_after_days" in found
    assert "120 or more" in found
