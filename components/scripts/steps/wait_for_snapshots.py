"""Waits until there is a snapshot of each volume of an instance, pending or not: what is written
from then on is in none of them."""

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import boto3

_POLL_SECONDS = 2
_ENDED_WITHOUT = ("ABORTED", "EXPIRED", "FAILED")
_CLOCKS_DIFFER = timedelta(seconds=2)
_SHOWN_TO_SECONDS = 1
"""As exactly as the start of a snapshot is told: what begins later than this is seen to."""


def script_handler(events: Mapping[str, Any], _context: object) -> Mapping[str, Any]:
    """Raises RuntimeError where the job ended without, TimeoutError after `Seconds`."""
    backup, ec2 = boto3.client("backup"), boto3.client("ec2")
    volumes = _volumes(ec2, events["InstanceId"])
    seconds = int(events["Seconds"])
    deadline = time.monotonic() + seconds
    while True:
        job: Mapping[str, Any] = backup.describe_backup_job(BackupJobId=events["BackupJobId"])
        if job["State"] in _ENDED_WITHOUT:
            message = job.get("StatusMessage") or ""
            raise RuntimeError(f"the backup job is {job['State']}: {message}")
        snapshots = _snapshots(ec2, volumes, job["CreationDate"] - _CLOCKS_DIFFER)
        if volumes == {snapshot["VolumeId"] for snapshot in snapshots}:
            time.sleep(_SHOWN_TO_SECONDS)
            return {"Snapshots": sorted(snapshot["SnapshotId"] for snapshot in snapshots)}
        if time.monotonic() >= deadline:
            raise TimeoutError(f"{len(snapshots)} of {len(volumes)} snapshots after {seconds} s")
        time.sleep(_POLL_SECONDS)


def _volumes(ec2: Any, instance: str) -> set[str]:
    found = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    return {device["Ebs"]["VolumeId"] for device in found["BlockDeviceMappings"]}


def _snapshots(ec2: Any, volumes: set[str], since: datetime) -> list[Mapping[str, Any]]:
    """Somebody else's may be among them, for which the script after would run too early:
    RecordResult looks at the recovery point's own."""
    pages = ec2.get_paginator("describe_snapshots").paginate(
        OwnerIds=["self"], Filters=[{"Name": "volume-id", "Values": sorted(volumes)}]
    )
    return [s for page in pages for s in page["Snapshots"] if s["StartTime"] >= since]
