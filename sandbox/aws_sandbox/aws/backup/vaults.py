"""Vaults: what guards them, who is told of their events, and the recovery points in them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from moto.backends import get_backend

from aws_sandbox.aws.api_calls import not_carried_out
from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.backup import events
from aws_sandbox.aws.backup.api import (
    BackupApi,
    Operation,
    Params,
    already_exists,
    invalid,
    matching,
    missing,
    not_found,
    over_limit,
    page,
    refused,
)
from aws_sandbox.aws.backup.images import delete_image, image_of
from aws_sandbox.aws.backup.state import Document
from aws_sandbox.iam import PolicyDocument, PolicyError

VAULTS_PER_REGION = 300
AIR_GAPPED = "LOGICALLY_AIR_GAPPED_BACKUP_VAULT"
_AIR_GAPPED_MIN_RETENTION_DAYS = 7
_MAX_DAYS = 36_500
_AWS_BACKUP_ALIAS = "alias/aws/backup"


def find_vault(api: BackupApi, name: str) -> Document:
    """The vault of that name; ResourceNotFoundException when there is none."""
    vault = api.backend.vault_documents.get(name)
    if vault is None:
        raise not_found(f"Backup vault {name} does not exist.")
    return vault


def is_locked_for_good(api: BackupApi, vault: Document) -> bool:
    """Whether a compliance lock has passed its grace time."""
    return vault.get("LockDate") is not None and vault["LockDate"] <= api.now()


def create_vault(api: BackupApi, params: Params) -> Mapping[str, Any]:
    key = params.get("EncryptionKeyArn")
    lock = {"Locked": False}
    return _create(
        api,
        params,
        {
            "VaultType": "BACKUP_VAULT",
            "EncryptionKeyArn": _checked_key(api, key) if key else _default_key(api),
            **({"EncryptionKeyType": "CUSTOMER_MANAGED_KMS_KEY"} if key else {}),
            **lock,
        },
    )


def create_air_gapped_vault(api: BackupApi, params: Params) -> Mapping[str, Any]:
    shortest, longest = params["MinRetentionDays"], params["MaxRetentionDays"]
    if not _AIR_GAPPED_MIN_RETENTION_DAYS <= shortest <= longest <= _MAX_DAYS:
        raise invalid(
            f"A logically air-gapped vault keeps recovery points at least "
            f"{_AIR_GAPPED_MIN_RETENTION_DAYS} days: MinRetentionDays {shortest} must be that or "
            f"more and no more than MaxRetentionDays {longest} (at most {_MAX_DAYS})."
        )
    key = params.get("EncryptionKeyArn")
    encryption = (
        {
            "EncryptionKeyArn": _checked_key(api, key),
            "EncryptionKeyType": "CUSTOMER_MANAGED_KMS_KEY",
        }
        if key
        else {"EncryptionKeyType": "AWS_OWNED_KMS_KEY"}
    )
    lock = {
        "Locked": True,
        "LockDate": api.now(),
        "MinRetentionDays": shortest,
        "MaxRetentionDays": longest,
    }
    created = _create(api, params, {"VaultType": AIR_GAPPED, **encryption, **lock})
    return {**created, "VaultState": "AVAILABLE"}


def _create(api: BackupApi, params: Params, content: Document) -> Document:
    name, backend = params["BackupVaultName"], api.backend
    if name in backend.vault_documents:
        raise already_exists(f"Backup vault with the same name already exists: {name}")
    if len(backend.vault_documents) >= VAULTS_PER_REGION:
        raise over_limit(f"There are {VAULTS_PER_REGION} backup vaults in this Region already.")
    vault: Document = {
        "BackupVaultName": name,
        "BackupVaultArn": backend.arn("backup-vault", name),
        "VaultState": "AVAILABLE",
        "CreationDate": api.now(),
        "CreatorRequestId": params.get("CreatorRequestId"),
        **content,
    }
    backend.vault_documents[name] = vault
    backend.tag_resource(vault["BackupVaultArn"], params.get("BackupVaultTags") or {})
    events.vault_changed(api, vault, "CREATED")
    return vault


def describe_vault(api: BackupApi, params: Params) -> Mapping[str, Any]:
    return _described(api, find_vault(api, params["BackupVaultName"]))


def delete_vault(api: BackupApi, params: Params) -> None:
    name = params["BackupVaultName"]
    vault = find_vault(api, name)
    held = len(api.backend.recovery_points.get(name, {}))
    if held:
        raise refused(
            f"Backup vault cannot be deleted because it contains recovery points: {name} holds "
            f"{held}."
        )
    del api.backend.vault_documents[name]
    api.backend.tagger.delete_all_tags_for_resource(vault["BackupVaultArn"])
    events.vault_changed(api, vault, "DELETED")


def list_vaults(api: BackupApi, params: Params) -> Mapping[str, Any]:
    kind = params.get("ByVaultType")
    vaults = [
        _described(api, vault)
        for vault in api.backend.vault_documents.values()
        if kind in (None, vault["VaultType"])
    ]
    if params.get("ByShared"):
        vaults = []
    return page(params, "BackupVaultList", vaults)


def _described(api: BackupApi, vault: Document) -> Document:
    held = len(api.backend.recovery_points.get(vault["BackupVaultName"], {}))
    return {**vault, "NumberOfRecoveryPoints": held}


def _default_key(api: BackupApi) -> str:
    """The account's `aws/backup` key in this Region, made when first needed."""
    keys = get_backend("kms")[api.account][api.region]
    key_id = keys.get_key_id_from_alias(_AWS_BACKUP_ALIAS)
    return keys.keys[key_id or ""].arn


