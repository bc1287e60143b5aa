"""Figures over jobs: what SQL says is what the definitions say, job by job."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.digest import csv_files
from reports.digest.activity import TABLES, Row, write_csv
from reports.digest.definition import Cadence, Definition
from reports.digest.figures import Figures, Share
from reports.digest.loading import loaded
from reports.digest.making import Source, make
from reports.digest.measuring import Before, Known, figures
from reports.digest.runs import Run, jobs_since, period_of
from tests.support.activity import MONTH_OF_200_ACCOUNTS, write_activity
from tests.support.figures import definition
from tests.support.figures import run_of as run_of_examples
from tests.unit.reports.digest.naive import PERIODS, Activity, Naive

NOW = datetime(2026, 3, 31, 6, tzinfo=UTC)
"""The clock in Berlin was put forward two days before."""
HERE, THERE = "111111111111", "222222222222"
VAULTS = tuple(
    f"arn:aws:backup:{region}:{account}:backup-vault:{name}"
    for account, region, name in (
        (HERE, "eu-central-1", "central"),
        (HERE, "eu-west-1", "second"),
        (THERE, "eu-central-1", "away"),
        (THERE, "us-east-1", "far"),
    )
)
RESOURCES = (
    f"arn:aws:ec2:eu-central-1:{HERE}:volume/vol-1",
    f"arn:aws:ec2:eu-west-1:{THERE}:volume/vol-2",
    "arn:aws:s3:::bucket",
    f"arn:aws:rds:eu-central-1:{HERE}:db:three",
)
STATES = ("COMPLETED", "COMPLETED", "FAILED", "EXPIRED", "ABORTED", "PARTIAL", "RUNNING", "NEW")


def run_of(cadence: Cadence, timezone: str, defined: Definition) -> Run:
    period = period_of(cadence, timezone, NOW)
    return Run(
        run_id="run",
        cadence=cadence,
        timezone=timezone,
        period=period,
        since=jobs_since(defined, period, NOW),
    )


def row(table: str, **values: Any) -> Row:
    assert values.keys() <= TABLES[table].keys()
    return {**dict.fromkeys(TABLES[table]), **values}


def write(folder: Path, table: str, rows: Sequence[Row]) -> None:
    with (folder / f"{table}.csv").open("w", newline="") as file:
        write_csv(rows, TABLES[table], file)


def measured(
    activity: Activity, defined: Definition, run: Run, *, before: Before | None = None
) -> Figures:
    with TemporaryDirectory() as folder, TemporaryDirectory() as scratch:
        for table in ("jobs", "recovery_points", "resources", "vaults"):
            write(Path(folder), table, getattr(activity, table))
        with loaded(Path(folder), defined, run, scratch=Path(scratch), memory_mb=128) as duck:
            known = Known(made_at=NOW, unprotected=True, before=before or Before())
            return figures(duck, defined, run, known)


def times(hours_back: int) -> st.SearchStrategy[datetime]:
    """Half hours, so that some are the same, and some lie after the period."""
    return st.integers(-4, 2 * hours_back).map(lambda n: NOW - timedelta(minutes=30 * n))


@st.composite
def job_rows(draw: st.DrawFn) -> Row:
    created, minutes = draw(times(20 * 24)), draw(st.none() | st.integers(1, 600))
    return row(
        "jobs",
        kind=draw(st.sampled_from(["backup", "backup", "copy", "restore"])),
        job_id=draw(st.sampled_from(["a", "b", "c"])),
        account_id=draw(st.sampled_from([HERE, THERE])),
        region=draw(st.sampled_from(["eu-central-1", "eu-west-1"])),
        state=draw(st.sampled_from(STATES)),
        with_issues=draw(st.sampled_from([None, False, True])),
        resource_arn=draw(st.none() | st.sampled_from(RESOURCES)),
        vault_arn=draw(st.none() | st.sampled_from(VAULTS)),
        destination_vault_arn=draw(st.none() | st.sampled_from(VAULTS)),
        recovery_point_arn=draw(st.sampled_from(["point-0", "point-1", "point-2"])),
        rule_schedule=draw(st.none() | st.sampled_from(sorted(PERIODS))),
        rule_timezone=draw(st.sampled_from([None, "UTC", "Etc/UTC"])),
        created_at=created,
        completed_at=None if minutes is None else created + timedelta(minutes=minutes),
        size_bytes=draw(st.none() | st.integers(0, 2**45)),
        restore_testing_plan_arn=draw(st.sampled_from([None, "plan"])),
        validation_status=draw(
            st.sampled_from([None, "SUCCESSFUL", "FAILED", "TIMED_OUT", "VALIDATING"])
        ),
        status_message=draw(
            st.sampled_from(
                [None, "denied", "It was unable to start within the specified start window."]
            )
        ),
        validation_message=draw(st.sampled_from([None, "empty", "not judged: it is gone"])),
    )


@st.composite
def point_rows(draw: st.DrawFn) -> Row:
    vault = draw(st.sampled_from(VAULTS))
    return row(
        "recovery_points",
        account_id=vault.split(":")[4],
        region=vault.split(":")[3],
        vault_arn=vault,
        recovery_point_arn=draw(st.sampled_from(["point-0", "point-1"])),
        resource_arn=draw(st.sampled_from(RESOURCES)),
        status=draw(st.sampled_from(["COMPLETED", "AVAILABLE", "STOPPED", "EXPIRED", "CREATING"])),
        created_at=draw(times(40 * 24)),
        source_vault_arn=draw(st.sampled_from([None, VAULTS[0]])),
    )


@st.composite
def resource_rows(draw: st.DrawFn) -> Row:
    arns = [*RESOURCES, "arn:aws:ec2:::volume/vol-new"]
    return row(
        "resources",
        account_id=HERE,
        region="eu-central-1",
        resource_arn=draw(st.sampled_from(arns)),
        protected=draw(st.booleans()),
    )


@st.composite
def vault_rows(draw: st.DrawFn) -> Sequence[Row]:
    """Some of the vaults, each once."""
    locks = [None, NOW - timedelta(days=9), NOW + timedelta(days=9)]
    kinds = ["BACKUP_VAULT", "LOGICALLY_AIR_GAPPED_BACKUP_VAULT"]
    return [
        row(
            "vaults",
            vault_arn=arn,
            vault_type=draw(st.sampled_from(kinds)),
            locked=draw(st.sampled_from([True, True, False, None])),
            lock_at=draw(st.sampled_from(locks)),
            tagged=draw(st.sampled_from([True, True, True, False])),
        )
        for arn in draw(st.lists(st.sampled_from(VAULTS), unique=True))
    ]


ACTIVITY = st.builds(
    Activity,
    jobs=st.lists(job_rows(), max_size=25),
    recovery_points=st.lists(point_rows(), max_size=8),
    resources=st.lists(resource_rows(), max_size=4),
    vaults=vault_rows(),
)


@given(
    activity=ACTIVITY,
    cadence=st.sampled_from(["daily", "weekly"]),
    timezone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"]),
    issues_are_failures=st.booleans(),
    grace_days=st.integers(0, 4),
)
def test_figures_are_what_their_definitions_say(
    activity: Activity,
    cadence: Cadence,
    timezone: str,
    issues_are_failures: bool,
    grace_days: int,
) -> None:
    defined = dataclasses.replace(
        definition(2, cadence, "api"),
        timezone=timezone,
        issues_are_failures=issues_are_failures,
        grace_days=grace_days,
    )
    run = run_of(cadence, timezone, defined)
    found, naive = measured(activity, defined, run), Naive(activity, defined, run)
    headline = found.headline
    assert (headline.success_rate.met, headline.success_rate.of) == naive.rate()
    assert headline.failures == naive.failures() == sum(cause.count for cause in found.causes)
    assert [
        (
            day.day,
            day.succeeded,
            day.failed,
            day.with_issues,
            day.running,
            None if day.average_seconds is None else pytest.approx(day.average_seconds),
            day.size_bytes,
        )
        for day in found.days
    ] == naive.days()
    assert headline.three_in_a_row == naive.three_in_a_row()
    punctual = naive.punctual()
    assert (headline.sla.met, headline.sla.of) == (sum(punctual.values()), len(punctual))
    late = {arn for arn, met in punctual.items() if not met}
    assert {resource.resource_arn for resource in found.without_recent_backup} == late
    assert headline.protected == len(naive.protected())
    assert {resource.resource_arn for resource in found.unprotected} == naive.unprotected()
    safe = naive.three_two_one()
    assert (headline.three_two_one.met, headline.three_two_one.of) == (
        safe[True],
        safe[True] + safe[False],
    )
    assert headline.three_two_one_unknown == safe[None]
    tests = [outcome for _, outcome in naive.restore_tests()]
    assert sorted(test.outcome for test in found.restore_tests) == sorted(tests)
    judged = [outcome for outcome in tests if outcome not in ("running", "no_verdict")]
    assert headline.restore_tests == Share(met=judged.count("good"), of=len(judged))
    assert {
        (r.resource_arn, r.why.removeprefix("its last ").removesuffix(" failed"))
        for r in found.newly_failing
    } == naive.turned(failing=True)
    assert {
        (r.resource_arn, r.why.removeprefix("its last ").removesuffix(" succeeded"))
        for r in found.recovered
    } == naive.turned(failing=False)


def backup(**values: Any) -> Row:
    common = {
        "kind": "backup",
        "job_id": "job",
        "account_id": HERE,
        "region": "eu-central-1",
        "state": "FAILED",
        "resource_arn": RESOURCES[0],
        "created_at": NOW - timedelta(hours=20),
    }
    return row("jobs", **{**common, **values})


NOTHING = Activity(jobs=[], recovery_points=[], resources=[], vaults=[])
DAILY = dataclasses.replace(definition(2, "daily", "api"), timezone="UTC")


def daily(activity: Activity, *, before: Before | None = None) -> Figures:
    return measured(activity, DAILY, run_of("daily", "UTC", DAILY), before=before)


def test_nothing_makes_figures_of_nothing_and_says_so() -> None:
    found = daily(NOTHING)
    headline = found.headline
    assert (headline.success_rate.percent, headline.sla.percent) == (None, None)
    assert (headline.protected, headline.oldest_unprotected) == (0, None)
    assert [day.succeeded for day in found.days] == [0]
    assert "No vault carries the report's tag." in found.limits


def test_failures_of_one_cause_are_told_as_one() -> None:
    messages = [
        "Access denied to arn:aws:kms:eu-central-1:111111111111:key/1234",
        '"Access denied to arn:aws:kms:us-east-1:222222222222:key/abcd"',
        "Job 01EE26DC-7107-4D8E-0C54-EAC27C662BA4 expired at 2026-03-30T05:00:00.123Z",
        "Job 3EB0017C-F262-4211-A802-302CEBB11DC2 expired at 2026-03-29 23:59:59Z",
        "No capacity for i-0123456789abcdef0, tried 3 times",
        "No capacity for i-0fedcba9876543210, tried 12 times",
        None,
        "",
    ]
    jobs = [backup(job_id=str(n), status_message=said) for n, said in enumerate(messages)]
    found = daily(dataclasses.replace(NOTHING, jobs=jobs))
    assert sorted(cause.count for cause in found.causes) == [2, 2, 2, 2]
    assert [cause.message for cause in found.causes if not cause.message] == [""]


def test_jobs_into_vaults_without_the_tag_are_not_of_the_report_but_those_into_none_are() -> None:
    vaults = [row("vaults", vault_arn=VAULTS[0], tagged=False)]
    jobs = [backup(vault_arn=VAULTS[0]), backup(vault_arn="gone"), backup(vault_arn=None)]
    assert daily(dataclasses.replace(NOTHING, jobs=jobs, vaults=vaults)).headline.failures == 2


def test_states_and_schedules_that_are_not_known_are_told() -> None:
    jobs = [backup(state="LEVITATING", rule_schedule="cron(now)")]
    found = daily(dataclasses.replace(NOTHING, jobs=jobs))
    assert found.days[0].running == 1
    assert [limit for limit in found.limits if "LEVITATING" in limit]
    assert [limit for limit in found.limits if "schedules could not be read" in limit]


def test_a_period_that_the_list_calls_do_not_reach_is_told() -> None:
    monthly = dataclasses.replace(definition(2, "monthly", "api"), timezone="UTC")
    run = run_of("monthly", "UTC", monthly)
    assert run.since > run.period.start
    found = measured(NOTHING, monthly, run)
    assert found.limits[0].startswith("Jobs from before 2026-03-01 06:00 UTC are missing")


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)]
)
def test_a_day_has_the_jobs_of_its_hours_also_when_the_clock_is_changed(
    day: str, hours: int
) -> None:
    berlin = dataclasses.replace(DAILY, timezone="Europe/Berlin")
    now = datetime.fromisoformat(f"{day}T12:00:00+00:00") + timedelta(days=1)
    period = period_of("daily", "Europe/Berlin", now)
    run = dataclasses.replace(
        run_of("daily", "Europe/Berlin", berlin), period=period, since=period.start
    )
    hourly = [
        backup(job_id=str(n), created_at=period.start + timedelta(minutes=30, hours=n))
        for n in range(-3, 30)
    ]
    found = measured(dataclasses.replace(NOTHING, jobs=hourly), berlin, run)
    assert [(str(day.day), day.failed) for day in found.days] == [(day, hours)]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@sum", "\t=1", "plain", "a=1"])
def test_no_cell_of_a_file_is_taken_for_a_formula(name: str, tmp_path: Path) -> None:
    for folder in ("in", "scratch", "out"):
        (tmp_path / folder).mkdir()
    write(tmp_path / "in", "jobs", [backup(resource_name=name, size_bytes=-1)])
    run = run_of("daily", "UTC", DAILY)
    with loaded(tmp_path / "in", DAILY, run, scratch=tmp_path / "scratch", memory_mb=128) as duck:
        figures(duck, DAILY, run, Known(made_at=NOW, unprotected=True))
        files = csv_files.write(duck, tmp_path / "out")
    assert sorted(files) == sorted(path.name for path in (tmp_path / "out").iterdir())
    with (tmp_path / "out" / "failed_jobs.csv").open(newline="") as file:
        (found,) = csv.DictReader(file)
    expected = name if name in ("plain", "a=1") else f"'{name}"
    assert (found["resource_name"], found["state"]) == (expected, "FAILED")
    assert found["created_at"] == "2026-03-30T10:00:00Z"


@pytest.mark.soak
def test_a_month_of_200_accounts_makes_a_page_of_less_than_2_mb(tmp_path: Path) -> None:
    for folder in ("in", "made"):
        (tmp_path / folder).mkdir()
    defined = definition(MONTH_OF_200_ACCOUNTS.accounts, source="api")
    run = run_of_examples(defined)
    jobs = write_activity(tmp_path / "in", MONTH_OF_200_ACCOUNTS, run)
    source = Source(activity=tmp_path / "in", before=Before())
    found = make(defined, run, source, tmp_path / "made", now=NOW, memory_mb=256, stored=True)
    assert jobs > 400_000
    assert found.headline.success_rate.of > 300_000
    assert len(found.heat_map) > 200 * 28
    assert (tmp_path / "made" / "index.html").stat().st_size < 2_000_000
