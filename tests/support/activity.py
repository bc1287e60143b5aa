"""Activity of as many accounts as wanted, as collation writes it: made by SQL, so that a million
jobs take seconds; the same for the same size."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import duckdb

from reports.digest.activity import TABLES
from reports.digest.loading import utc
from reports.digest.runs import Run

REGIONS = ("eu-central-1", "eu-west-1", "us-east-1")


@dataclass(frozen=True, kw_only=True)
class Size:
    accounts: int
    resources: int
    """Of an account and Region, each with a backup a day; every third is copied, every seventh
    tested weekly."""

    @property
    def account_ids(self) -> tuple[str, ...]:
        return tuple(f"{111111111111 + number:012}" for number in range(self.accounts))


MONTH_OF_200_ACCOUNTS = Size(accounts=200, resources=20)

_RESOURCES = """
CREATE TABLE made AS
SELECT account, region, number, account || '/' || region || '/' || number AS key,
  ['EBS', 'EC2', 'RDS', 'DynamoDB', 'EFS', 'S3'][1 + drawn(key, 1) % 6] AS type,
  'orders-' || number AS name,
  'arn:aws:ec2:' || region || ':' || account || ':volume/vol-'
    || lower(printf('%017x', drawn(key, 2))) AS arn,
  'arn:aws:backup:' || region || ':' || account || ':backup-vault:central' AS vault,
  drawn(key, 3) % 20 = 0 AS troubled
FROM (SELECT (111111111111 + range)::VARCHAR AS account FROM range($accounts))
CROSS JOIN (SELECT unnest($regions) AS region)
CROSS JOIN (SELECT range AS number FROM range($resources))
"""

_RUNS = """
CREATE TABLE runs AS
SELECT *, $since::TIMESTAMP + to_days(day::INTEGER) + to_seconds(drawn(key, 4) % 86400) AS created,
  drawn(key, 100 + day) % 1000 AS chance,
  CASE WHEN chance < CASE WHEN troubled THEN 400 ELSE 15 END THEN 'FAILED'
    WHEN chance > 995 THEN 'EXPIRED' ELSE 'COMPLETED' END AS state,
  printf('%016X-%04X', drawn(key, 100 + day), day) AS id,
  [NULL, 'The source resource is busy. Try again in ' || day || ' minutes.',
   'Access denied to ' || arn, 'Backup job ' || id || ' expired.'][1 + drawn(key, 1000 + day) % 4]
  AS said
FROM made CROSS JOIN (SELECT range AS day FROM range($days))
WHERE created < $end
"""

_JOBS = """
SELECT 'backup' AS kind, account AS account_id, region, id AS job_id, state,
  state = 'COMPLETED' AND chance > 990 AS with_issues,
  CASE WHEN state <> 'COMPLETED' OR chance > 990 THEN said END AS status_message,
  arn AS resource_arn, type AS resource_type, name AS resource_name, vault AS vault_arn,
  NULL AS destination_vault_arn,
  CASE WHEN state = 'COMPLETED' THEN arn || '/point/' || id END AS recovery_point_arn,
  'standard' AS plan_name, 'daily' AS rule_name, 'cron(0 5 ? * * *)' AS rule_schedule,
  'Etc/UTC' AS rule_timezone, created AS created_at,
  created + to_seconds(60 + chance * 5) AS completed_at,
  CASE WHEN state = 'COMPLETED' THEN 1073741824 + drawn(key, 100 + day) % 1000000 ELSE 0 END
    AS size_bytes,
  NULL AS restore_testing_plan_arn, NULL AS validation_status, NULL AS validation_message
FROM runs
UNION ALL
SELECT 'copy', account, region, 'C' || id, CASE WHEN chance % 50 = 0 THEN 'FAILED' ELSE
  'COMPLETED' END, false, CASE WHEN chance % 50 = 0 THEN 'Access denied to a key' END, arn, type,
  name, vault, 'arn:aws:backup:eu-north-1:999999999999:backup-vault:copies',
  arn || '/point/' || id, 'standard', 'daily', 'cron(0 5 ? * * *)', 'Etc/UTC',
  created + to_minutes(90), created + to_minutes(100), 1073741824, NULL, NULL, NULL
