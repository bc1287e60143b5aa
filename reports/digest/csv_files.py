"""The CSV files beside the page: every line of what it shows the first of.

A spreadsheet takes a cell that starts with =, +, - or @ for a formula, and some of the texts come
from whoever may name a resource: an apostrophe before these makes them text.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

_RESOURCE = "account_id, region, resource_arn, resource_type, resource_name"

UNPROTECTED = "unprotected.csv"
"""Which the next report reads, to tell since when a resource has been unprotected."""

_FILES = {
    "failed_jobs.csv": """
        SELECT kind, account_id, region, job_id, state, resource_arn, resource_type,
          resource_name, vault_arn, created_at, completed_at, status_message, cause
        FROM failures ORDER BY created_at DESC, job_id
    """,
    "without_recent_backup.csv": f"""
        SELECT {_RESOURCE}, succeeded_at AS last_success_at, seconds AS rule_period_seconds
        FROM punctual WHERE NOT met ORDER BY succeeded_at NULLS FIRST, resource_arn
    """,
    UNPROTECTED: f"""
        SELECT {_RESOURCE}, since FROM unprotected ORDER BY since, resource_arn
    """,
    "restore_tests.csv": """
        SELECT account_id, region, job_id, resource_arn, resource_type, recovery_point_arn, state,
          test_outcome AS outcome, status_message, validation_status, validation_message,
          created_at, completed_at
        FROM jobs WHERE in_period AND is_test ORDER BY created_at DESC, job_id
    """,
    "three_two_one.csv": f"""
        SELECT {_RESOURCE}, met FROM three_two_one JOIN resources USING (resource_arn)
        ORDER BY met NULLS LAST, resource_arn
    """,
    "success_by_account_and_day.csv": """
        SELECT account_id, day, kind, count(*) FILTER (succeeded) AS succeeded,
          count(*) FILTER (failed) AS failed,
          count(*) FILTER (outcome = 'with_issues') AS with_issues
        FROM jobs WHERE in_period AND outcome <> 'running'
        GROUP BY account_id, day, kind ORDER BY account_id, day, kind
    """,
    "controls.csv": """
        SELECT account_id, region, framework_name, control_name, status, compliant, non_compliant
        FROM controls ORDER BY ALL
    """,
    "vaults.csv": """
        SELECT account_id, region, vault_name, vault_arn, vault_type, locked, lock_at,
          recovery_points
        FROM vaults WHERE tagged ORDER BY account_id, region, vault_name
    """,
    "not_looked_at.csv": "SELECT account_id, region, reason FROM unseen ORDER BY ALL",
}


def write(duck: duckdb.DuckDBPyConnection, folder: Path) -> Sequence[str]:
    """Writes what reports.digest.measuring.figures was made of; the names of the files."""
    for name, sql in _FILES.items():
        cells = ", ".join(_cell(column, type_) for column, type_, *_ in _described(duck, sql))
        duck.execute(
            f"COPY (SELECT {cells} FROM ({sql})) TO '{folder / name}' "
            "(FORMAT csv, HEADER, TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%SZ')"
        )
    return tuple(_FILES)


def _described(duck: duckdb.DuckDBPyConnection, sql: str) -> Sequence[tuple[str, str]]:
    return [(name, type_) for name, type_, *_ in duck.execute(f"DESCRIBE {sql}").fetchall()]


def _cell(column: str, type_: str) -> str:
    if type_ != "VARCHAR":
        return column
    return f"regexp_replace({column}, '^([=+\\-@\\t\\r])', '''\\1') AS {column}"
