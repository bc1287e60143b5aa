"""The figures of a report, from loaded activity: SQL over all jobs, and Python over its answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from reports.digest.definition import Definition
from reports.digest.figures import (
    AccountDay,
    Cause,
    Change,
    Control,
    Day,
    Figures,
    Headline,
    Resource,
    RestoreTest,
    Share,
    headline_of,
)
from reports.digest.judging import judge
from reports.digest.loading import RUNNING
from reports.digest.runs import Run

SHOWN = 200
"""Lines of a list on the page; its CSV file has all."""


@dataclass(frozen=True, kw_only=True)
class Before:
    """What the report of the period before said."""

    headline: Mapping[str, Any] | None = None
    """By figures.headline_of; what is None, there or in it, is not known."""
    unprotected: Path | None = None
    """Its CSV file of what is unprotected: since when it knew of each."""

    @classmethod
    def stored(cls, figures: str, unprotected: Path) -> Before:
        """From the files of a stored report."""
        return cls(headline=headline_of(figures), unprotected=unprotected)


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known beside the activity."""

    made_at: datetime
    unprotected: bool
    """Whether the source tells what is not protected."""
    open_incidents: int | None = None
    before: Before = Before()
    limits: Sequence[str] = ()
    """What the source cannot tell."""


def figures(
    duck: duckdb.DuckDBPyConnection, definition: Definition, run: Run, known: Known
) -> Figures:
    """Of what reports.digest.loading.loaded gives; makes the tables that CSV files are of."""
    judge(duck, definition, run, known.made_at, known.before.unprotected)
    headline = _headline(duck, known)
    days = _days(duck, run)
    late = _resources(duck, _LATE)
    changed = run.since < run.period.start
    unseen = duck.execute("FROM unseen ORDER BY ALL").fetchall()
    looked_at = {
        (account, region) for account, regions in definition.regions.items() for region in regions
    } - {(account, region) for account, region, reason in unseen if not _of_a_table(reason)}
    return Figures(
        start=run.period.start,
        end=run.period.end,
        made_at=known.made_at,
        source=definition.source,
        accounts=len({account for account, _ in looked_at}),
        regions=len({region for _, region in looked_at}),
        vaults=_one(duck, "SELECT count(*) FROM vaults WHERE tagged"),
        headline=headline,
        days=days,
        heat_map=tuple(
            AccountDay(account_id=account, day=day, succeeded=succeeded, failed=failed)
            for account, day, succeeded, failed in duck.execute(_HEAT_MAP).fetchall()
        ),
        causes=_causes(duck),
        without_recent_backup=late,
        without_recent_backup_total=headline.sla.of - headline.sla.met,
        unprotected=_resources(duck, _UNPROTECTED),
        restore_tests=_restore_tests(duck),
        controls=_controls(duck),
        changes=_changes(
            known.before.headline,
            headline,
            sum(day.size_bytes for day in days),
        ),
        newly_failing=_resources(duck, _NEWLY_FAILING) if changed else (),
        recovered=_resources(duck, _RECOVERED) if changed else (),
        limits=(*known.limits, *_limits(duck, run, unseen)),
    )


def _headline(duck: duckdb.DuckDBPyConnection, known: Known) -> Headline:
    succeeded, failed = _row(
        duck, "SELECT count(*) FILTER (succeeded), count(*) FILTER (failed) FROM jobs "
        "WHERE in_period",
    )  # fmt: skip
    protected, unprotected = _row(
        duck, "SELECT count(*) FILTER (protected), count(*) FILTER (NOT protected) FROM resources"
    )
    met, judged = _row(duck, "SELECT count(*) FILTER (met), count(*) FROM punctual")
    safe, told, unknown = _row(
        duck, "SELECT count(*) FILTER (met), count(met), count(*) - count(met) FROM three_two_one"
    )
    good, tests = _row(
        duck, "SELECT count(*) FILTER (test_outcome = 'good'), count(*) FROM jobs WHERE in_period "
        "AND test_outcome NOT IN ('running', 'no_verdict')",
    )  # fmt: skip
    oldest = _resources(duck, f"{_UNPROTECTED_ROWS} LIMIT 1")
    return Headline(
        protected=protected,
        unprotected=unprotected if known.unprotected else None,
        success_rate=Share(met=succeeded, of=succeeded + failed),
        sla=Share(met=met, of=judged),
        failures=failed,
        three_in_a_row=_one(duck, _THREE_IN_A_ROW),
        open_incidents=known.open_incidents,
        oldest_unprotected=oldest[0] if oldest and known.unprotected else None,
        three_two_one=Share(met=safe, of=told),
        three_two_one_unknown=unknown,
        restore_tests=Share(met=good, of=tests),
    )


