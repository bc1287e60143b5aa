"""What guards a vault: its access policy, its lock, and who is told of its events."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.backup import events
from aws_sandbox.aws.backup.errors import invalid, missing, not_found, refused
from aws_sandbox.aws.backup.scope import Operation, Params, Scope
from aws_sandbox.aws.backup.vaults import AIR_GAPPED, find_vault, is_locked_for_good
from aws_sandbox.iam import PolicyDocument, PolicyError

_MIN_GRACE_DAYS = 3
_MAX_DAYS = 36_500


def put_access_policy(scope: Scope, params: Params) -> None:
    vault = find_vault(scope, params["BackupVaultName"])
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


def get_access_policy(scope: Scope, params: Params) -> Mapping[str, Any]:
    vault = find_vault(scope, params["BackupVaultName"])
    if "Policy" not in vault:
        raise not_found(f"Backup vault {params['BackupVaultName']} has no access policy.")
    return vault


def delete_access_policy(scope: Scope, params: Params) -> None:
    find_vault(scope, params["BackupVaultName"]).pop("Policy", None)


def put_lock(scope: Scope, params: Params) -> None:
    """Without ChangeableForDays governance mode, with it compliance mode after that grace time."""
    vault = find_vault(scope, params["BackupVaultName"])
    _changeable(scope, vault)
    shortest, longest = params.get("MinRetentionDays"), params.get("MaxRetentionDays")
    grace = params.get("ChangeableForDays")
    _check("MinRetentionDays", shortest, 1)
    _check("MaxRetentionDays", longest, shortest or 1)
    _check("ChangeableForDays", grace, _MIN_GRACE_DAYS)
    vault["Locked"] = True
    vault["MinRetentionDays"], vault["MaxRetentionDays"] = shortest, longest
    vault["LockDate"] = None if grace is None else scope.now() + timedelta(days=grace)
    events.vault_changed(scope, vault, "MODIFIED", locked=True)


def delete_lock(scope: Scope, params: Params) -> None:
    vault = find_vault(scope, params["BackupVaultName"])
    _changeable(scope, vault)
    vault["Locked"] = False
    vault["MinRetentionDays"] = vault["MaxRetentionDays"] = vault["LockDate"] = None
    events.vault_changed(scope, vault, "MODIFIED", locked=False)


def _changeable(scope: Scope, vault: Mapping[str, Any]) -> None:
    if vault["VaultType"] == AIR_GAPPED or is_locked_for_good(scope, dict(vault)):
        raise refused(
            f"Backup vault {vault['BackupVaultName']} is locked in compliance mode: its lock can "
            "be neither changed nor removed."
        )


def _check(name: str, days: int | None, least: int) -> None:
    if days is not None and not least <= days <= _MAX_DAYS:
        raise invalid(f"{name} must be between {least} and {_MAX_DAYS} days, not {days}.")


def put_notifications(scope: Scope, params: Params) -> None:
    vault = find_vault(scope, params["BackupVaultName"])
    topic = params["SNSTopicArn"]
    try:
        arn = Arn.parse(topic)
    except ValueError as error:
        raise invalid(f"SNSTopicArn: {error}") from error
    if arn.service != "sns" or (arn.account, arn.region) != (scope.account, scope.region):
        raise invalid(f"SNSTopicArn {topic} is no topic of this account and Region.")
    if arn.resource.endswith(".fifo"):
        raise invalid(f"SNSTopicArn {topic}: FIFO topics are not supported.")
    if not params["BackupVaultEvents"]:
        raise invalid("BackupVaultEvents must name at least one event.")
    vault["SNSTopicArn"] = topic
    vault["BackupVaultEvents"] = params["BackupVaultEvents"]


def get_notifications(scope: Scope, params: Params) -> Mapping[str, Any]:
    vault = find_vault(scope, params["BackupVaultName"])
    if "SNSTopicArn" not in vault:
        raise not_found(f"Backup vault {params['BackupVaultName']} has no notifications.")
    return vault


def delete_notifications(scope: Scope, params: Params) -> None:
    vault = find_vault(scope, params["BackupVaultName"])
    vault.pop("SNSTopicArn", None)
    vault.pop("BackupVaultEvents", None)


OPERATIONS: Mapping[str, Operation] = {
    "PutBackupVaultAccessPolicy": put_access_policy,
    "GetBackupVaultAccessPolicy": get_access_policy,
    "DeleteBackupVaultAccessPolicy": delete_access_policy,
    "PutBackupVaultLockConfiguration": put_lock,
    "DeleteBackupVaultLockConfiguration": delete_lock,
    "PutBackupVaultNotifications": put_notifications,
    "GetBackupVaultNotifications": get_notifications,
    "DeleteBackupVaultNotifications": delete_notifications,
}
