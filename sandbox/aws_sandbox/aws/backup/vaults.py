"""Backup vaults, the logically air-gapped ones too."""

from collections.abc import Mapping
from typing import Any

from moto.backends import get_backend

from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.backup import events
from aws_sandbox.aws.backup.backend import Document
from aws_sandbox.aws.backup.errors import already_exists, invalid, not_found, over_limit, refused
from aws_sandbox.aws.backup.paging import page
from aws_sandbox.aws.backup.scope import Operation, Params, Scope

VAULTS_PER_REGION = 300
AIR_GAPPED = "LOGICALLY_AIR_GAPPED_BACKUP_VAULT"
_AIR_GAPPED_MIN_RETENTION_DAYS = 7
_MAX_RETENTION_DAYS = 36_500
_AWS_BACKUP_ALIAS = "alias/aws/backup"


def find_vault(scope: Scope, name: str) -> Document:
    """The vault of that name; ResourceNotFoundException when there is none."""
    vault = scope.backend.vault_documents.get(name)
    if vault is None:
        raise not_found(f"Backup vault {name} does not exist.")
    return vault


def is_locked_for_good(scope: Scope, vault: Document) -> bool:
    """Whether a compliance lock has passed its grace time."""
    return vault.get("LockDate") is not None and vault["LockDate"] <= scope.now()


def create_vault(scope: Scope, params: Params) -> Mapping[str, Any]:
    key = params.get("EncryptionKeyArn")
    lock = {"Locked": False}
    return _create(
        scope,
        params,
        {
            "VaultType": "BACKUP_VAULT",
            "EncryptionKeyArn": _checked_key(scope, key) if key else _default_key(scope),
            **({"EncryptionKeyType": "CUSTOMER_MANAGED_KMS_KEY"} if key else {}),
            **lock,
        },
    )


def create_air_gapped_vault(scope: Scope, params: Params) -> Mapping[str, Any]:
    shortest, longest = params["MinRetentionDays"], params["MaxRetentionDays"]
    if not _AIR_GAPPED_MIN_RETENTION_DAYS <= shortest <= longest <= _MAX_RETENTION_DAYS:
        raise invalid(
            f"A logically air-gapped vault keeps recovery points at least "
            f"{_AIR_GAPPED_MIN_RETENTION_DAYS} days: MinRetentionDays {shortest} must be that or "
            f"more and no more than MaxRetentionDays {longest} (at most {_MAX_RETENTION_DAYS})."
        )
    key = params.get("EncryptionKeyArn")
    encryption = (
        {
            "EncryptionKeyArn": _checked_key(scope, key),
            "EncryptionKeyType": "CUSTOMER_MANAGED_KMS_KEY",
        }
        if key
        else {"EncryptionKeyType": "AWS_OWNED_KMS_KEY"}
    )
    lock = {
        "Locked": True,
        "LockDate": scope.now(),
        "MinRetentionDays": shortest,
        "MaxRetentionDays": longest,
    }
    created = _create(scope, params, {"VaultType": AIR_GAPPED, **encryption, **lock})
    return {**created, "VaultState": "AVAILABLE"}


def _create(scope: Scope, params: Params, content: Document) -> Document:
    name, backend = params["BackupVaultName"], scope.backend
    if name in backend.vault_documents:
        raise already_exists(f"Backup vault with the same name already exists: {name}")
    if len(backend.vault_documents) >= VAULTS_PER_REGION:
        raise over_limit(f"There are {VAULTS_PER_REGION} backup vaults in this Region already.")
    vault: Document = {
        "BackupVaultName": name,
        "BackupVaultArn": backend.arn("backup-vault", name),
        "VaultState": "AVAILABLE",
        "CreationDate": scope.now(),
        "CreatorRequestId": params.get("CreatorRequestId"),
        **content,
    }
    backend.vault_documents[name] = vault
    backend.tag_resource(vault["BackupVaultArn"], params.get("BackupVaultTags") or {})
    events.vault_changed(scope, vault, "CREATED")
    return vault


def describe_vault(scope: Scope, params: Params) -> Mapping[str, Any]:
    return _described(scope, find_vault(scope, params["BackupVaultName"]))


def delete_vault(scope: Scope, params: Params) -> None:
    name = params["BackupVaultName"]
    vault = find_vault(scope, name)
    held = len(scope.backend.recovery_points.get(name, {}))
    if held:
        raise refused(
            f"Backup vault cannot be deleted because it contains recovery points: {name} holds "
            f"{held}."
        )
    del scope.backend.vault_documents[name]
    scope.backend.tagger.delete_all_tags_for_resource(vault["BackupVaultArn"])
    events.vault_changed(scope, vault, "DELETED")


def list_vaults(scope: Scope, params: Params) -> Mapping[str, Any]:
    kind = params.get("ByVaultType")
    vaults = [
        _described(scope, vault)
        for vault in scope.backend.vault_documents.values()
        if kind in (None, vault["VaultType"])
    ]
    if params.get("ByShared"):
        vaults = []
    return page(params, "BackupVaultList", vaults)


def _described(scope: Scope, vault: Document) -> Document:
    held = len(scope.backend.recovery_points.get(vault["BackupVaultName"], {}))
    return {**vault, "NumberOfRecoveryPoints": held}


def _default_key(scope: Scope) -> str:
    """The account's `aws/backup` key in this Region, made when first needed."""
    keys = get_backend("kms")[scope.account][scope.region]
    key_id = keys.get_key_id_from_alias(_AWS_BACKUP_ALIAS)
    return keys.keys[key_id or ""].arn


def _checked_key(scope: Scope, key_arn: str) -> str:
    try:
        arn = Arn.parse(key_arn)
    except ValueError as error:
        raise invalid(f"EncryptionKeyArn: {error}") from error
    if arn.service != "kms" or arn.region != scope.region:
        raise invalid(f"EncryptionKeyArn {key_arn} is no KMS key of {scope.region}.")
    keys = get_backend("kms")[arn.account][arn.region].keys
    if arn.resource.removeprefix("key/") not in keys:
        raise invalid(f"EncryptionKeyArn {key_arn} does not exist.")
    return key_arn


OPERATIONS: Mapping[str, Operation] = {
    "CreateBackupVault": create_vault,
    "CreateLogicallyAirGappedBackupVault": create_air_gapped_vault,
    "DescribeBackupVault": describe_vault,
    "DeleteBackupVault": delete_vault,
    "ListBackupVaults": list_vaults,
}