_THREE_IN_A_ROW = """
SELECT count(DISTINCT resource_arn) FROM by_resource
WHERE len(last_failed) = 3 AND list_bool_and(last_failed)
"""

_DAYS = """
SELECT day, count(*) FILTER (outcome = 'succeeded'), count(*) FILTER (outcome = 'failed'),
  count(*) FILTER (outcome = 'with_issues'), count(*) FILTER (outcome = 'running'),
  avg(epoch(completed_at) - epoch(created_at)) FILTER (kind = 'backup' AND state = 'COMPLETED'),
  coalesce(sum(size_bytes) FILTER (kind = 'backup' AND state = 'COMPLETED'), 0)::BIGINT
FROM jobs WHERE in_period GROUP BY day
"""

_HEAT_MAP = """
SELECT account_id, day, count(*) FILTER (succeeded), count(*) FILTER (failed)
FROM jobs WHERE in_period AND outcome <> 'running' GROUP BY account_id, day
ORDER BY account_id, day
"""

_WHO = "account_id, region, resource_arn, resource_type, resource_name"

_LATE = f"""
SELECT {_WHO}, succeeded_at, CASE
    WHEN succeeded_at IS NULL THEN 'no backup succeeded since at least '
      || strftime(first_at, '%Y-%m-%d')
    ELSE 'its last success is older than its rule''s ' || CASE
      WHEN seconds < 172800 THEN round(seconds / 3600)::INTEGER || ' hours'
      ELSE round(seconds / 86400)::INTEGER || ' days' END
    END
FROM punctual WHERE NOT met
ORDER BY succeeded_at NULLS FIRST, resource_arn LIMIT {SHOWN}
"""

_UNPROTECTED_ROWS = f"""
SELECT {_WHO}, since, 'no backup of it is known' FROM unprotected ORDER BY since, resource_arn
"""
_UNPROTECTED = f"{_UNPROTECTED_ROWS} LIMIT {SHOWN}"

_NEWLY_FAILING = f"""
SELECT {_WHO}, succeeded_at, 'its last ' || CASE WHEN is_test THEN 'restore test' ELSE kind END
  || ' failed'
FROM by_resource
WHERE ended_in_period AND last_failed[1] AND NOT coalesce(failed_before, false)
ORDER BY failed_at DESC, resource_arn, kind LIMIT {SHOWN}
"""

_RECOVERED = f"""
SELECT {_WHO}, succeeded_at, 'its last ' || CASE WHEN is_test THEN 'restore test' ELSE kind END
  || ' succeeded'
FROM by_resource
WHERE ended_in_period AND NOT last_failed[1] AND failed_before
ORDER BY succeeded_at DESC, resource_arn, kind LIMIT {SHOWN}
"""


def _days(duck: duckdb.DuckDBPyConnection, run: Run) -> tuple[Day, ...]:
    """Each day of the period, also where nothing ran."""
    found = {row[0]: row[1:] for row in duck.execute(_DAYS).fetchall()}
    days: list[Day] = []
    for day in _dates(run):
        succeeded, failed, with_issues, running, seconds, size = found.get(
            day, (0, 0, 0, 0, None, 0)
        )
        days.append(
            Day(
                day=day,
                succeeded=succeeded,
                failed=failed,
                with_issues=with_issues,
                running=running,
                average_seconds=seconds,
                size_bytes=size,
            )
        )
    return tuple(days)


def _dates(run: Run) -> Sequence[date]:
    zone = ZoneInfo(run.timezone)
    first, last = (t.astimezone(zone).date() for t in (run.period.start, run.period.end))
    return [first + timedelta(days=number) for number in range((last - first).days)]


def _causes(duck: duckdb.DuckDBPyConnection) -> tuple[Cause, ...]:
    found = duck.execute(
        f"""
        SELECT count(*), list_sort(list(DISTINCT kind)),
          list_sort(list(DISTINCT resource_type) FILTER (resource_type IS NOT NULL)),
          list_sort(list(DISTINCT account_id)),
          max(created_at), max_by((coalesce(trim(status_message, ' "'), ''), {_WHO}),
            (created_at, job_id)) AS example
        FROM failures GROUP BY cause ORDER BY count(*) DESC, max(created_at) DESC, cause
        LIMIT {SHOWN}
        """
    ).fetchall()
    return tuple(
        Cause(
            message=example[0],
            count=count,
            kinds=tuple(kinds),
            resource_types=tuple(types or ()),
            accounts=tuple(accounts),
            last_at=_aware(last),
            example=_resource((*example[1:], last, "the last to fail so")),
        )
        for count, kinds, types, accounts, last, example in found
    )


