"""Tells what was restored, or why nothing was."""

from collections.abc import Mapping
from typing import Any

import boto3


def script_handler(events: Mapping[str, Any], _context: object) -> Mapping[str, Any]:
    """Raises RuntimeError where the job did not come through."""
    job: Any = boto3.client("backup").describe_restore_job(RestoreJobId=events["RestoreJobId"])
    if job["Status"] != "COMPLETED":
        raise RuntimeError(f"the restore job is {job['Status']}: {job.get('StatusMessage') or ''}")
    return {"CreatedResourceArn": job["CreatedResourceArn"]}