def _checked_key(api: BackupApi, key_arn: str) -> str:
    try:
        arn = Arn.parse(key_arn)
    except ValueError as error:
        raise invalid(f"EncryptionKeyArn: {error}") from error
    if arn.service != "kms" or arn.region != api.region:
        raise invalid(f"EncryptionKeyArn {key_arn} is no KMS key of {api.region}.")
    keys = get_backend("kms")[arn.account][arn.region].keys
    if arn.resource.removeprefix("key/") not in keys:
        raise invalid(f"EncryptionKeyArn {key_arn} does not exist.")
    return key_arn


_MIN_GRACE_DAYS = 3


def put_access_policy(api: BackupApi, params: Params) -> None:
    vault = find_vault(api, params["BackupVaultName"])
    text = params.get("Policy")
    if not text:
        raise missing("Required parameters are missing: Policy")
    try:
        policy = PolicyDocument.parse("Policy", text)
    except PolicyError as error:
        raise invalid(str(error)) from error
    if not policy.names_principals:
        raise invalid("Policy: a statement of a vault's access policy needs a Principal")
    vault["Policy"] = text


def get_access_policy(api: BackupApi, params: Params) -> Mapping[str, Any]:
    vault = find_vault(api, params["BackupVaultName"])
    if "Policy" not in vault:
        raise not_found(f"Backup vault {params['BackupVaultName']} has no access policy.")
    return vault


def delete_access_policy(api: BackupApi, params: Params) -> None:
    find_vault(api, params["BackupVaultName"]).pop("Policy", None)


def put_lock(api: BackupApi, params: Params) -> None:
    """Without ChangeableForDays governance mode, with it compliance mode after that grace time."""
    vault = find_vault(api, params["BackupVaultName"])
    _changeable(api, vault)
    shortest, longest = params.get("MinRetentionDays"), params.get("MaxRetentionDays")
    grace = params.get("ChangeableForDays")
    _check_days("MinRetentionDays", shortest, 1)
    _check_days("MaxRetentionDays", longest, shortest or 1)
    _check_days("ChangeableForDays", grace, _MIN_GRACE_DAYS)
    vault["Locked"] = True
    vault["MinRetentionDays"], vault["MaxRetentionDays"] = shortest, longest
    vault["LockDate"] = None if grace is None else api.now() + timedelta(days=grace)
    events.vault_changed(api, vault, "MODIFIED", locked=True)


def delete_lock(api: BackupApi, params: Params) -> None:
    vault = find_vault(api, params["BackupVaultName"])
    _changeable(api, vault)
    vault["Locked"] = False
    vault["MinRetentionDays"] = vault["MaxRetentionDays"] = vault["LockDate"] = None
    events.vault_changed(api, vault, "MODIFIED", locked=False)


