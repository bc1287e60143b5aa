"""AWS IAM's roles and their policies, AWS KMS's keys and aliases. IAM has no Regions."""

from __future__ import annotations

from aws_sandbox.plugin.fields import Autoname, Document, Field, members, outputs
from aws_sandbox.plugin.resource import Resource, ResourceCall, Setting, Tagging, register

ROLE_TAGGING = Tagging(
    listing="ListRoleTags", adding="TagRole", removing="UntagRole", target="RoleName", by="id"
)


@register("aws:iam/role:Role")
class Role(Resource):
    """A role; its id is its name. Its policies are resources of their own."""

    service, operation = "iam", "CreateRole"
    properties = members(
        name=Field("RoleName", replaces=True, autoname=Autoname(maximum=64)),
        assumeRolePolicy=Field("AssumeRolePolicyDocument", json=True),
    )
    outputs = outputs(arn="Arn", createDate="CreateDate", path="Path", uniqueId="RoleId")
    tagging = ROLE_TAGGING

    def create(self, call: ResourceCall) -> str:
        return call("CreateRole", **call.request())["Role"]["RoleName"]

    def read(self, call: ResourceCall) -> Document:
        return call("GetRole", RoleName=call.rid)["Role"]

    def update(self, call: ResourceCall) -> None:
        trust = call.props["assumeRolePolicy"]
        call("UpdateAssumeRolePolicy", RoleName=call.rid, PolicyDocument=trust)

    def delete(self, call: ResourceCall) -> None:
        call("DeleteRole", RoleName=call.rid)


@register("aws:iam/rolePolicy:RolePolicy")
class RolePolicy(Setting):
    """A policy within a role; its id is `role:name`."""

    service, operation, key = "iam", "PutRolePolicy", "name"
    properties = members(
        name=Field("PolicyName", replaces=True, autoname=Autoname()),
        role=Field("RoleName", replaces=True),
        policy=Field("PolicyDocument", json=True),
    )

    def put(self, call: ResourceCall) -> None:
        call("PutRolePolicy", **call.request())

    def create(self, call: ResourceCall) -> str:
        self.put(call)
        return f"{call.props['role']}:{call.props['name']}"

    def read(self, call: ResourceCall) -> Document:
        return call("GetRolePolicy", **_role_and_policy(call.rid))

    def delete(self, call: ResourceCall) -> None:
        call("DeleteRolePolicy", **_role_and_policy(call.rid))


def _role_and_policy(rid: str) -> Document:
    role, _, name = rid.partition(":")
    return {"RoleName": role, "PolicyName": name}


@register("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
class RolePolicyAttachment(Resource):
    """A managed policy on a role; its id is `role/policy's ARN`."""

    service, operation = "iam", "AttachRolePolicy"
    properties = members(
        role=Field("RoleName", replaces=True), policyArn=Field("PolicyArn", replaces=True)
    )
    delete_before_replace = True

    def create(self, call: ResourceCall) -> str:
        call("AttachRolePolicy", **call.request())
        return f"{call.props['role']}/{call.props['policyArn']}"

    def read(self, call: ResourceCall) -> Document | None:
        role, _, arn = call.rid.partition("/")
        attached = call.pages("ListAttachedRolePolicies", "AttachedPolicies", RoleName=role)
        found = any(policy["PolicyArn"] == arn for policy in attached)
        return {"RoleName": role, "PolicyArn": arn} if found else None

    def delete(self, call: ResourceCall) -> None:
        role, _, arn = call.rid.partition("/")
        call("DetachRolePolicy", RoleName=role, PolicyArn=arn)


KEY_TAGGING = Tagging(
    listing="ListResourceTags", target="KeyId", by="id", pair=("TagKey", "TagValue")
)


@register("aws:kms/key:Key")
class Key(Resource):
    """A customer managed key; deleting it schedules its end."""

    service, operation = "kms", "CreateKey"
    properties = members(
        deletionWindowInDays=Field(between=(7, 30)),
        description=Field("Description", computed=True),
        enableKeyRotation=Field("KeyRotationEnabled", default=False, separate=True),
        policy=Field("Policy", computed=True, json=True),
    )
    outputs = outputs(arn="Arn", keyId="KeyId")
    tagging = KEY_TAGGING

    def create(self, call: ResourceCall) -> str:
        return call("CreateKey", **call.request())["KeyMetadata"]["KeyId"]

    def finish(self, call: ResourceCall) -> None:
        if call.props["enableKeyRotation"]:
            call("EnableKeyRotation", KeyId=call.rid)

    def read(self, call: ResourceCall) -> Document | None:
        key = call("DescribeKey", KeyId=call.rid)["KeyMetadata"]
        if key["KeyState"] == "PendingDeletion":
            return None
        policy = call("GetKeyPolicy", KeyId=call.rid, PolicyName="default")["Policy"]
        return key | call("GetKeyRotationStatus", KeyId=call.rid) | {"Policy": policy}

    def update(self, call: ResourceCall) -> None:
        props, state = call.props, call.state
        new = {name for name, value in props.items() if value != state.get(name)}
        if "description" in new:
            call("UpdateKeyDescription", KeyId=call.rid, Description=props["description"])
        if "policy" in new:
            policy = {"Policy": props["policy"], "PolicyName": "default"}
            call("PutKeyPolicy", KeyId=call.rid, **policy)
        if "enableKeyRotation" in new:
            rotate = "EnableKeyRotation" if props["enableKeyRotation"] else "DisableKeyRotation"
            call(rotate, KeyId=call.rid)

    def delete(self, call: ResourceCall) -> None:
        days = call.state.get("deletionWindowInDays", 30)
        call("ScheduleKeyDeletion", KeyId=call.rid, PendingWindowInDays=days)


def same_key(wanted: str, live: str) -> bool:
    """Whether two of a key's id, its ARN, or an alias's ARN and name, name the same."""
    return wanted.rpartition("/")[2] == live.rpartition("/")[2]


@register("aws:kms/alias:Alias")
class Alias(Resource):
    """A name for a key; the alias's id is its own name."""

    service, operation = "kms", "CreateAlias"
    properties = members(
        name=Field("AliasName", replaces=True, autoname=Autoname(maximum=238, prefix="alias/")),
        targetKeyId=Field("TargetKeyId", same=same_key),
    )
    outputs = outputs(arn="AliasArn", targetKeyArn="TargetKeyArn")
    volatile = frozenset({"targetKeyArn"})

    def create(self, call: ResourceCall) -> str:
        call("CreateAlias", **call.request())
        return call.props["name"]

    def read(self, call: ResourceCall) -> Document | None:
        aliases = call.pages("ListAliases", "Aliases")
        alias = next((each for each in aliases if each["AliasName"] == call.rid), None)
        if alias is None:
            return None
        return alias | {"TargetKeyArn": call.api.arn(f"key/{alias['TargetKeyId']}")}

    def update(self, call: ResourceCall) -> None:
        call("UpdateAlias", **call.request())

    def delete(self, call: ResourceCall) -> None:
        call("DeleteAlias", AliasName=call.rid)
