"""The events of jobs, state by state, as the Developer Guide's samples have them."""

from collections.abc import Mapping
from typing import Any

from aws_sandbox.aws.backup import events
from aws_sandbox.aws.backup.scope import Scope

Job = Mapping[str, Any]


def backup_job_changed(scope: Scope, job: Job) -> None:
    """`state`; sizes are strings; the status message stands in quotes of its own."""
    point = job.get("RecoveryPointArn")
    resources = [point] if job["State"] == "COMPLETED" and point else []
    events.emit(scope, "Backup Job State Change", resources, _backup_detail(job))


def _backup_detail(job: Job) -> Mapping[str, Any]:
    state = job["State"]
    created = events.timestamp(job["CreationDate"])
    if state == "CREATED":
        return {"backupJobId": job["BackupJobId"], "state": state, "creationDate": created}
    size = str(job["BackupSizeInBytes"])
    done = state == "COMPLETED"
    return {
        "backupJobId": job["BackupJobId"],
        "backupSizeInBytes": size if state in ("RUNNING", "COMPLETED", "PARTIAL") else None,
        "backupVaultArn": job["BackupVaultArn"],
        "backupVaultName": job["BackupVaultName"],
        "bytesTransferred": size if done else "0",
        "creationDate": created,
        "iamRoleArn": job["IamRoleArn"],
        "resourceArn": job["ResourceArn"],
        "resourceType": job["ResourceType"],
        "state": state,
        "statusMessage": _quoted(job),
        "completionDate": _completion(job) if state != "FAILED" else None,
        "startBy": events.timestamp(job["StartBy"]),
        "expectedCompletionDate": _expected(job) if state == "RUNNING" else None,
        "percentDone": 100 if done else 0,
        "retryCount": 3 if state in ("FAILED", "COMPLETED") else None,
        "createdBy": events.created_by(job),
    }


def _quoted(job: Job) -> str | None:
    message = job.get("StatusMessage")
    if job["State"] == "PENDING":
        return ""
    return f'"{message}"' if message else None


def _expected(job: Job) -> str:
    """`Jul 15, 2020 9:39:07 PM`."""
    moment = job["ExpectedCompletionDate"]
    return f"{moment:%b} {moment.day}, {moment.year} {moment.hour % 12 or 12}:{moment:%M:%S %p}"


def _completion(job: Job) -> str | None:
    completed = job.get("CompletionDate")
    return events.timestamp(completed) if completed else None


def copy_job_changed(scope: Scope, job: Job) -> None:
    """`state`; the size is a number; the copy's ARN is an empty object until it is there."""
    state = job["State"]
    created = events.timestamp(job["CreationDate"])
    vaults = {
        "sourceBackupVaultArn": job["SourceBackupVaultArn"],
        "destinationBackupVaultArn": job["DestinationBackupVaultArn"],
    }
    detail: Mapping[str, Any] = {"creationDate": created, "state": state, **vaults}
    if state != "CREATED":
        detail = {
            "copyJobId": job["CopyJobId"],
            "backupSizeInBytes": job["BackupSizeInBytes"],
            "creationDate": created,
            "iamRoleArn": job["IamRoleArn"],
            "resourceArn": job["ResourceArn"],
            "resourceType": job["ResourceType"],
            "state": state,
            "statusMessage": job.get("StatusMessage"),
            "completionDate": _completion(job),
            "destinationRecoveryPointArn": job.get("DestinationRecoveryPointArn") or {},
            "createdBy": events.created_by(job),
            **vaults,
        }
    events.emit(scope, "Copy Job State Change", [job["SourceRecoveryPointArn"]], detail)


def restore_job_changed(scope: Scope, job: Job) -> None:
    """`status`, but `state` when CREATED; the size is a string; percentDone stays 0."""
    status = job["Status"]
    plan: Mapping[str, Any] = job.get("CreatedBy") or {}
    detail: Mapping[str, Any] = {
        "restoreJobId": job["RestoreJobId"],
        "creationDate": events.timestamp(job["CreationDate"]),
        "restoreTestingPlanArn": plan.get("RestoreTestingPlanArn"),
    }
    if status == "CREATED":
        detail = {**detail, "state": status}
    else:
        done = status == "COMPLETED"
        detail = {
            **detail,
            "backupVaultArn": job["BackupVaultArn"] if done else None,
            "recoveryPointArn": job["RecoveryPointArn"] if done else None,
            "sourceResourceArn": job["SourceResourceArn"] if done else None,
            "backupSizeInBytes": str(job["BackupSizeInBytes"]),
            "iamRoleArn": job["IamRoleArn"],
            "percentDone": 0,
            "resourceType": job["ResourceType"],
            "status": status,
            "statusMessage": job.get("StatusMessage"),
            "createdResourceArn": job.get("CreatedResourceArn") if done else None,
            "completionDate": _completion(job) if status != "FAILED" else None,
        }
    events.emit(scope, "Restore Job State Change", [job["RecoveryPointArn"]], detail)
