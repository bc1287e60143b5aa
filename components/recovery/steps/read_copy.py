"""Tells where a copy lies, or why there is none."""

from collections.abc import Mapping
from typing import Any

import boto3


def script_handler(events: Mapping[str, Any], _context: object) -> Mapping[str, Any]:
    """Raises RuntimeError where the job did not come through."""
    answer: Any = boto3.client("backup").describe_copy_job(CopyJobId=events["CopyJobId"])
    job: Mapping[str, Any] = answer["CopyJob"]
    if job["State"] != "COMPLETED":
        raise RuntimeError(f"the copy job is {job['State']}: {job.get('StatusMessage') or ''}")
    return {"RecoveryPointArn": job["DestinationRecoveryPointArn"]}
