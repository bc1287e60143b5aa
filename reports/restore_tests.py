"""How a restore test ended: the words by which its verdict and line in a report are told.

Source: AWS Backup Developer Guide, "Restore testing" and "Restore testing validation".
"""

from typing import Literal

NOT_JUDGED = "not judged: "
"""What the message of a FAILED verdict starts with where nobody could tell good from bad."""
MISSED_START = "unable to start within the specified start window"
"""In AWS's message of a test that never began; its restore job is FAILED, too."""

Outcome = Literal[
    "good",
    "not_good",
    "not_judged",
    "not_judged_in_time",
    "no_verdict",
    "restore_failed",
    "not_started",
    "running",
]
"""not_judged: nobody could tell, and said so; not_judged_in_time: AWS Backup's TIMED_OUT, the
window closed before anybody said anything; no_verdict: none yet, or none where nobody judges."""

OUTCOME_SQL = f"""CASE
  WHEN {{state}} IN ('FAILED', 'ABORTED', 'EXPIRED', 'PARTIAL') THEN CASE
    WHEN {{status_message}} LIKE '%{MISSED_START}%' THEN 'not_started'
    ELSE 'restore_failed' END
  WHEN {{state}} <> 'COMPLETED' THEN 'running'
  WHEN {{validation_status}} = 'SUCCESSFUL' THEN 'good'
  WHEN {{validation_status}} = 'TIMED_OUT' THEN 'not_judged_in_time'
  WHEN {{validation_status}} <> 'FAILED' OR {{validation_status}} IS NULL THEN 'no_verdict'
  WHEN {{validation_message}} LIKE '{NOT_JUDGED}%' THEN 'not_judged'
  ELSE 'not_good'
END"""
"""Of a job's columns, which are filled in by their names here; as DuckDB and Athena read it."""
