"""Activity in a DuckDB file, ready to be measured: jobs judged, resources and copies gathered.

Memory is bounded: the tables are read in streams, kept on disk, and what does not fit is spilled.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from reports.digest.activity import TABLES
from reports.digest.definition import Definition
from reports.digest.runs import Run
from reports.digest.schedules import longest_gap
from reports.restore_tests import OUTCOME_SQL

FAILED = ("FAILED", "EXPIRED", "ABORTED", "PARTIAL")
"""States of jobs that ended otherwise than they should."""
RUNNING = ("CREATED", "PENDING", "RUNNING", "ABORTING", "COMPLETING", "FAILING")
"""States of jobs that have not ended. One that is not known is taken for one of these."""

_OUTCOME = f"""CASE
    WHEN state = 'COMPLETED' AND coalesce(with_issues, false) THEN 'with_issues'
    WHEN state = 'COMPLETED' THEN 'succeeded'
    WHEN state IN {FAILED} THEN 'failed'
    ELSE 'running'
  END"""

_TEST_OUTCOME = OUTCOME_SQL.format(
    state="state",
    status_message="status_message",
    validation_status="validation_status",
    validation_message="validation_message",
)

_JOBS = f"""
CREATE TABLE jobs AS
SELECT kind, account_id, region, job_id, state, status_message, resource_arn, resource_type,
  resource_name, vault_arn, rule_schedule, rule_timezone, created_at, completed_at, size_bytes,
  CASE WHEN kind = 'copy' AND state = 'COMPLETED' THEN destination_vault_arn END AS copied_to,
  CASE WHEN kind = 'restore' THEN recovery_point_arn END AS recovery_point_arn,
  kind = 'restore' AND restore_testing_plan_arn IS NOT NULL AS is_test,
  validation_status, validation_message,
  CASE WHEN is_test THEN {_TEST_OUTCOME} END AS test_outcome,
  {_OUTCOME} AS outcome,
  outcome = 'failed' OR (outcome = 'with_issues' AND $issues_fail) AS failed,
  outcome <> 'running' AND NOT failed AS succeeded,
  created_at >= $start AS in_period,
  timezone($zone, timezone('UTC', created_at))::DATE AS day
FROM read_jobs
WHERE created_at >= $since AND created_at < $end
  AND (vault_arn IS NULL OR vault_arn NOT IN (SELECT vault_arn FROM vaults WHERE NOT tagged))
"""
"""A job into a vault without the tag is not of this report. One into a vault that is not there is:
that it is not there is a common cause of failure."""

# A recovery point tells what a restore was of where the job itself does not.
_RESTORED = """
UPDATE jobs SET resource_arn = point.resource_arn, resource_type = point.resource_type
FROM (
  SELECT recovery_point_arn, min(resource_arn) AS resource_arn,
    min(resource_type) AS resource_type
  FROM read_recovery_points
  WHERE recovery_point_arn IN (
    SELECT recovery_point_arn FROM jobs WHERE kind = 'restore' AND resource_arn IS NULL)
  GROUP BY recovery_point_arn
) AS point
WHERE jobs.kind = 'restore' AND jobs.resource_arn IS NULL
  AND jobs.recovery_point_arn = point.recovery_point_arn
"""

# Of two jobs that were created in the same second the one that failed counts as the later one.
# A restore does not tell the resource's name, other jobs do.
_BY_RESOURCE = """
CREATE TABLE by_resource AS
SELECT * REPLACE (
  coalesce(resource_type, min(resource_type) OVER about) AS resource_type,
  coalesce(resource_name, min(resource_name) OVER about) AS resource_name)
FROM (
  SELECT resource_arn, kind, is_test, min(account_id) AS account_id, min(region) AS region,
    min(resource_type) AS resource_type, min(resource_name) AS resource_name,
    min(created_at) AS first_at,
    max(created_at) FILTER (succeeded) AS succeeded_at,
    max(created_at) FILTER (failed) AS failed_at,
    max_by(failed, 2 * epoch(created_at)::BIGINT + failed::BIGINT, 3)
      FILTER (outcome <> 'running') AS last_failed,
    max_by(failed, 2 * epoch(created_at)::BIGINT + failed::BIGINT)
      FILTER (outcome <> 'running' AND NOT in_period) AS failed_before,
    bool_or(in_period AND outcome <> 'running') AS ended_in_period
  FROM jobs WHERE resource_arn IS NOT NULL
  GROUP BY resource_arn, kind, is_test
) WINDOW about AS (PARTITION BY resource_arn)
"""

_RULES = """
CREATE TABLE rules AS
SELECT resource_arn, coalesce(min(seconds) FILTER (in_period), min(seconds)) AS seconds
FROM (
  SELECT DISTINCT resource_arn, in_period, rule_schedule,
    coalesce(rule_timezone, 'UTC') AS rule_timezone
  FROM jobs WHERE kind = 'backup' AND resource_arn IS NOT NULL
) JOIN schedules USING (rule_schedule, rule_timezone)
WHERE seconds IS NOT NULL
GROUP BY resource_arn
"""

_HELD = """
CREATE TABLE held AS
SELECT resource_arn, vault_arn, min(resource_type) AS resource_type,
  min(account_id) AS account_id, min(region) AS region,
  min(created_at) AS first_at, max(created_at) AS last_at,
  bool_or(source_vault_arn IS NULL) AS original
