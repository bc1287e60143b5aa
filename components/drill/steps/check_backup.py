"""Whether a backup job ended as it should: well, or because it was cancelled."""

from collections.abc import Mapping
from typing import Any

import boto3


def script_handler(events: Mapping[str, Any], _context: object) -> Mapping[str, Any]:
    """Raises RuntimeError where it ended otherwise."""
    job: Any = boto3.client("backup").describe_backup_job(BackupJobId=events["BackupJobId"])
    if job["State"] != events["State"]:
        message = job.get("StatusMessage") or "AWS Backup says no reason"
        raise RuntimeError(f"the backup job is {job['State']}, not {events['State']}: {message}")
    seconds = (job["CompletionDate"] - job["CreationDate"]).total_seconds()
    return {"RecoveryPointArn": job.get("RecoveryPointArn") or "", "Seconds": f"{seconds:.0f}"}
