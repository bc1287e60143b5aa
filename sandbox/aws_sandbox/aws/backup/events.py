"""The events that AWS Backup puts on the account's default bus.

Field by field as the Developer Guide's samples have them ("Monitoring AWS Backup events using
Amazon EventBridge"), the odd ones kept: what is `status` for one kind is `state` for another,
sizes are numbers for copies and strings for the rest.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from aws_sandbox.aws.backup.api import BackupApi


def timestamp(moment: datetime) -> str:
    """`2020-07-29T20:13:07.392Z`."""
    return f"{moment.isoformat(timespec='milliseconds')}Z"


def emit(
    api: BackupApi, detail_type: str, resources: Sequence[str], detail: Mapping[str, Any]
) -> None:
    """Puts one event on the bus, which adds its id, account and Region.

    Members of the detail that are None are left out.
    """
    api.emit(
        {
            "detail-type": detail_type,
            "source": "aws.backup",
            "time": f"{api.now().isoformat(timespec='seconds')}Z",
            "resources": list(resources),
            "detail": {name: value for name, value in detail.items() if value is not None},
        }
    )


def created_by(job: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The plan behind a job or recovery point, None for one made on demand."""
    plan: Mapping[str, Any] | None = job.get("CreatedBy")
    if not plan:
        return None
    return {
        "backupPlanId": plan["BackupPlanId"],
        "backupPlanArn": plan["BackupPlanArn"],
        "backupPlanVersion": plan["BackupPlanVersion"],
        "backupPlanRuleId": plan["BackupRuleId"],
    }


def vault_changed(
    api: BackupApi, vault: Mapping[str, Any], state: str, *, locked: bool | None = None
) -> None:
    """CREATED, MODIFIED or DELETED; a change of the lock carries `isLocked` as a string."""
    detail = {
        "backupVaultName": vault["BackupVaultName"],
        "state": state,
        "isLocked": None if locked is None else str(locked).lower(),
    }
    emit(api, "Backup Vault State Change", [vault["BackupVaultArn"]], detail)


def plan_changed(api: BackupApi, plan: Mapping[str, Any], state: str) -> None:
    """CREATED, MODIFIED or DELETED, with the date under a name of its own for each."""
    date = {"CREATED": "creationDate", "MODIFIED": "modifiedAt", "DELETED": "deletionDate"}[state]
    detail = {
        "backupPlanId": plan["BackupPlanId"],
        "versionId": plan["VersionId"],
        date: timestamp(api.now()),
        "state": state,
    }
    emit(api, "Backup Plan State Change", [plan["BackupPlanArn"]], detail)


def region_settings_changed(api: BackupApi, opt_ins: Mapping[str, bool]) -> None:
    """MODIFIED, with the opt-ins under a name that begins with a capital letter."""
    detail = {
        "modifiedAt": timestamp(api.now()),
        "ResourceTypeOptInPreference": dict(opt_ins),
        "state": "MODIFIED",
    }
    emit(api, "Region Setting State Change", [], detail)


def recovery_point_changed(api: BackupApi, point: Mapping[str, Any], status: str) -> None:
    """COMPLETED, DELETING and the like; whether it is encrypted is a string."""
    lifecycle: Mapping[str, Any] = point.get("Lifecycle") or {}
    calculated: Mapping[str, Any] = point.get("CalculatedLifecycle") or {}
    detail = {
        "backupVaultName": point["BackupVaultName"],
        "backupVaultArn": point["BackupVaultArn"],
        "creationDate": timestamp(point["CreationDate"]),
        "iamRoleArn": point["IamRoleArn"],
        "resourceType": point["ResourceType"],
        "resourceArn": point["ResourceArn"],
        "status": status,
        "isEncrypted": str(point["IsEncrypted"]).lower(),
        "storageClass": point["StorageClass"],
        "completionDate": timestamp(point["CompletionDate"]),
        "createdBy": created_by(point),
        "lifecycle": {"deleteAfterDays": lifecycle["DeleteAfterDays"]} if lifecycle else None,
        "calculatedLifeCycle": (
            {"deleteAt": timestamp(calculated["DeleteAt"])} if calculated else None
        ),
    }
    emit(api, "Recovery Point State Change", [point["RecoveryPointArn"]], detail)


Job = Mapping[str, Any]


def backup_job_changed(api: BackupApi, job: Job) -> None:
    """`state`; sizes are strings; the status message stands in quotes of its own."""
    point = job.get("RecoveryPointArn")
    resources = [point] if job["State"] == "COMPLETED" and point else []
    emit(api, "Backup Job State Change", resources, _backup_detail(job))


def _backup_detail(job: Job) -> Mapping[str, Any]:
    state = job["State"]
    created = timestamp(job["CreationDate"])
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
        "startBy": timestamp(job["StartBy"]),
        "expectedCompletionDate": _expected(job) if state == "RUNNING" else None,
        "percentDone": 100 if done else 0,
        "retryCount": 3 if state in ("FAILED", "COMPLETED") else None,
        "createdBy": created_by(job),
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
    return timestamp(completed) if completed else None


def copy_job_changed(api: BackupApi, job: Job) -> None:
    """`state`; the size is a number; the copy's ARN is an empty object until it is there."""
    state = job["State"]
    created = timestamp(job["CreationDate"])
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
            "createdBy": created_by(job),
            **vaults,
        }
    emit(api, "Copy Job State Change", [job["SourceRecoveryPointArn"]], detail)


def restore_job_changed(api: BackupApi, job: Job) -> None:
    """`status`, but `state` when CREATED; the size is a string; percentDone stays 0."""
    status = job["Status"]
    plan: Mapping[str, Any] = job.get("CreatedBy") or {}
    detail: Mapping[str, Any] = {
        "restoreJobId": job["RestoreJobId"],
        "creationDate": timestamp(job["CreationDate"]),
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
    emit(api, "Restore Job State Change", [job["RecoveryPointArn"]], detail)
