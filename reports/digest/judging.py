"""What loaded activity means: causes of failure, resources that are late, unsafe or unprotected."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from reports.digest.definition import Definition
from reports.digest.loading import utc
from reports.digest.runs import Run

# A cause is a message without what differs from job to job.
_CAUSE = """
CREATE TABLE failures AS
SELECT *, trim(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(
    coalesce(trim(status_message, ' "'), ''),
    'arn:aws[a-z-]*:[^\\s"'',)]+', '<arn>', 'g'),
    '[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}', '<id>', 'g'),
    '\\d{4}-\\d{2}-\\d{2}[T ]\\d{2}:\\d{2}(:\\d{2})?(\\.\\d+)?Z?', '<time>', 'g'),
    '\\b([a-z]+-)?[0-9a-f]*\\d[0-9a-f]{7,}\\b', '<id>', 'g'),
    '\\d+', '<n>', 'g')) AS cause
FROM jobs WHERE in_period AND failed
"""

# Resources with a rule whose last success is known to be within or beyond its period. A resource
# that was first heard of within the days of grace is not judged yet.
_PUNCTUAL = """
CREATE TABLE punctual AS
SELECT r.resource_arn, b.account_id, b.region, b.resource_type, b.resource_name, r.seconds,
  b.succeeded_at, b.first_at,
  coalesce(b.succeeded_at >= $end - to_seconds(r.seconds), false) AS met
FROM rules AS r
JOIN by_resource AS b ON b.resource_arn = r.resource_arn AND b.kind = 'backup'
LEFT JOIN (SELECT resource_arn, min(first_at) AS first_at FROM held GROUP BY resource_arn) AS h
  ON h.resource_arn = r.resource_arn
WHERE least(b.first_at, h.first_at) < $new
"""

# Copies are recovery points in the vaults that were looked at, and what was copied to others
# within the time that is known. Three-valued: what is not known makes the whole unknown, unless
# something else is known to be missing.
_THREE_TWO_ONE = """
CREATE TABLE three_two_one AS
WITH places AS (
  SELECT resource_arn, vault_arn FROM held
  UNION
  SELECT resource_arn, copied_to FROM jobs
  WHERE copied_to IS NOT NULL AND resource_arn IS NOT NULL
    AND copied_to NOT IN (SELECT vault_arn FROM vaults WHERE tagged)
), home AS (
  SELECT p.resource_arn,
    coalesce(nullif(split_part(p.resource_arn, ':', 4), ''), min(h.region)) AS region,
    coalesce(nullif(split_part(p.resource_arn, ':', 5), ''), min(h.account_id)) AS account_id
  FROM places AS p LEFT JOIN held AS h ON h.resource_arn = p.resource_arn AND h.original
  GROUP BY p.resource_arn
), kept AS (
  SELECT p.resource_arn,
    count(DISTINCT p.vault_arn) >= 2 AS three_copies,
    bool_or(split_part(p.vault_arn, ':', 4) <> h.region) AS two_regions,
    bool_or(split_part(p.vault_arn, ':', 5) <> h.account_id) AS other_account,
    CASE WHEN bool_or(v.vault_type = 'LOGICALLY_AIR_GAPPED_BACKUP_VAULT'
        OR (v.locked AND v.lock_at <= $end)) THEN true
      WHEN bool_or(v.locked IS NULL) THEN NULL
      ELSE false END AS immutable
  FROM places AS p JOIN home AS h USING (resource_arn) LEFT JOIN vaults AS v USING (vault_arn)
  GROUP BY p.resource_arn
), tests AS (
  SELECT resource_arn, max_by(NOT failed, 2 * epoch(created_at)::BIGINT + failed::BIGINT) AS passed
  FROM (
    SELECT resource_arn, created_at, failed
      OR coalesce(validation_status IN ('FAILED', 'TIMED_OUT'), false) AS failed
    FROM jobs WHERE kind = 'restore' AND is_test AND outcome <> 'running'
      AND resource_arn IS NOT NULL
  ) GROUP BY resource_arn
)
SELECT r.resource_arn,
  k.three_copies AND k.two_regions AND k.other_account AND k.immutable AND t.passed AS met
FROM resources AS r LEFT JOIN kept AS k USING (resource_arn) LEFT JOIN tests AS t
  USING (resource_arn)
WHERE r.protected
"""


_UNPROTECTED = """
CREATE TABLE unprotected AS
SELECT r.*, least(s.since, r.first_seen_at, $now) AS since
FROM resources AS r LEFT JOIN known_since AS s USING (resource_arn) WHERE NOT protected
"""


def judge(
    duck: duckdb.DuckDBPyConnection,
    definition: Definition,
    run: Run,
    made_at: datetime,
    unprotected_before: Path | None,
) -> None:
    """Makes failures, punctual, three_two_one and unprotected of reports.digest.loading's tables.

    `unprotected_before` is the CSV file of the report before: since when it knew of what it listed.
    """
    end = utc(run.period.end)
    duck.execute(_CAUSE)
    grace = timedelta(days=definition.grace_days)
    duck.execute(_PUNCTUAL, {"end": end, "new": end - grace})
    duck.execute(_THREE_TWO_ONE, {"end": end})
    before = (
        "SELECT NULL::VARCHAR AS resource_arn, NULL::TIMESTAMP AS since WHERE false"
        if unprotected_before is None
        else f"SELECT resource_arn, min(since::TIMESTAMP) AS since "
        f"FROM read_csv('{unprotected_before}', header = true, all_varchar = true) GROUP BY ALL"
    )
    duck.execute(f"CREATE VIEW known_since AS {before}")
    duck.execute(_UNPROTECTED, {"now": utc(made_at)})
