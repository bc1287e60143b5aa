"""Makes the resources of our own templates by boto3, as CloudFormation would: it refuses a type, a
property or a function that it does not know. moto's CloudFormation passes over what it lacks."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, cast

import boto3
import yaml

Properties = dict[str, Any]
Made = tuple[str, str]
"""What Ref and Fn::GetAtt Arn give of a resource."""


def create_stack(session: boto3.Session, region: str, template: str) -> None:
    """In the session's account, from the first resource to the last."""
    content = yaml.safe_load(template)
    account = cast(Any, session.client("sts")).get_caller_identity()["Account"]
    known: dict[str, Made] = {
        "AWS::AccountId": (account, ""),
        "AWS::Region": (region, ""),
    }
    conditions = {
        name: len({_resolved(side, known) for side in condition["Fn::Equals"]}) == 1
        for name, condition in content.get("Conditions", {}).items()
    }
    for name, resource in content["Resources"].items():
        if conditions.get(resource.get("Condition"), True):
            properties = _resolved(resource["Properties"], known)
            made = _MAKERS[resource["Type"]](session, region, properties)
            assert not properties, f"{name}: nobody made anything of {sorted(properties)}"
            known[name] = made


def _resolved(value: Any, known: Mapping[str, Made]) -> Any:
    match value:
        case {"Ref": name}:
            return known[name][0]
        case {"Fn::GetAtt": [name, "Arn"]}:
            return known[name][1]
        case {"Fn::Sub": str() as text}:
            return re.sub(r"\$\{(AWS::\w+)\}", lambda found: known[found[1]][0], text)
        case dict():
            items = cast(Properties, value).items()
            assert not any(key.startswith("Fn::") for key, _ in items), value
            return {key: _resolved(each, known) for key, each in items}
        case list():
            return [_resolved(each, known) for each in cast(list[Any], value)]
        case _:
            return value


def _role(session: boto3.Session, _: str, wanted: Properties) -> Made:
    iam: Any = session.client("iam")
    name, policies = wanted.pop("RoleName"), wanted.pop("Policies", [])
    managed = wanted.pop("ManagedPolicyArns", [])
    trust = json.dumps(wanted.pop("AssumeRolePolicyDocument"))
    plain = {
        key: wanted.pop(key)
        for key in ("Description", "Path", "PermissionsBoundary", "Tags")
        if key in wanted
    }
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, **plain)["Role"]
    for arn in managed:
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    for policy in policies:
        iam.put_role_policy(
            RoleName=name,
            PolicyName=policy["PolicyName"],
            PolicyDocument=json.dumps(policy["PolicyDocument"]),
        )
    return name, role["Arn"]


def _managed_policy(session: boto3.Session, _: str, wanted: Properties) -> Made:
    iam: Any = session.client("iam")
    text = json.dumps(wanted.pop("PolicyDocument"))
    policy = iam.create_policy(PolicyName=wanted.pop("ManagedPolicyName"), PolicyDocument=text)
    arn = policy["Policy"]["Arn"]
    for role in wanted.pop("Roles"):
        iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    return arn, arn


def _key(session: boto3.Session, region: str, wanted: Properties) -> Made:
    kms: Any = session.client("kms", region_name=region)
    wanted.pop("PendingWindowInDays")  # of its end
    made = kms.create_key(
        Policy=json.dumps(wanted.pop("KeyPolicy")),
        Description=wanted.pop("Description"),
        Tags=[{f"Tag{k}": v for k, v in tag.items()} for tag in wanted.pop("Tags")],
    )["KeyMetadata"]
    if wanted.pop("EnableKeyRotation"):
        kms.enable_key_rotation(KeyId=made["KeyId"])
    return made["KeyId"], made["Arn"]


def _alias(session: boto3.Session, region: str, wanted: Properties) -> Made:
    kms: Any = session.client("kms", region_name=region)
    name = wanted.pop("AliasName")
    kms.create_alias(AliasName=name, TargetKeyId=wanted.pop("TargetKeyId"))
    return name, ""


def _vault(session: boto3.Session, region: str, wanted: Properties) -> Made:
    backup: Any = session.client("backup", region_name=region)
    name, policy = wanted.pop("BackupVaultName"), wanted.pop("AccessPolicy", None)
    lock = wanted.pop("LockConfiguration", None)
    key = (
        {"EncryptionKeyArn": wanted.pop("EncryptionKeyArn")} if "EncryptionKeyArn" in wanted else {}
    )
    made = backup.create_backup_vault(
        BackupVaultName=name, BackupVaultTags=wanted.pop("BackupVaultTags"), **key
    )
    if policy is not None:
        backup.put_backup_vault_access_policy(BackupVaultName=name, Policy=json.dumps(policy))
    if lock is not None:
        backup.put_backup_vault_lock_configuration(BackupVaultName=name, **lock)
    return name, made["BackupVaultArn"]


def _queue(session: boto3.Session, region: str, wanted: Properties) -> Made:
    sqs: Any = session.client("sqs", region_name=region)
    attributes = {
        key: str(wanted.pop(key)).lower()
        for key in ("MessageRetentionPeriod", "SqsManagedSseEnabled")
    }
    tags = {tag["Key"]: tag["Value"] for tag in wanted.pop("Tags")}
    url = sqs.create_queue(QueueName=wanted.pop("QueueName"), Attributes=attributes, tags=tags)
    told = sqs.get_queue_attributes(QueueUrl=url["QueueUrl"], AttributeNames=["QueueArn"])
    return url["QueueUrl"], told["Attributes"]["QueueArn"]


def _queue_policy(session: boto3.Session, region: str, wanted: Properties) -> Made:
    sqs: Any = session.client("sqs", region_name=region)
    policy = {"Policy": json.dumps(wanted.pop("PolicyDocument"))}
    for url in wanted.pop("Queues"):
        sqs.set_queue_attributes(QueueUrl=url, Attributes=policy)
    return "", ""


def _rule(session: boto3.Session, region: str, wanted: Properties) -> Made:
    events: Any = session.client("events", region_name=region)
    name, targets = wanted.pop("Name"), wanted.pop("Targets")
    arn = events.put_rule(
        Name=name,
        EventPattern=json.dumps(wanted.pop("EventPattern")),
        Description=wanted.pop("Description"),
        State=wanted.pop("State"),
    )["RuleArn"]
    assert events.put_targets(Rule=name, Targets=targets)["FailedEntryCount"] == 0
    return name, arn


_MAKERS: Mapping[str, Callable[[boto3.Session, str, Properties], Made]] = {
    "AWS::Backup::BackupVault": _vault,
    "AWS::Events::Rule": _rule,
    "AWS::IAM::ManagedPolicy": _managed_policy,
    "AWS::IAM::Role": _role,
    "AWS::KMS::Alias": _alias,
    "AWS::KMS::Key": _key,
    "AWS::SQS::Queue": _queue,
    "AWS::SQS::QueuePolicy": _queue_policy,
}