FROM runs WHERE number % 3 = 0 AND state = 'COMPLETED' AND created + INTERVAL 90 MINUTE < $end
UNION ALL
SELECT 'restore', account, region, 'R' || id, CASE WHEN chance % 20 = 0 THEN 'FAILED' ELSE
  'COMPLETED' END, false, CASE WHEN chance % 20 = 0 THEN 'No capacity' END, arn, type, NULL,
  vault, NULL, arn || '/point/' || id, NULL, NULL, NULL, NULL, created + to_hours(3),
  created + to_hours(4), 0, 'arn:aws:backup:eu-central-1:111111111111:restore-testing-plan:weekly',
  CASE WHEN chance % 20 = 0 THEN NULL ELSE 'SUCCESSFUL' END, NULL
FROM runs WHERE number % 7 = 0 AND (day + number) % 7 = 0 AND created + INTERVAL 3 HOUR < $end
"""

_POINTS = """
SELECT account AS account_id, region, vault AS vault_arn,
  arn || '/point/' || id AS recovery_point_arn, arn AS resource_arn, type AS resource_type,
  'COMPLETED' AS status, created AS created_at, 1073741824 AS size_bytes, true AS encrypted,
  created + to_days(35) AS delete_at, NULL AS source_vault_arn
FROM runs WHERE state = 'COMPLETED'
UNION ALL
SELECT '999999999999', 'eu-north-1', 'arn:aws:backup:eu-north-1:999999999999:backup-vault:copies',
  arn || '/copy/' || id, arn, type, 'COMPLETED', created, 1073741824, true,
  created + to_days(35), vault
FROM runs WHERE number % 3 = 0 AND state = 'COMPLETED'
"""

_SEEN = """
SELECT account AS account_id, region, arn AS resource_arn, type AS resource_type,
  name AS resource_name, true AS protected, $end::TIMESTAMP AS last_backup_at,
  NULL::TIMESTAMP AS first_seen_at
FROM made
UNION ALL
SELECT account, region, arn || '-new', 'EBS', NULL, false, NULL, NULL FROM made WHERE number = 1
"""

_VAULTS = """
SELECT DISTINCT account AS account_id, region, 'central' AS vault_name, vault AS vault_arn,
  'BACKUP_VAULT' AS vault_type, false AS locked, NULL::TIMESTAMP AS lock_at,
  NULL AS encryption_key_arn, 900 AS recovery_points, true AS tagged
FROM made
UNION ALL
SELECT '999999999999', 'eu-north-1', 'copies',
  'arn:aws:backup:eu-north-1:999999999999:backup-vault:copies', 'BACKUP_VAULT', true,
  TIMESTAMP '2020-01-01', NULL, 900, true
"""


def write_activity(folder: Path, size: Size, run: Run) -> int:
    """Writes each table into a folder, and gives the number of jobs. All is known from
    `run.since` to the end of its period."""
    end = utc(run.period.end)
    with duckdb.connect() as duck:
        duck.execute("SET enable_progress_bar = false")
        duck.execute(
            "CREATE MACRO drawn(key, number) AS "
            "(hash(key || '/' || number) % 4611686018427387903)::BIGINT"
        )
        duck.execute(
            _RESOURCES,
            {"accounts": size.accounts, "regions": list(REGIONS), "resources": size.resources},
        )
        days = (run.period.end - run.since) // timedelta(days=1) + 1
        duck.execute(_RUNS, {"since": utc(run.since), "days": days, "end": end})
        for table, sql in {
            "jobs": _JOBS,
            "recovery_points": _POINTS,
            "resources": _SEEN,
            "vaults": _VAULTS,
        }.items():
            duck.execute(f"CREATE TABLE {table} AS {sql}", {"end": end} if "$end" in sql else {})
            columns = ", ".join(TABLES[table])
            file = folder / f"{table}.csv.gz"
            duck.execute(
                f"COPY (SELECT {columns} FROM {table}) TO '{file}' "
                "(HEADER, COMPRESSION gzip, TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%S')"
            )
        return duck.execute("SELECT count(*) FROM jobs").fetchall()[0][0]
