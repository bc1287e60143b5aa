"""Plans' rules, windows, copies and selections: what AWS Backup would refuse is refused here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.digest.schedules import runs_around
from stacks.backup_rules import minutes_left, start_window_minutes
from stacks.protection_settings import MaintenanceWindow, Rule
from tests.unit.stacks.conftest import MEMBER, problem, problems

DAILY: Mapping[str, Any] = {"schedule": "cron(0 1 ? * * *)", "delete_after_days": 30}
NIGHT: Mapping[str, Any] = {
    "start": "22:00",
    "end": "06:00",
    "timezone": "Europe/Berlin",
    "expected_backup_minutes": 120,
}


def planned(**own: Any) -> Mapping[str, Any]:
    return {"plans": {"one": {"rules": {"daily": DAILY}, **own}}}


def ruled(**own: Any) -> Mapping[str, Any]:
    return planned(rules={"daily": {**DAILY, **own}})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (ruled(continuous=True, delete_after_days=36), "continuous backups 35 days at most"),
        (
            planned(rules={f"r{n}": DAILY for n in range(11)}),
            "plans.one.rules: come to 11; AWS Backup wants 1 to 10",
        ),
        (ruled(archive_ebs_snapshots=True), "needs move_to_cold_storage_after_days"),
        (
            ruled(copies=[{"region": "eu-west-1"}]),
            "goes to standard in eu-west-1; this stack has it in: eu-central-1",
        ),
        (ruled(copies=[{}]), "goes from standard in eu-central-1 to itself"),
        (
            ruled(copies=[{"account": "444444444444"}, {"account": "444444444444"}]),
            "copies[1]: goes to standard in eu-central-1 once more",
        ),
        (
            ruled(
                copies=[
                    {
                        "account": "444444444444",
                        "delete_after_days": 100,
                        "move_to_cold_storage_after_days": 30,
                    }
                ]
            ),
            "delete_after_days 120 or more",
        ),
        (ruled(copies=[{"account": str(n) * 12} for n in range(4, 10)]), "5 at most"),
        (ruled(scan="full"), "needs plans.one.malware_scan"),
        (ruled(recovery_point_tags={"Kept": "a", "kept": "b"}), "differs in case only from Kept"),
        (planned(regions=["eu-west-1"]), "eu-west-1 is none of the vault's: eu-central-1"),
        (planned(air_gapped_vault="isolated"), "is none of air_gapped_vaults: none"),
        (planned(selection={"resource_types": ["EC3"]}), "like it are EC2"),
        (
            planned(selection={"resource_types": ["EC2"], "any_tags": {"a": "b"}}),
            "would add to resource_types",
        ),
        (
            planned(selection={"resource_types": ["EC2"], "arns": ["arn:aws:s3:::one"]}),
            "would need the tag too",
        ),
        (planned(selection={"tag": None}), "takes every resource"),
        (planned(selection={"arns": ["arn:aws:s3:::*-logs"]}), "has * before its end"),
        (
            planned(selection={"resource_types": ["EC2"], "exclude_resource_types": ["EC2"]}),
            "EC2 is among resource_types, too",
        ),
        (
            planned(selection={"any_tags": {f"key{n}": "v" for n in range(10)}}),
            "are more than AWS Backup's 10 tags",
        ),
        (
            planned(selection={"conditions": {"like": {f"key{n}": "v*" for n in range(31)}}}),
            "are 31; AWS Backup takes 30",
        ),
    ],
)
def test_what_aws_backup_would_refuse_is_refused_with_the_cure(
    change: Mapping[str, Any], said: str, root: Path
) -> None:
    found = problems("acme-member-web", {**MEMBER, **change}, root)
    assert any(said in text for text in found), found


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"schedule": "cron(0 12 ? * * *)"}, "starts outside of the maintenance window"),
        ({"schedule": "cron(0 4 ? * SAT *)"}, "0 to start in, where AWS Backup wants 60"),
        (
            {"schedule": "cron(0 1 ? * SAT *)", "start_window_minutes": 240},
            "is 240, and a backup takes 120: 360 minutes, where the maintenance window, 22:00 to "
            "06:00 Europe/Berlin, has 300 from a run on; 180 at most",
        ),
    ],
)
def test_a_backup_that_may_end_outside_of_the_maintenance_window_is_refused_in_numbers(
    own: Mapping[str, Any], said: str, root: Path
) -> None:
    assert said in problem({**ruled(**own), "maintenance_window": NIGHT}, root)


def test_without_a_start_window_a_rule_has_what_the_maintenance_window_leaves() -> None:
    window = MaintenanceWindow.model_validate(NIGHT)
    saturdays = Rule.model_validate({**DAILY, "schedule": "cron(0 1 ? * SAT *)"})
    assert start_window_minutes(saturdays, window) == 300 - 120
    # Clocks go forward on a Sunday night.
    assert start_window_minutes(Rule.model_validate(DAILY), window) == 300 - 60 - 120


def test_without_a_window_aws_backups_own_start_window_holds() -> None:
    assert start_window_minutes(Rule.model_validate(DAILY), None) == 480


@given(
    hour=st.integers(0, 23),
    minute=st.integers(0, 59),
    begin=st.times(),
    hours=st.integers(2, 24),
    expected=st.integers(1, 600),
    timezone=st.sampled_from(["Etc/UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]),
    of_rule=st.sampled_from([None, "Etc/UTC", "Europe/Berlin"]),
)
def test_no_backup_that_takes_as_long_as_expected_ends_outside_of_its_window(
    *,
    hour: int,
    minute: int,
    begin: time,
    hours: int,
    expected: int,
    timezone: str,
    of_rule: str | None,
) -> None:
    end = (datetime.combine(datetime.now(UTC), begin) + timedelta(hours=hours)).time()
    window = MaintenanceWindow(
        start=f"{begin:%H:%M}",
        end=f"{end:%H:%M}",
        timezone=timezone,
        expected_backup_minutes=expected,
    )
    schedule = f"cron({minute} {hour} ? * * *)"
    rule = Rule(schedule=schedule, timezone=of_rule, delete_after_days=1)
    left = minutes_left(rule, window)
    assert left is not None
    if left - expected < 60:
        return  # which settings refuse
    latest = timedelta(minutes=start_window_minutes(rule, window) + expected)
    zone, opened = ZoneInfo(timezone), time.fromisoformat(window.start)
    for run in runs_around(schedule, of_rule or timezone, datetime.now(UTC).date()) or []:
        local = (run + latest).astimezone(zone)
        last_opening = max(
            at
            for days in (0, 1)
            if (
                at := datetime.combine(
                    run.astimezone(zone).date() - timedelta(days=days), opened, zone
                ).astimezone(UTC)
            )
            <= run
        )
        closing = (
            datetime.combine(
                last_opening.astimezone(zone).date() + timedelta(days=end <= begin),
                time.fromisoformat(window.end),
                zone,
            )
        ).astimezone(UTC)
        assert local.astimezone(UTC) <= closing
