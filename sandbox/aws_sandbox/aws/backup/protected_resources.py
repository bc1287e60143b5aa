"""Resources that have a recovery point."""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_sandbox.aws.backup.backend import Document
from aws_sandbox.aws.backup.errors import not_found
from aws_sandbox.aws.backup.paging import page
from aws_sandbox.aws.backup.recovery_points import all_recovery_points
from aws_sandbox.aws.backup.scope import Operation, Params, Scope
from aws_sandbox.aws.backup.vaults import find_vault


def _protected(points: Sequence[Document]) -> Mapping[str, Document]:
    """Resource ARN → the resource with its latest recovery point."""
    found: dict[str, Document] = {}
    for point in sorted(points, key=lambda point: point["CompletionDate"]):
        found[point["ResourceArn"]] = {
            "ResourceArn": point["ResourceArn"],
            "ResourceType": point["ResourceType"],
            "LastBackupTime": point["CompletionDate"],
            "LastBackupVaultArn": point["BackupVaultArn"],
            "LastRecoveryPointArn": point["RecoveryPointArn"],
        }
    return found


def list_protected(scope: Scope, params: Params) -> Mapping[str, Any]:
    return page(params, "Results", list(_protected(all_recovery_points(scope)).values()))


def list_protected_by_vault(scope: Scope, params: Params) -> Mapping[str, Any]:
    find_vault(scope, params["BackupVaultName"])
    points = scope.backend.recovery_points.get(params["BackupVaultName"], {})
    return page(params, "Results", list(_protected(list(points.values())).values()))


def describe_protected(scope: Scope, params: Params) -> Mapping[str, Any]:
    found = _protected(all_recovery_points(scope)).get(params["ResourceArn"])
    if found is None:
        raise not_found(f"{params['ResourceArn']} has no recovery point.")
    return found


OPERATIONS: Mapping[str, Operation] = {
    "ListProtectedResources": list_protected,
    "ListProtectedResourcesByBackupVault": list_protected_by_vault,
    "DescribeProtectedResource": describe_protected,
}