FROM read_recovery_points
WHERE status IN ('COMPLETED', 'AVAILABLE', 'STOPPED') AND resource_arn IS NOT NULL
GROUP BY resource_arn, vault_arn
"""

_RESOURCES = """
CREATE TABLE resources AS
WITH known AS (
  SELECT resource_arn, account_id, region, resource_type, resource_name, protected,
    last_backup_at, first_seen_at
  FROM read_resources
  UNION ALL
  SELECT resource_arn, account_id, region, resource_type, resource_name, true, NULL, first_at
  FROM by_resource WHERE kind = 'backup'
  UNION ALL
  SELECT resource_arn, account_id, region, resource_type, NULL, true, last_at, first_at
  FROM held WHERE original
)
SELECT resource_arn, min(account_id) AS account_id, min(region) AS region,
  min(resource_type) AS resource_type, min(resource_name) AS resource_name,
  bool_or(protected) AS protected, max(last_backup_at) AS last_backup_at,
  min(first_seen_at) AS first_seen_at
FROM known WHERE resource_arn IS NOT NULL GROUP BY resource_arn
"""


@contextmanager
def connected(scratch: Path, memory_mb: int) -> Generator[duckdb.DuckDBPyConnection]:
    """A database in a file, with what does not fit into memory beside it; nothing is downloaded."""
    with duckdb.connect(
        str(scratch / "activity.duckdb"),
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "memory_limit": f"{memory_mb}MB",
            "preserve_insertion_order": "false",
            "temp_directory": str(scratch / "spill"),
            "threads": "1",
        },
    ) as duck:
        duck.execute("SET TimeZone = 'UTC'")
        duck.execute("SET enable_progress_bar = false")
        yield duck


@contextmanager
def loaded(
    folder: Path, definition: Definition, run: Run, *, scratch: Path, memory_mb: int
) -> Generator[duckdb.DuckDBPyConnection]:
    """The tables that lie at any depth of a folder as <table>.csv, .csv.gz or .parquet.

    Makes jobs, by_resource, rules, held and resources of them; beside vaults, controls, unseen.
    """
    with connected(scratch, memory_mb) as duck:
        for table in TABLES:
            duck.execute(f"CREATE VIEW read_{table} AS {_reading(table, folder)}")
        for table in ("vaults", "controls", "unseen"):
            duck.execute(f"CREATE TABLE {table} AS FROM read_{table}")
        duck.execute(
            _JOBS,
            {
                "issues_fail": definition.issues_are_failures,
                "zone": run.timezone,
                "start": utc(run.period.start),
                "since": utc(run.since),
                "end": utc(run.period.end),
            },
        )
        duck.execute(_RESTORED)
        duck.execute(_BY_RESOURCE)
        _load_rules(duck, run)
        duck.execute(_HELD)
        duck.execute(_RESOURCES)
        yield duck


def utc(time: datetime) -> datetime:
    """As DuckDB's TIMESTAMP has it: in UTC, without saying so."""
    return time.astimezone(UTC).replace(tzinfo=None)


def _reading(table: str, folder: Path) -> str:
    columns = TABLES[table]
    texts = [*folder.rglob(f"{table}.csv"), *folder.rglob(f"{table}.csv.gz")]
    parquet = sorted(folder.rglob(f"{table}.parquet"))
    chosen = ", ".join(f"{name}::{type_} AS {name}" for name, type_ in columns.items())
    sources: list[str] = []
    if texts:
        types = ", ".join(f"'{name}': '{type_}'" for name, type_ in columns.items())
        sources.append(
            f"SELECT {chosen} FROM read_csv({_listed(sorted(texts))}, columns = {{{types}}}, "
            "header = true, auto_detect = false, delim = ',', quote = '\"', escape = '\"', "
            "nullstr = '', new_line = '\\n')"
        )
    if parquet:
        sources.append(f"SELECT {chosen} FROM read_parquet({_listed(parquet)})")
    nothing = ", ".join(f"NULL::{type_} AS {name}" for name, type_ in columns.items())
    return " UNION ALL ".join(sources) or f"SELECT {nothing} WHERE false"


def _listed(files: list[Path]) -> str:
    return "[" + ", ".join("'" + str(file).replace("'", "''") + "'" for file in files) + "]"


def _load_rules(duck: duckdb.DuckDBPyConnection, run: Run) -> None:
    duck.execute(
        "CREATE TABLE schedules (rule_schedule VARCHAR, rule_timezone VARCHAR, seconds BIGINT)"
    )
    found = duck.execute(
        "SELECT DISTINCT rule_schedule, coalesce(rule_timezone, 'UTC') FROM jobs "
        "WHERE kind = 'backup' AND rule_schedule IS NOT NULL ORDER BY ALL"
    ).fetchall()
    for schedule, timezone in found:
        gap = longest_gap(schedule, timezone, run.period.end.date())
        seconds = None if gap is None else int(gap / timedelta(seconds=1))
        duck.execute("INSERT INTO schedules VALUES (?, ?, ?)", (schedule, timezone, seconds))
    duck.execute(_RULES)
