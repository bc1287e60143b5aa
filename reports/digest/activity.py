"""What a report is computed from: the same tables, whether the API or the lake filled them.

Each lies in CSV files (gzip) with a header of the column names; empty means unknown. Times are
ISO 8601 in UTC, to the second as delivered reports have them, flags true or false.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TextIO

Row = Mapping[str, str | int | bool | datetime | None]
"""By column; what is absent or None is unknown."""
Table = Mapping[str, str]
"""Column names with DuckDB's types."""

JOBS: Table = {
    "kind": "VARCHAR",  # backup, copy, restore
    "account_id": "VARCHAR",
    "region": "VARCHAR",
    "job_id": "VARCHAR",
    "state": "VARCHAR",  # as AWS Backup says it, COMPLETED, …
    "with_issues": "BOOLEAN",  # COMPLETED, and a message category other than SUCCESS
    "status_message": "VARCHAR",
    "resource_arn": "VARCHAR",
    "resource_type": "VARCHAR",
    "resource_name": "VARCHAR",
    "vault_arn": "VARCHAR",  # of a copy: the source's
    "destination_vault_arn": "VARCHAR",  # of a copy
    "recovery_point_arn": "VARCHAR",  # made by a backup; copied; restored from
    "plan_name": "VARCHAR",
    "rule_name": "VARCHAR",
    "rule_schedule": "VARCHAR",  # cron(…)
    "rule_timezone": "VARCHAR",
    "created_at": "TIMESTAMP",
    "completed_at": "TIMESTAMP",
    "size_bytes": "BIGINT",
    "restore_testing_plan_arn": "VARCHAR",
    "validation_status": "VARCHAR",
    "validation_message": "VARCHAR",
}
"""Backup, copy and restore jobs, restore tests among these; a child of a composite job is none."""

RECOVERY_POINTS: Table = {
    "account_id": "VARCHAR",
    "region": "VARCHAR",
    "vault_arn": "VARCHAR",
    "recovery_point_arn": "VARCHAR",
    "resource_arn": "VARCHAR",
    "resource_type": "VARCHAR",
    "status": "VARCHAR",
    "created_at": "TIMESTAMP",
    "size_bytes": "BIGINT",
    "encrypted": "BOOLEAN",
    "delete_at": "TIMESTAMP",
    "source_vault_arn": "VARCHAR",  # of a copy
}

RESOURCES: Table = {
    "account_id": "VARCHAR",
    "region": "VARCHAR",
    "resource_arn": "VARCHAR",
    "resource_type": "VARCHAR",
    "resource_name": "VARCHAR",
    "protected": "BOOLEAN",  # by a plan, or by a recovery point that is there
    "last_backup_at": "TIMESTAMP",
    "first_seen_at": "TIMESTAMP",
}
"""Resources that could be backed up, as far as the source knows them."""

VAULTS: Table = {
    "account_id": "VARCHAR",
    "region": "VARCHAR",
    "vault_name": "VARCHAR",
    "vault_arn": "VARCHAR",
    "vault_type": "VARCHAR",
    "locked": "BOOLEAN",
    "lock_at": "TIMESTAMP",  # when a compliance lock can no longer be taken off
    "encryption_key_arn": "VARCHAR",
    "recovery_points": "BIGINT",
    "tagged": "BOOLEAN",  # carries the definition's tag: the report is about these
}
"""All vaults of the accounts and Regions: also of those without the tag it is told whether a copy
in them can be deleted."""

CONTROLS: Table = {
    "account_id": "VARCHAR",
    "region": "VARCHAR",
    "framework_name": "VARCHAR",
    "control_name": "VARCHAR",
    "status": "VARCHAR",
    "compliant": "BIGINT",
    "non_compliant": "BIGINT",
}
"""Compliance by control; the API has it without counts, the lake with."""

UNSEEN: Table = {"account_id": "VARCHAR", "region": "VARCHAR", "reason": "VARCHAR"}
"""What should have been looked at and could not be."""

TABLES: Mapping[str, Table] = {
    "jobs": JOBS,
    "recovery_points": RECOVERY_POINTS,
    "resources": RESOURCES,
    "vaults": VAULTS,
    "controls": CONTROLS,
    "unseen": UNSEEN,
}


def write_csv(rows: Iterable[Row], table: Table, file: TextIO) -> int:
    """Writes a table's header and rows, and gives the number of rows; holds one at a time."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(table)
    count = 0
    for row in rows:
        writer.writerow([_text(row.get(column)) for column in table])
        count += 1
    return count


def _text(value: str | int | bool | datetime | None) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")
        case _:
            return str(value)
