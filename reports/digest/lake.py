"""What delivered reports say, from the lake's curated files: tables of reports/digest/activity.py
that it knows better than the API, or further back."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import duckdb

from reports.curated_tables import CuratedTable, curated_table
from reports.digest.activity import JOBS
from reports.digest.definition import Definition
from reports.digest.loading import connected, utc
from reports.digest.runs import Run
from reports.month_lists import MonthLists
from reports.newest_rows import newest
from reports.templates import TEMPLATES

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PROTECTED_BY_PLAN = "BACKUP_RESOURCES_PROTECTED_BY_BACKUP_PLAN"
"""The control of AWS Backup Audit Manager that tells what no plan selects."""

_LONGEST_JOB = timedelta(days=7)
"""How long after a period a report may still tell of a job that was created in it."""
_EVALUATED = timedelta(days=2)
"""Controls are evaluated daily, or when something changes, and reported daily."""
_AT_ONCE = 16

_SQL_TYPES = {
    "string": "VARCHAR",
    "bigint": "BIGINT",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP",
    "double": "DOUBLE",
}

_KINDS = {
    "backup_job": """
        'backup' AS kind, backup_job_id AS job_id, resource_arn, resource_type, resource_name,
        backup_vault_arn AS vault_arn, NULL AS destination_vault_arn, recovery_point_arn,
        completion_date AS completed_at, NULL AS restore_testing_plan_arn,
        NULL AS validation_status, NULL AS validation_message,
        job_status = 'COMPLETED' AND coalesce(status_message, '') <> '' AS with_issues
    """,
    "copy_job": """
        'copy' AS kind, copy_job_id AS job_id, resource_arn, resource_type, resource_name,
        source_backup_vault_arn AS vault_arn,
        destination_backup_vault_arn AS destination_vault_arn,
        source_recovery_point_arn AS recovery_point_arn,
        completion_date AS completed_at, NULL AS restore_testing_plan_arn,
        NULL AS validation_status, NULL AS validation_message,
        job_status = 'COMPLETED' AND coalesce(status_message, '') <> '' AS with_issues
    """,
    "restore_job": """
        'restore' AS kind, restore_job_id AS job_id, source_resource_arn AS resource_arn,
        resource_type, NULL AS resource_name, backup_vault_arn AS vault_arn,
        NULL AS destination_vault_arn,
        recovery_point_arn, completion_date AS completed_at, restore_testing_plan_arn,
        validation_status, validation_status_message AS validation_message, false AS with_issues
    """,
}
"""Columns of activity.JOBS that each template names in its own way, or the API does not tell."""

_JOBS = """
SELECT {own}, account_id, region, job_status AS state, status_message,
  backup_plan_name AS plan_name, backup_rule_name AS rule_name,
  backup_rule_schedule AS rule_schedule, backup_rule_timezone AS rule_timezone,
  date_trunc('second', creation_date) AS created_at, backup_size_in_bytes AS size_bytes
FROM ({newest}) JOIN looked_at USING (account_id, region)
WHERE creation_date >= $since AND creation_date < $end AND coalesce(parent_job_id, '') = ''
"""

_CONTROLS = """
SELECT account_id, region, framework_name, control_name, control_compliance_status AS status,
  num_resources_compliant AS compliant, num_resources_non_compliant AS non_compliant
FROM ({newest}) JOIN looked_at USING (account_id, region)
"""

_RESOURCES = """
SELECT DISTINCT account_id, region, resource_id AS resource_arn, resource_type,
  NULL AS resource_name, false AS protected, NULL::TIMESTAMP AS last_backup_at,
  NULL::TIMESTAMP AS first_seen_at
FROM ({newest}) JOIN looked_at USING (account_id, region)
WHERE control_name = $control
  AND regexp_replace(lower(resource_compliance_status), '[^a-z]', '', 'g') LIKE 'noncomplian%'