def _changeable(api: BackupApi, vault: Mapping[str, Any]) -> None:
    if vault["VaultType"] == AIR_GAPPED or is_locked_for_good(api, dict(vault)):
        raise refused(
            f"Backup vault {vault['BackupVaultName']} is locked in compliance mode: its lock can "
            "be neither changed nor removed."
        )


def _check_days(name: str, days: int | None, least: int) -> None:
    if days is not None and not least <= days <= _MAX_DAYS:
        raise invalid(f"{name} must be between {least} and {_MAX_DAYS} days, not {days}.")


def put_notifications(api: BackupApi, params: Params) -> None:
    vault = find_vault(api, params["BackupVaultName"])
    topic = params["SNSTopicArn"]
    try:
        arn = Arn.parse(topic)
    except ValueError as error:
        raise invalid(f"SNSTopicArn: {error}") from error
    if arn.service != "sns" or (arn.account, arn.region) != (api.account, api.region):
        raise invalid(f"SNSTopicArn {topic} is no topic of this account and Region.")
    if arn.resource.endswith(".fifo"):
        raise invalid(f"SNSTopicArn {topic}: FIFO topics are not supported.")
    if not params["BackupVaultEvents"]:
        raise invalid("BackupVaultEvents must name at least one event.")
    vault["SNSTopicArn"] = topic
    vault["BackupVaultEvents"] = params["BackupVaultEvents"]


def get_notifications(api: BackupApi, params: Params) -> Mapping[str, Any]:
    vault = find_vault(api, params["BackupVaultName"])
    if "SNSTopicArn" not in vault:
        raise not_found(f"Backup vault {params['BackupVaultName']} has no notifications.")
    return vault


def delete_notifications(api: BackupApi, params: Params) -> None:
    vault = find_vault(api, params["BackupVaultName"])
    vault.pop("SNSTopicArn", None)
    vault.pop("BackupVaultEvents", None)


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
    api: BackupApi, vault_name: str, arn: str, job: Mapping[str, Any], lifecycle: Mapping[str, Any]
) -> Document:
    """Puts a completed job's recovery point into a vault, and says so on the bus."""
    point = put_recovery_point(api, find_vault(api, vault_name), arn, job, lifecycle)
    events.recovery_point_changed(api, point, point["Status"])
    return point


def put_recovery_point(
    api: BackupApi,
    vault: Document,
    arn: str,
    job: Mapping[str, Any],
    lifecycle: Mapping[str, Any],
) -> Document:
    """Puts a completed job's recovery point into a vault."""
    point: Document = {
        "RecoveryPointArn": arn,
        "BackupVaultName": vault["BackupVaultName"],
        "BackupVaultArn": vault["BackupVaultArn"],
        "SourceBackupVaultArn": job.get("SourceBackupVaultArn"),
        "ResourceArn": job["ResourceArn"],
        "ResourceType": job["ResourceType"],
        "ResourceName": job.get("ResourceName"),
        "CreatedBy": job.get("CreatedBy"),
        "IamRoleArn": job["IamRoleArn"],
        "Status": "AVAILABLE" if job.get("Continuous") else "COMPLETED",
        "CreationDate": job["CreationDate"],
        "InitiationDate": job["CreationDate"],
        "CompletionDate": job.get("CompletionDate") or api.now(),
        "BackupSizeInBytes": job["BackupSizeInBytes"],
        "Lifecycle": lifecycle or None,
        "CalculatedLifecycle": _calculated(job["CreationDate"], lifecycle),
        "EncryptionKeyArn": job.get("EncryptionKeyArn", vault.get("EncryptionKeyArn")),
        "IsEncrypted": job.get("IsEncrypted", True),
        "StorageClass": "WARM",
        "VaultType": vault["VaultType"],
    }
    api.backend.recovery_points.setdefault(vault["BackupVaultName"], {})[arn] = point
    return point


def _calculated(created: datetime, lifecycle: Mapping[str, Any]) -> Document | None:
    after: Mapping[str, int] = {
        "MoveToColdStorageAt": lifecycle.get("MoveToColdStorageAfterDays") or 0,
        "DeleteAt": lifecycle.get("DeleteAfterDays") or 0,
    }
    dates = {name: created + timedelta(days=days) for name, days in after.items() if days > 0}
    return dates or None


