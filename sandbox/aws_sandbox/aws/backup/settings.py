"""The organization's global settings, an account's for a Region, and the types of resources."""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.backup import events
from aws_sandbox.aws.backup.api import BackupApi, Operation, Params, invalid, refused
from aws_sandbox.aws.backup.state import SandboxBackupBackend, backend_of
from aws_sandbox.aws.membership import organization_backend

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


def describe_global(api: BackupApi, _params: Params) -> Mapping[str, Any]:
    return _global(api)[1].global_settings or {
        "GlobalSettings": {"isCrossAccountBackupEnabled": "false"}
    }


def cross_account_backup_enabled(api: BackupApi) -> bool:
    """Whether the organization lets backups be copied between its accounts."""
    return describe_global(api, {})["GlobalSettings"]["isCrossAccountBackupEnabled"] == "true"


def update_global(api: BackupApi, params: Params) -> None:
    management, home = _global(api)
    if api.account != management:
        raise refused(f"Global settings are updated by the management account {management} alone.")
    given: Mapping[str, str] = params.get("GlobalSettings") or {}
    for key, value in given.items():
        if key not in _GLOBAL_KEYS:
            raise invalid(f"GlobalSettings has no {key}; it has {', '.join(_GLOBAL_KEYS)}.")
        if value not in ("true", "false"):
            raise invalid(f"GlobalSettings {key} is true or false, not {value!r}.")
    settings = dict(describe_global(api, {})["GlobalSettings"])
    home.global_settings = {"GlobalSettings": {**settings, **given}, "LastUpdateTime": api.now()}


def _global(api: BackupApi) -> tuple[str, SandboxBackupBackend]:
    """The management account and where its settings are kept, whatever the Region."""
    organization = organization_backend(api.account)
    if organization is None:
        raise refused(f"Account {api.account} is in no organization.")
    management = organization.account_id
    return management, backend_of(management, _HOME_REGION)


def describe_region(api: BackupApi, _params: Params) -> Mapping[str, Any]:
    return {
        "ResourceTypeOptInPreference": dict(_OPT_INS),
        "ResourceTypeManagementPreference": dict(_MANAGED),
        **api.backend.region_settings,
    }


def update_region(api: BackupApi, params: Params) -> None:
    """Changes the types that are given and leaves the others."""
    settings = describe_region(api, {})
    changed: dict[str, Any] = {}
    for name in ("ResourceTypeOptInPreference", "ResourceTypeManagementPreference"):
        given: Mapping[str, bool] = params.get(name) or {}
        unknown = sorted(set(given) - set(RESOURCE_TYPES))
        if unknown:
            raise invalid(f"{name}: AWS Backup does not support {', '.join(unknown)}.")
        changed[name] = {**settings[name], **given}
    api.backend.region_settings = changed
    events.region_settings_changed(api, changed["ResourceTypeOptInPreference"])


_TYPES: Sequence[tuple[str, str, str]] = (
    ("ec2", "volume/", "EBS"),
    ("ec2", "instance/", "EC2"),
    ("rds", "cluster:", "Aurora"),
    ("rds", "db:", "RDS"),
    ("dynamodb", "table/", "DynamoDB"),
    ("elasticfilesystem", "file-system/", "EFS"),
    ("fsx", "file-system/", "FSx"),
    ("fsx", "volume/", "FSx"),
    ("s3", "", "S3"),
    ("storagegateway", "gateway/", "Storage Gateway"),
    ("backup-gateway", "vm/", "VirtualMachine"),
    ("cloudformation", "stack/", "CloudFormation"),
    ("redshift", "cluster:", "Redshift"),
    ("redshift-serverless", "namespace/", "Redshift Serverless"),
    ("timestream", "database/", "Timestream"),
    ("ssm-sap", "HANA/", "SAP HANA on Amazon EC2"),
    ("eks", "cluster/", "EKS"),
)
"""Service, beginning of the ARN's resource, type."""

_SNAPSHOTS: Mapping[str, str] = {
    "EBS": "arn:aws:ec2:{region}::snapshot/snap-{id:.17}",
    "EC2": "arn:aws:ec2:{region}::image/ami-{id:.17}",
    "RDS": "arn:aws:rds:{region}:{account}:snapshot:awsbackup:job-{uuid}",
    "Aurora": "arn:aws:rds:{region}:{account}:cluster-snapshot:awsbackup:job-{uuid}",
    "FSx": "arn:aws:fsx:{region}:{account}:backup/backup-{id:.17}",
}
"""Types that AWS Backup does not manage fully: their recovery points are the service's own
snapshots, with its ARN, under the key of their source."""


def resource_type(resource_arn: str) -> str:
    """The type of a resource; InvalidParameterValueException for one that is not supported."""
    try:
        arn = Arn.parse(resource_arn)
    except ValueError as error:
        raise invalid(f"ResourceArn: {error}") from error
    for service, beginning, name in _TYPES:
        if arn.service == service and arn.resource.startswith(beginning):
            return name
    raise invalid(f"ResourceArn {resource_arn} is of no type that AWS Backup supports.")


def is_snapshot(kind: str) -> bool:
    """Whether a backup of this type of resource is a snapshot that its own service keeps."""
    return kind in _SNAPSHOTS


def new_recovery_point_arn(api: BackupApi, kind: str) -> str:
    """The ARN of a new recovery point of a resource type."""
    uuid = api.uuid()
    form = _SNAPSHOTS.get(kind, "arn:aws:backup:{region}:{account}:recovery-point:{uuid}")
    return form.format(region=api.region, account=api.account, uuid=uuid, id=uuid.replace("-", ""))


OPERATIONS: Mapping[str, Operation] = {
    "DescribeGlobalSettings": describe_global,
    "UpdateGlobalSettings": update_global,
    "DescribeRegionSettings": describe_region,
    "UpdateRegionSettings": update_region,
}
