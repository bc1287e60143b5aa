"""The organization's global settings, and each account's settings for a Region."""

from collections.abc import Mapping
from typing import Any

from aws_sandbox.aws.backup import events
from aws_sandbox.aws.backup.backend import SandboxBackupBackend, backend_of
from aws_sandbox.aws.backup.errors import invalid, refused
from aws_sandbox.aws.backup.scope import Operation, Params, Scope
from aws_sandbox.aws.directory import organization_backend

_HOME_REGION = "us-east-1"
_GLOBAL_KEYS = (
    "isCrossAccountBackupEnabled",
    "isMpaEnabled",
    "isDelegatedAdministratorEnabled",
)
RESOURCE_TYPES = (
    "Aurora",
    "CloudFormation",
    "DocumentDB",
    "DynamoDB",
    "EBS",
    "EC2",
    "EFS",
    "EKS",
    "FSx",
    "Neptune",
    "RDS",
    "Redshift",
    "Redshift Serverless",
    "S3",
    "SAP HANA on Amazon EC2",
    "Storage Gateway",
    "Timestream",
    "VirtualMachine",
)
_OPT_INS: Mapping[str, bool] = dict.fromkeys(RESOURCE_TYPES, True)
_MANAGED: Mapping[str, bool] = {"CloudFormation": True, "DynamoDB": True, "EFS": True}


def describe_global(scope: Scope, _params: Params) -> Mapping[str, Any]:
    return _global(scope)[1].global_settings or {
        "GlobalSettings": {"isCrossAccountBackupEnabled": "false"}
    }


def cross_account_backup_enabled(scope: Scope) -> bool:
    """Whether the organization lets backups be copied between its accounts."""
    return describe_global(scope, {})["GlobalSettings"]["isCrossAccountBackupEnabled"] == "true"


def update_global(scope: Scope, params: Params) -> None:
    management, home = _global(scope)
    if scope.account != management:
        raise refused(f"Global settings are updated by the management account {management} alone.")
    given: Mapping[str, str] = params.get("GlobalSettings") or {}
    for key, value in given.items():
        if key not in _GLOBAL_KEYS:
            raise invalid(f"GlobalSettings has no {key}; it has {', '.join(_GLOBAL_KEYS)}.")
        if value not in ("true", "false"):
            raise invalid(f"GlobalSettings {key} is true or false, not {value!r}.")
    settings = dict(describe_global(scope, {})["GlobalSettings"])
    home.global_settings = {"GlobalSettings": {**settings, **given}, "LastUpdateTime": scope.now()}


def _global(scope: Scope) -> tuple[str, SandboxBackupBackend]:
    """The management account and where its settings are kept, whatever the Region."""
    organization = organization_backend(scope.account)
    if organization is None:
        raise refused(f"Account {scope.account} is in no organization.")
    management = organization.account_id
    return management, backend_of(management, _HOME_REGION)


def describe_region(scope: Scope, _params: Params) -> Mapping[str, Any]:
    return {
        "ResourceTypeOptInPreference": dict(_OPT_INS),
        "ResourceTypeManagementPreference": dict(_MANAGED),
        **scope.backend.region_settings,
    }


def update_region(scope: Scope, params: Params) -> None:
    """Changes the types that are given and leaves the others."""
    settings = describe_region(scope, {})
    changed: dict[str, Any] = {}
    for name in ("ResourceTypeOptInPreference", "ResourceTypeManagementPreference"):
        given: Mapping[str, bool] = params.get(name) or {}
        unknown = sorted(set(given) - set(RESOURCE_TYPES))
        if unknown:
            raise invalid(f"{name}: AWS Backup does not support {', '.join(unknown)}.")
        changed[name] = {**settings[name], **given}
    scope.backend.region_settings = changed
    events.region_settings_changed(scope, changed["ResourceTypeOptInPreference"])


def supported_types(_scope: Scope, _params: Params) -> Mapping[str, Any]:
    return {"ResourceTypes": list(RESOURCE_TYPES)}


OPERATIONS: Mapping[str, Operation] = {
    "DescribeGlobalSettings": describe_global,
    "UpdateGlobalSettings": update_global,
    "DescribeRegionSettings": describe_region,
    "UpdateRegionSettings": update_region,
    "GetSupportedResourceTypes": supported_types,
}
