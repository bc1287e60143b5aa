"""Figures over jobs: what SQL says is what the definitions say, job by job."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.digest.activity import TABLES, Row, write_csv
from reports.digest.definition import Cadence, Definition
from reports.digest.figures import Figures
from reports.digest.loading import loaded
from reports.digest.measuring import Before, Known, figures
from reports.digest.runs import Run, jobs_since, period_of
from tests.support.figures import definition
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
        validation_status=draw(st.sampled_from([None, "SUCCESSFUL", "FAILED", "TIMED_OUT"])),
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
    assert {
        (r.resource_arn, r.why.removeprefix("its last ").removesuffix(" failed"))
        for r in found.newly_failing
    } == naive.turned(failing=True)
    assert {
        (r.resource_arn, r.why.removeprefix("its last ").removesuffix(" succeeded"))
        for r in found.recovered
    } == naive.turned(failing=False)