def find_recovery_point(api: BackupApi, params: Params) -> Document:
    vault, arn = params["BackupVaultName"], params["RecoveryPointArn"]
    find_vault(api, vault)
    point = api.backend.recovery_points.get(vault, {}).get(arn)
    if point is None:
        raise not_found(f"Recovery point {arn} is not in vault {vault}.")
    return point


def all_recovery_points(api: BackupApi) -> Sequence[Document]:
    return [point for points in api.backend.recovery_points.values() for point in points.values()]


def list_points_by_vault(api: BackupApi, params: Params) -> Mapping[str, Any]:
    find_vault(api, params["BackupVaultName"])
    points = api.backend.recovery_points.get(params["BackupVaultName"], {}).values()
    return page(params, "RecoveryPoints", matching(list(points), params, _FILTERS))


def list_protected_resources(api: BackupApi, params: Params) -> Mapping[str, Any]:
    """What has a recovery point here that is no copy, with its last one."""
    last: dict[str, Document] = {}
    for point in all_recovery_points(api):
        before = last.get(point["ResourceArn"])
        newer = before is None or point["CompletionDate"] > before["CompletionDate"]
        if newer and not point.get("SourceBackupVaultArn"):
            last[point["ResourceArn"]] = point
    results = [
        {
            "ResourceArn": arn,
            "ResourceType": point["ResourceType"],
            "ResourceName": point.get("ResourceName"),
            "LastBackupTime": point["CompletionDate"],
            "LastBackupVaultArn": point["BackupVaultArn"],
            "LastRecoveryPointArn": point["RecoveryPointArn"],
        }
        for arn, point in sorted(last.items())
    ]
    return page(params, "Results", results)


def describe_point(api: BackupApi, params: Params) -> Mapping[str, Any]:
    return find_recovery_point(api, params)


def get_restore_metadata(api: BackupApi, params: Params) -> Mapping[str, Any]:
    """Of an instance; of what else there is a restore needs other metadata, which nothing asks."""
    point = find_recovery_point(api, params)
    image = image_of(api, point["RecoveryPointArn"])
    if image is None:
        raise not_carried_out(f"the restore metadata of {point['ResourceType']}")
    return {**point, "RestoreMetadata": image.restore_metadata}


def delete_point(api: BackupApi, params: Params) -> None:
    point = find_recovery_point(api, params)
    vault = find_vault(api, params["BackupVaultName"])
    if vault["Locked"]:
        raise refused(
            f"Backup vault {vault['BackupVaultName']} is locked: its recovery points are deleted "
            "by their lifecycle alone."
        )
    del api.backend.recovery_points[params["BackupVaultName"]][params["RecoveryPointArn"]]
    image = image_of(api, point["RecoveryPointArn"])
    if image is not None:
        delete_image(api, image)
    api.backend.tagger.delete_all_tags_for_resource(point["RecoveryPointArn"])
    events.recovery_point_changed(api, point, "DELETING")


OPERATIONS: Mapping[str, Operation] = {
    "CreateBackupVault": create_vault,
    "CreateLogicallyAirGappedBackupVault": create_air_gapped_vault,
    "DescribeBackupVault": describe_vault,
    "DeleteBackupVault": delete_vault,
    "ListBackupVaults": list_vaults,
    "PutBackupVaultAccessPolicy": put_access_policy,
    "GetBackupVaultAccessPolicy": get_access_policy,
    "DeleteBackupVaultAccessPolicy": delete_access_policy,
    "PutBackupVaultLockConfiguration": put_lock,
    "DeleteBackupVaultLockConfiguration": delete_lock,
    "PutBackupVaultNotifications": put_notifications,
    "GetBackupVaultNotifications": get_notifications,
    "DeleteBackupVaultNotifications": delete_notifications,
    "ListRecoveryPointsByBackupVault": list_points_by_vault,
    "ListProtectedResources": list_protected_resources,
    "DescribeRecoveryPoint": describe_point,
    "GetRecoveryPointRestoreMetadata": get_restore_metadata,
    "DeleteRecoveryPoint": delete_point,
}
