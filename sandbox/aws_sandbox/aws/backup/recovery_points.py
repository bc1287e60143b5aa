"""Recovery points: what completed backups and copies leave in a vault."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from aws_sandbox.aws.backup import events
from aws_sandbox.aws.backup.backend import Document
from aws_sandbox.aws.backup.errors import invalid, not_found, refused
from aws_sandbox.aws.backup.filters import matching
from aws_sandbox.aws.backup.paging import page
from aws_sandbox.aws.backup.plan_rules import lifecycle_problems
from aws_sandbox.aws.backup.scope import Operation, Params, Scope
from aws_sandbox.aws.backup.vaults import find_vault

_FILTERS: Mapping[str, str] = {
    "ByResourceArn": "ResourceArn",
    "ByResourceType": "ResourceType",
    "ByBackupPlanId": "CreatedBy.BackupPlanId",
    "ByCreatedBefore": "CreationDate",
    "ByCreatedAfter": "CreationDate",
    "ByParentRecoveryPointArn": "ParentRecoveryPointArn",
}


def retention_problem(vault: Mapping[str, Any], lifecycle: Mapping[str, Any]) -> str:
    """Why a locked vault fails a job with this lifecycle; "" when it does not."""
    if not vault["Locked"]:
        return ""
    days = lifecycle.get("DeleteAfterDays")
    least, most = vault.get("MinRetentionDays"), vault.get("MaxRetentionDays")
    too_short = least is not None and days is not None and days < least
    too_long = most is not None and (days is None or days > most)
    if not too_short and not too_long:
        return ""
    return (
        f"The retention of {'always' if days is None else f'{days} days'} does not satisfy the "
        f"lock of vault {vault['BackupVaultName']}: minimum {least}, maximum {most} days."
    )


def add_recovery_point(
    scope: Scope, vault_name: str, arn: str, job: Mapping[str, Any], lifecycle: Mapping[str, Any]
) -> Document:
    """Puts a completed job's recovery point into a vault, and says so on the bus."""
    vault = find_vault(scope, vault_name)
    point: Document = {
        "RecoveryPointArn": arn,
        "BackupVaultName": vault_name,
        "BackupVaultArn": vault["BackupVaultArn"],
        "ResourceArn": job["ResourceArn"],
        "ResourceType": job["ResourceType"],
        "CreatedBy": job.get("CreatedBy"),
        "IamRoleArn": job["IamRoleArn"],
        "Status": "COMPLETED",
        "CreationDate": job["CreationDate"],
        "InitiationDate": job["CreationDate"],
        "CompletionDate": scope.now(),
        "BackupSizeInBytes": job["BackupSizeInBytes"],
        "Lifecycle": lifecycle or None,
        "CalculatedLifecycle": _calculated(job["CreationDate"], lifecycle),
        "EncryptionKeyArn": vault.get("EncryptionKeyArn"),
        "IsEncrypted": True,
        "StorageClass": "WARM",
        "VaultType": vault["VaultType"],
    }
    scope.backend.recovery_points.setdefault(vault_name, {})[arn] = point
    events.recovery_point_changed(scope, point, "COMPLETED")
    return point


def _calculated(created: datetime, lifecycle: Mapping[str, Any]) -> Document | None:
    after: Mapping[str, int] = {
        "MoveToColdStorageAt": lifecycle.get("MoveToColdStorageAfterDays") or 0,
        "DeleteAt": lifecycle.get("DeleteAfterDays") or 0,
    }
    dates = {name: created + timedelta(days=days) for name, days in after.items() if days > 0}
    return dates or None


def find_recovery_point(scope: Scope, params: Params) -> Document:
    vault, arn = params["BackupVaultName"], params["RecoveryPointArn"]
    find_vault(scope, vault)
    point = scope.backend.recovery_points.get(vault, {}).get(arn)
    if point is None:
        raise not_found(f"Recovery point {arn} is not in vault {vault}.")
    return point


def all_recovery_points(scope: Scope) -> Sequence[Document]:
    return [point for points in scope.backend.recovery_points.values() for point in points.values()]


def describe_point(scope: Scope, params: Params) -> Mapping[str, Any]:
    return find_recovery_point(scope, params)


def list_points_by_vault(scope: Scope, params: Params) -> Mapping[str, Any]:
    find_vault(scope, params["BackupVaultName"])
    points = scope.backend.recovery_points.get(params["BackupVaultName"], {}).values()
    return page(params, "RecoveryPoints", matching(list(points), params, _FILTERS))


def list_points_by_resource(scope: Scope, params: Params) -> Mapping[str, Any]:
    points = [
        {**point, "BackupSizeBytes": point["BackupSizeInBytes"]}
        for point in all_recovery_points(scope)
        if point["ResourceArn"] == params["ResourceArn"]
    ]
    return page(params, "RecoveryPoints", points)


def delete_point(scope: Scope, params: Params) -> None:
    point = find_recovery_point(scope, params)
    vault = find_vault(scope, params["BackupVaultName"])
    if vault["Locked"]:
        raise refused(
            f"Backup vault {vault['BackupVaultName']} is locked: its recovery points are deleted "
            "by their lifecycle alone."
        )
    del scope.backend.recovery_points[params["BackupVaultName"]][params["RecoveryPointArn"]]
    scope.backend.tagger.delete_all_tags_for_resource(point["RecoveryPointArn"])
    events.recovery_point_changed(scope, point, "DELETING")


def update_lifecycle(scope: Scope, params: Params) -> Mapping[str, Any]:
    point = find_recovery_point(scope, params)
    lifecycle: Mapping[str, Any] = params.get("Lifecycle") or {}
    problems = list(lifecycle_problems(lifecycle))
    problem = retention_problem(find_vault(scope, params["BackupVaultName"]), lifecycle)
    if problems or problem:
        raise invalid("; ".join(problems) or problem)
    point["Lifecycle"] = lifecycle or None
    point["CalculatedLifecycle"] = _calculated(point["CreationDate"], lifecycle)
    return point


OPERATIONS: Mapping[str, Operation] = {
    "DescribeRecoveryPoint": describe_point,
    "ListRecoveryPointsByBackupVault": list_points_by_vault,
    "ListRecoveryPointsByResource": list_points_by_resource,
    "DeleteRecoveryPoint": delete_point,
    "UpdateRecoveryPointLifecycle": update_lifecycle,
}
