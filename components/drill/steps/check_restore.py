"""Whether what was restored is an instance that runs, with the volumes of the one that was."""

from collections.abc import Mapping
from typing import Any

import boto3


def script_handler(events: Mapping[str, Any], _context: object) -> Mapping[str, Any]:
    """Raises RuntimeError where it is not."""
    job: Any = boto3.client("backup").describe_restore_job(RestoreJobId=events["RestoreJobId"])
    if job["Status"] != "COMPLETED":
        message = job.get("StatusMessage") or "AWS Backup says no reason"
        raise RuntimeError(f"the restore job is {job['Status']}: {message}")
    restored = job["CreatedResourceArn"].rpartition("/")[2]
    instances = _instances(events["InstanceId"], restored)
    state = instances[restored]["State"]["Name"]
    if state not in ("pending", "running"):
        raise RuntimeError(f"the restored instance {restored} is {state}")
    volumes, wanted = (
        sorted(device["DeviceName"] for device in instances[one]["BlockDeviceMappings"])
        for one in (restored, events["InstanceId"])
    )
    if volumes != wanted:
        raise RuntimeError(f"{restored} has the volumes {volumes}, and had before {wanted}")
    seconds = (job["CompletionDate"] - job["CreationDate"]).total_seconds()
    return {"InstanceId": restored, "Volumes": str(len(volumes)), "Seconds": f"{seconds:.0f}"}


def _instances(*ids: str) -> Mapping[str, Any]:
    answer: Any = boto3.client("ec2").describe_instances(InstanceIds=list(ids))
    return {
        instance["InstanceId"]: instance
        for reservation in answer["Reservations"]
        for instance in reservation["Instances"]
    }