"""


@dataclass(frozen=True, kw_only=True)
class Lake:
    """Where a customer's curated reports are, and what may read them."""

    s3: S3Client
    bucket: str
    memory_mb: int

    def write_jobs(self, definition: Definition, run: Run, target: Path) -> Sequence[str]:
        """Writes jobs.parquet into a folder, and gives what delivered reports cannot tell."""
        first = run.since.date() - timedelta(days=1)
        last = (run.period.end + _LONGEST_JOB).date()
        with self._read(definition, tuple(_KINDS), first, last) as duck:
            made = " UNION ALL BY NAME ".join(
                _JOBS.format(own=own, newest=newest(TEMPLATES[name]))
                for name, own in _KINDS.items()
            )
            # A copy may be told in the account that it goes to as well.
            _copy(
                duck,
                f"SELECT {', '.join(JOBS)} FROM ({made}) WHERE kind <> 'copy' OR vault_arn IS NULL "
                "OR (split_part(vault_arn, ':', 4) = region "
                "AND split_part(vault_arn, ':', 5) = account_id)",
                target / "jobs.parquet",
                {"since": utc(run.since), "end": utc(run.period.end)},
            )
            restores, tests = duck.execute(
                "SELECT count(*), count(restore_testing_plan_arn) FROM restore_jobs_curated"
            ).fetchall()[0]
        limits = ["Jobs are told as they stood in the last report that was delivered."]
        if restores and not tests:
            limits.append(
                "Restore tests are not known: delivered reports do not say which restores were "
                "tests."
            )
        return limits

    def write_compliance(self, definition: Definition, run: Run, target: Path) -> bool:
        """Writes controls.parquet into a folder, and for a report from the lake resources.parquet;
        whether it is known what is not protected."""
        last = run.period.end.date()
        templates = ("control_compliance", "resource_compliance")
        with self._read(definition, templates, last - _EVALUATED, last) as duck:
            controls, resources = (newest(TEMPLATES[name]) for name in templates)
            _copy(duck, _CONTROLS.format(newest=controls), target / "controls.parquet", {})
            if definition.source == "api":
                return True
            control = {"control": PROTECTED_BY_PLAN}
            listed = _RESOURCES.format(newest=resources)
            _copy(duck, listed, target / "resources.parquet", control)
            known = duck.execute(
                "SELECT count(*) FROM resource_compliance_curated WHERE control_name = $control",
                control,
            ).fetchall()
        return known[0][0] > 0

    @contextmanager
    def _read(
        self, definition: Definition, templates: Sequence[str], first: date, last: date
    ) -> Generator[duckdb.DuckDBPyConnection]:
        """The curated tables of some days, as far as there are files, and where to look at."""
        with TemporaryDirectory() as scratch, connected(Path(scratch), self.memory_mb) as duck:
            for name in templates:
                table = curated_table(TEMPLATES[name])
                files = self._download(table, first, last, Path(scratch))
                duck.execute(_table(table, files, first, last))
            duck.execute("CREATE TABLE looked_at (account_id VARCHAR, region VARCHAR)")
            duck.execute(
                "INSERT INTO looked_at SELECT unnest($accounts), unnest($regions)",
                {
                    "accounts": [a for a, regions in definition.regions.items() for _ in regions],
                    "regions": [r for regions in definition.regions.values() for r in regions],
                },
            )
            yield duck

    def _download(
        self, table: CuratedTable, first: date, last: date, scratch: Path
    ) -> Sequence[Path]:
        """The files of the months that these days are in."""
        lists = MonthLists(s3=self.s3, bucket=self.bucket)

        def fetch(of: tuple[str, str]) -> Path:
            month, name = of
            path = scratch / table.files_folder(month) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            lists.download(table, month, name, path)
            return path

        files = [
            (month, name)
            for month in lists.months(table)
            if f"{first:%Y-%m}" <= month <= f"{last:%Y-%m}"
            for name in sorted(lists.read(table, month).files)
        ]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(fetch, files))


def _table(table: CuratedTable, files: Sequence[Path], first: date, last: date) -> str:
    """A view with the curated table's name, columns and types, whatever the files' age, of the
    reports whose folders are of these days."""
    types = {name: _SQL_TYPES[type_] for name, type_ in table.columns.items()}
    nothing = ", ".join(f"NULL::{type_} AS {name}" for name, type_ in types.items())
    known = f"SELECT {nothing} WHERE false"
    if files:
        listed = ", ".join(f"'{file}'" for file in files)
        known += (
            f" UNION ALL BY NAME SELECT * FROM read_parquet([{listed}], union_by_name = true) "
            f"WHERE report_date BETWEEN '{first}' AND '{last}'"
        )
    return f"CREATE VIEW {table.name} AS {known}"


def _copy(
    duck: duckdb.DuckDBPyConnection, sql: str, target: Path, parameters: Mapping[str, object]
) -> None:
    duck.execute(f"COPY ({sql}) TO '{target}' (FORMAT parquet)", dict(parameters))
