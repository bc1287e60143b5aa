"""The events that AWS Backup puts on the account's default bus.

Field by field as the Developer Guide's samples have them ("Monitoring AWS Backup events using
Amazon EventBridge"), the odd ones kept: what is `status` for one kind is `state` for another,
sizes are numbers for copies and strings for the rest.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from aws_sandbox.aws.backup.scope import Scope


def timestamp(moment: datetime) -> str:
    """`2020-07-29T20:13:07.392Z`."""
    return f"{moment.isoformat(timespec='milliseconds')}Z"


def emit(
    scope: Scope, detail_type: str, resources: Sequence[str], detail: Mapping[str, Any]
) -> None:
    """Puts one event on the bus, which adds its id, account and Region.

    Members of the detail that are None are left out.
    """
    scope.emit(
        {
            "detail-type": detail_type,
            "source": "aws.backup",
            "time": f"{scope.now().isoformat(timespec='seconds')}Z",
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
    scope: Scope, vault: Mapping[str, Any], state: str, *, locked: bool | None = None
) -> None:
    """CREATED, MODIFIED or DELETED; a change of the lock carries `isLocked` as a string."""
    detail = {
        "backupVaultName": vault["BackupVaultName"],
        "state": state,
        "isLocked": None if locked is None else str(locked).lower(),
    }
    emit(scope, "Backup Vault State Change", [vault["BackupVaultArn"]], detail)


def plan_changed(scope: Scope, plan: Mapping[str, Any], state: str) -> None:
    """CREATED, MODIFIED or DELETED, with the date under a name of its own for each."""
    date = {"CREATED": "creationDate", "MODIFIED": "modifiedAt", "DELETED": "deletionDate"}[state]
    detail = {
        "backupPlanId": plan["BackupPlanId"],
        "versionId": plan["VersionId"],
        date: timestamp(scope.now()),
        "state": state,
    }
    emit(scope, "Backup Plan State Change", [plan["BackupPlanArn"]], detail)


def region_settings_changed(scope: Scope, opt_ins: Mapping[str, bool]) -> None:
    """MODIFIED, with the opt-ins under a name that begins with a capital letter."""
    detail = {
        "modifiedAt": timestamp(scope.now()),
        "ResourceTypeOptInPreference": dict(opt_ins),
        "state": "MODIFIED",
    }
    emit(scope, "Region Setting State Change", [], detail)


def recovery_point_changed(scope: Scope, point: Mapping[str, Any], status: str) -> None:
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
    emit(scope, "Recovery Point State Change", [point["RecoveryPointArn"]], detail)