def _restore_tests(duck: duckdb.DuckDBPyConnection) -> tuple[RestoreTest, ...]:
    """Failed ones first, then the newest."""
    found = duck.execute(
        f"""
        SELECT account_id, region, resource_arn, resource_type, recovery_point_arn, state,
          test_outcome, status_message, validation_status, validation_message, completed_at
        FROM jobs WHERE in_period AND is_test
        ORDER BY failed OR coalesce(validation_status IN ('FAILED', 'TIMED_OUT'), false) DESC,
          created_at DESC, job_id
        LIMIT {SHOWN}
        """
    ).fetchall()
    return tuple(
        RestoreTest(
            account_id=account,
            region=region,
            resource_arn=arn or "",
            resource_type=type_ or "",
            recovery_point_arn=point or "",
            state=state or "",
            outcome=outcome,
            status_message=said or "",
            validation_status=status or "",
            validation_message=told or "",
            completed_at=None if ended is None else _aware(ended),
        )
        for account, region, arn, type_, point, state, outcome, said, status, told, ended in found
    )


def _controls(duck: duckdb.DuckDBPyConnection) -> tuple[Control, ...]:
    found = duck.execute(
        """
        SELECT framework_name, control_name, sum(compliant)::BIGINT, sum(non_compliant)::BIGINT,
          count(*) FILTER (regexp_replace(lower(status), '[^a-z]', '', 'g') LIKE 'noncomplian%'),
          count(*)
        FROM controls GROUP BY ALL ORDER BY framework_name, control_name
        """
    ).fetchall()
    return tuple(
        Control(
            framework_name=framework or "",
            control_name=control or "",
            compliant=compliant,
            non_compliant=non_compliant,
            frameworks_failing=Share(met=failing, of=evaluated),
        )
        for framework, control, compliant, non_compliant, failing, evaluated in found
    )


def _changes(
    before: Mapping[str, Any] | None, headline: Headline, size_bytes: int
) -> tuple[Change, ...]:
    if before is None:
        return ()

    def percent(name: str) -> float | None:
        return Share(**before[name]).percent if before[name] else None

    return (
        Change(name="protected", before=before["protected"], now=headline.protected),
        Change(name="unprotected", before=before["unprotected"], now=headline.unprotected),
        Change(
            name="success_rate",
            before=percent("success_rate"),
            now=headline.success_rate.percent,
        ),
        Change(name="sla", before=percent("sla"), now=headline.sla.percent),
        Change(name="failures", before=before["failures"], now=headline.failures),
        Change(name="three_in_a_row", before=before["three_in_a_row"], now=headline.three_in_a_row),
        Change(
            name="three_two_one",
            before=percent("three_two_one"),
            now=headline.three_two_one.percent,
        ),
        Change(name="size_bytes", before=before["size_bytes"], now=size_bytes),
    )


def _of_a_table(reason: str | None) -> bool:
    """Whether only a part of what was asked was refused."""
    return (reason or "").split(":")[0] in ("jobs", "recovery_points", "resources")


def _limits(
    duck: duckdb.DuckDBPyConnection, run: Run, unseen: Sequence[tuple[str, str, str]]
) -> Sequence[str]:
    said: list[str] = []
    if run.since > run.period.start:
        said.append(
            f"Jobs from before {run.since:%Y-%m-%d %H:%M} UTC are missing: AWS Backup's list calls "
            "go back 30 days."
        )
    if run.since >= run.period.start:
        said.append(
            "Which resources newly fail or recovered is not known: nothing is known of jobs before "
            "the period."
        )
    for account, region, reason in unseen[:SHOWN]:
        said.append(f"{account} in {region} could not be looked at: {reason}")
    strange = duck.execute(
        f"SELECT list_sort(list(DISTINCT state)) FROM jobs "
        f"WHERE outcome = 'running' AND state NOT IN {RUNNING}"
    ).fetchall()[0][0]
    if strange:
        said.append(f"States that this report does not know count as running: {strange}.")
    schedules = _one(duck, "SELECT count(*) FROM schedules WHERE seconds IS NULL")
    if schedules:
        said.append(
            f"{schedules} rules' schedules could not be read: their resources are not in the SLA."
        )
    if not _one(duck, "SELECT count(*) FROM vaults WHERE tagged"):
        said.append("No vault carries the report's tag.")
    return said


def _resources(duck: duckdb.DuckDBPyConnection, sql: str) -> tuple[Resource, ...]:
    return tuple(_resource(row) for row in duck.execute(sql).fetchall())


def _resource(row: Sequence[Any]) -> Resource:
    account, region, arn, type_, name, since, why = row
    return Resource(
        account_id=account or "",
        region=region or "",
        resource_arn=arn or "",
        resource_type=type_ or "",
        resource_name=name or "",
        since=None if since is None else _aware(since),
        why=why,
    )


def _aware(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC)


def _row(duck: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    return duck.execute(sql).fetchall()[0]


def _one(duck: duckdb.DuckDBPyConnection, sql: str) -> int:
    return _row(duck, sql)[0]
