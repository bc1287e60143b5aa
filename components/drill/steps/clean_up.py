"""Removes what a drill has made, however far it came, and tells what is left of it.

What is a drill's is found by its tag, by the outputs of its steps and by the jobs in its vault.
Every task may be done again: one that is not done in its time raises TimeoutError, and its step is
tried once more.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

import boto3
from botocore.exceptions import ClientError

_SECONDS = 540
"""Within the 600 that Automation gives a script."""
_LONGEST_POLL_SECONDS = 15
_RUNS = ("CREATED", "PENDING", "RUNNING", "ABORTING")
_ENDED_BADLY = ("ABORTED", "EXPIRED", "FAILED", "PARTIAL")


def script_handler(events: Mapping[str, Any], _context: object) -> Mapping[str, Any]:
    """The task is a function of this module; a step has no other one than its own."""
    return globals()[events["Task"]](_Drill(events))


class _Drill:
    """All that one drill has made."""

    def __init__(self, events: Mapping[str, Any]) -> None:
        self.events = events
        self.id: str = events["DrillId"]
        self.backup: Any = boto3.client("backup")
        self.ec2: Any = boto3.client("ec2")

    def arn(self, kind: str, name: str) -> str:
        owner = "" if kind in ("image", "snapshot") else self.events["Account"]
        return f"arn:{self.events['Partition']}:ec2:{self.events['Region']}:{owner}:{kind}/{name}"

    @cached_property
    def told(self) -> frozenset[str]:
        """Ids of the instances that are outputs of its steps."""
        ssm: Any = boto3.client("ssm")
        answer = ssm.get_automation_execution(AutomationExecutionId=self.id)
        steps = answer["AutomationExecution"].get("StepExecutions", ())
        return frozenset(
            value for step in steps for value in step.get("Outputs", {}).get("InstanceId", ())
        )

    def tagged(self, kind: str) -> list[Mapping[str, Any]]:
        """The instances, volumes, images or snapshots with its tag."""
        filters = [{"Name": f"tag:{self.events['TagKey']}", "Values": [self.id]}]
        own = {"Owners": ["self"]} if kind == "Images" else {}
        own |= {"OwnerIds": ["self"]} if kind == "Snapshots" else {}
        return self._described(kind, Filters=filters, **own)

    def instances(self) -> Mapping[str, str]:
        """Their states, by id; of one that is long gone EC2 knows nothing."""
        restored = {job.get("CreatedResourceArn", "").rpartition("/")[2] for job in self.restores()}
        ids = sorted(filter(None, self.told | restored))
        by_id = [{"Name": "instance-id", "Values": ids}]
        found = [*self.tagged("Instances"), *self._described("Instances", Filters=by_id)]
        return {instance["InstanceId"]: instance["State"]["Name"] for instance in found}

    def backups(self) -> list[Mapping[str, Any]]:
        """Their jobs in its vault, each as it is now: a list may lag behind."""
        resources = self._resources()
        return [
            self.backup.describe_backup_job(BackupJobId=job["BackupJobId"])
            for page in self._pages(
                self.backup, "list_backup_jobs", ByBackupVaultName=self.events["BackupVaultName"]
            )
            for job in page["BackupJobs"]
            if job["ResourceArn"] in resources
        ]

    def restores(self) -> list[Mapping[str, Any]]:
        points = {job.get("RecoveryPointArn") for job in self.backups()} - {None}
        return [
            self.backup.describe_restore_job(RestoreJobId=job["RestoreJobId"])
            for page in self._pages(self.backup, "list_restore_jobs", ByResourceType="EC2")
            for job in page["RestoreJobs"]
            if job["RecoveryPointArn"] in points
        ]

    def points(self) -> list[str]:
        """ARNs of the recovery points in its vault."""
        resources, vault = self._resources(), self.events["BackupVaultName"]
        return [
            point["RecoveryPointArn"]
            for page in self._pages(
                self.backup, "list_recovery_points_by_backup_vault", BackupVaultName=vault
            )
            for point in page["RecoveryPoints"]
            if point["ResourceArn"] in resources
        ]

    def _resources(self) -> frozenset[str]:
        ids = {*self.told, *(instance["InstanceId"] for instance in self.tagged("Instances"))}
        return frozenset(self.arn("instance", each) for each in ids)

    def _described(self, kind: str, **given: Any) -> list[Mapping[str, Any]]:
        pages = self._pages(self.ec2, f"describe_{kind.lower()}", **given)
        if kind != "Instances":
            return [each for page in pages for each in page[kind]]
        return [each for page in pages for some in page["Reservations"] for each in some[kind]]

    def _pages(self, client: Any, operation: str, **given: Any) -> Iterator[Mapping[str, Any]]:
        yield from client.get_paginator(operation).paginate(**given)


def _until(holds: Callable[[], bool], what: str) -> None:
    deadline, wait = time.monotonic() + _SECONDS, 1
    while not holds():
        if time.monotonic() >= deadline:
            raise TimeoutError(f"{what} after {_SECONDS} s")
        time.sleep(wait)
        wait = min(2 * wait, _LONGEST_POLL_SECONDS)


def end_jobs(drill: _Drill) -> Mapping[str, Any]:
    """Stops its backups; a restore cannot be stopped, and is waited for."""
    for job in drill.backups():
        if job["State"] in _RUNS:
            try:
                drill.backup.stop_backup_job(BackupJobId=job["BackupJobId"])
            except drill.backup.exceptions.InvalidRequestException:
                continue  # it has ended meanwhile, or is about to
    _until(lambda: not [*_running(drill)], "jobs still run")
    return {}


def _running(drill: _Drill) -> Iterator[str]:
    for job in drill.backups():
        if job["State"] in _RUNS:
            yield f"backup job {job['BackupJobId']}"
    for job in drill.restores():
        if job["Status"] in _RUNS:
            yield f"restore job {job['RestoreJobId']}"


def back_up_once_more(drill: _Drill) -> Mapping[str, Any]:
    """Where the last backup of its instance did not end well, so that the incident of that is
    resolved, in the ordinary way."""
    ended = sorted(
        (job for job in drill.backups() if job["State"] not in _RUNS),
        key=lambda job: job["CompletionDate"],
    )
    if not ended or ended[-1]["State"] not in _ENDED_BADLY:
        return {"BackupJobId": ""}
    resource = ended[-1]["ResourceArn"]
    state = drill.instances().get(resource.rpartition("/")[2], "gone")
    if state != "running":
        raise RuntimeError(f"{resource} is {state}: the incident of its backup stays open")
    started = drill.backup.start_backup_job(
        BackupVaultName=drill.events["BackupVaultName"],
        ResourceArn=resource,
        IamRoleArn=drill.events["IamRoleArn"],
        IdempotencyToken=f"{drill.id}-{len(ended)}",
        Lifecycle={"DeleteAfterDays": 1},
        RecoveryPointTags={drill.events["TagKey"]: drill.id},
    )["BackupJobId"]

    def job() -> Mapping[str, Any]:
        return drill.backup.describe_backup_job(BackupJobId=started)

    _until(lambda: job()["State"] not in _RUNS, f"the backup job {started} still runs")
    if job()["State"] != "COMPLETED":
        message = job().get("StatusMessage") or "AWS Backup says no reason"
        raise RuntimeError(f"the backup job {started} is {job()['State']}: {message}")
    return {"BackupJobId": started}


def remove_recovery_points(drill: _Drill) -> Mapping[str, Any]:
    """With them go their images and snapshots."""
    vault = drill.events["BackupVaultName"]
    _each(
        drill.points(),
        lambda arn: drill.backup.delete_recovery_point(BackupVaultName=vault, RecoveryPointArn=arn),
    )
    _until(lambda: not drill.points(), "recovery points are still being deleted")
    return {}


def terminate_instances(drill: _Drill) -> Mapping[str, Any]:
    """With their volumes; one that outlives them is deleted too."""
    _each(
        [name for name, state in drill.instances().items() if state != "terminated"],
        lambda name: drill.ec2.terminate_instances(InstanceIds=[name]),
    )
    _until(lambda: {*drill.instances().values()} <= {"terminated"}, "instances still shut down")
    _each(
        [volume["VolumeId"] for volume in drill.tagged("Volumes") if volume["State"] != "deleting"],
        lambda name: drill.ec2.delete_volume(VolumeId=name),
    )
    return {}


def _each(names: list[str], remove: Callable[[str], Any]) -> None:
    """Tries every one; raises RuntimeError with what could not be removed, and why."""
    refused: list[str] = []
    for name in names:
        try:
            remove(name)
        except ClientError as error:
            refused.append(f"{name}: {error}")
    if refused:
        raise RuntimeError("; ".join(refused))


def list_left_behind(drill: _Drill) -> Mapping[str, Any]:
    left = [*_running(drill), *drill.points()]
    left += [
        drill.arn("instance", name)
        for name, state in drill.instances().items()
        if state != "terminated"
    ]
    for kind, key in (("Volumes", "VolumeId"), ("Images", "ImageId"), ("Snapshots", "SnapshotId")):
        left += [drill.arn(kind.lower()[:-1], each[key]) for each in drill.tagged(kind)]
    return {"LeftBehind": sorted({*left})}
