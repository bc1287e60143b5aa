"""AWS IAM's roles and users with their policies, AWS KMS's keys and aliases. IAM has no Regions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from aws_sandbox.plugin.aws import Api
from aws_sandbox.plugin.fields import Autoname, Converter, Document, Field, members, outputs
from aws_sandbox.plugin.resource import Resource, ResourceCall, Setting, Tagging, register
from aws_sandbox.plugin.values import Problem, Props

ROLE_TAGGING = Tagging(
    listing="ListRoleTags", adding="TagRole", removing="UntagRole", target="RoleName", by="id"
)


PATH = Field("Path", replaces=True, default="/")


@register("aws:iam/role:Role")
class Role(Resource):
    """A role; its id is its name. Its policies are resources of their own."""

    service, operation = "iam", "CreateRole"
    properties = members(
        name=Field("RoleName", replaces=True, autoname=Autoname(maximum=64)),
        assumeRolePolicy=Field("AssumeRolePolicyDocument", json=True),
        path=PATH,
        permissionsBoundary=Field(
            "PermissionsBoundary",
            convert=Converter(to_api=str, from_api=lambda told: told["PermissionsBoundaryArn"]),
        ),
    )
    outputs = outputs(arn="Arn", createDate="CreateDate", uniqueId="RoleId")
    tagging = ROLE_TAGGING

    def create(self, call: ResourceCall) -> str:
        return call("CreateRole", **call.request())["Role"]["RoleName"]

    def read(self, call: ResourceCall) -> Document:
        return call("GetRole", RoleName=call.rid)["Role"]

    def update(self, call: ResourceCall) -> None:
        role, boundary = {"RoleName": call.rid}, call.props.get("permissionsBoundary")
        call("UpdateAssumeRolePolicy", PolicyDocument=call.props["assumeRolePolicy"], **role)
        if boundary is not None:
            call("PutRolePermissionsBoundary", PermissionsBoundary=boundary, **role)
        elif call.state.get("permissionsBoundary") is not None:
            call("DeleteRolePermissionsBoundary", **role)

    def delete(self, call: ResourceCall) -> None:
        call("DeleteRole", RoleName=call.rid)


class InlinePolicy(Setting):
    """A policy within a role or user; its id is `holder:name`."""

    service, key = "iam", "name"
    holder: ClassVar[str]
    """The property that names it, and in the API `<Holder>Name`."""

    def put(self, call: ResourceCall) -> None:
        call(self.operation, **call.request())

    def create(self, call: ResourceCall) -> str:
        self.put(call)
        return f"{call.props[self.holder]}:{call.props['name']}"

    def read(self, call: ResourceCall) -> Document:
        return call(self.operation.replace("Put", "Get", 1), **self._place(call.rid))

    def delete(self, call: ResourceCall) -> None:
        call(self.operation.replace("Put", "Delete", 1), **self._place(call.rid))

    def _place(self, rid: str) -> Document:
        holder, _, name = rid.partition(":")
        return {f"{self.holder.capitalize()}Name": holder, "PolicyName": name}


POLICY = members(
    name=Field("PolicyName", replaces=True, autoname=Autoname()),
    policy=Field("PolicyDocument", json=True),
)


@register("aws:iam/rolePolicy:RolePolicy")
class RolePolicy(InlinePolicy):
    """Of a role."""

    operation, holder = "PutRolePolicy", "role"
    properties = members(role=Field("RoleName", replaces=True), **POLICY)


@register("aws:iam/userPolicy:UserPolicy")
class UserPolicy(InlinePolicy):
    """Of a user."""

    operation, holder = "PutUserPolicy", "user"
    properties = members(user=Field("UserName", replaces=True), **POLICY)


@register("aws:iam/user:User")
class User(Resource):
    """A user; its id is its name. Its access keys are made by whoever uses them; moto keeps no
    boundary of it."""

    service, operation = "iam", "CreateUser"
    properties = members(
        name=Field("UserName", replaces=True, autoname=Autoname(maximum=64)), path=PATH
    )
    outputs = outputs(arn="Arn", uniqueId="UserId")
    tagging = Tagging(
        listing="ListUserTags", adding="TagUser", removing="UntagUser", target="UserName", by="id"
    )

    def create(self, call: ResourceCall) -> str:
        return call("CreateUser", **call.request())["User"]["UserName"]

    def read(self, call: ResourceCall) -> Document:
        return call("GetUser", UserName=call.rid)["User"]

    def delete(self, call: ResourceCall) -> None:
        call("DeleteUser", UserName=call.rid)


class ProfileTagging(Tagging):
    """moto tells the tags of an instance profile with the profile alone."""

    def read(self, api: Api, target: str) -> Any:
        return api("GetInstanceProfile", InstanceProfileName=target)["InstanceProfile"]["Tags"]


@register("aws:iam/instanceProfile:InstanceProfile")
class InstanceProfile(Resource):
    """The role of EC2's instances; its id is its name."""

    service, operation = "iam", "CreateInstanceProfile"
    properties = members(
        name=Field("InstanceProfileName", replaces=True, autoname=Autoname(maximum=128)),
        path=PATH,
        role=Field("Role", separate=True),
    )
    outputs = outputs(arn="Arn", createDate="CreateDate", uniqueId="InstanceProfileId")
    tagging = ProfileTagging(
        listing="GetInstanceProfile",
        adding="TagInstanceProfile",
        removing="UntagInstanceProfile",
        target="InstanceProfileName",
        by="id",
    )

    def create(self, call: ResourceCall) -> str:
        made = call("CreateInstanceProfile", **call.request())["InstanceProfile"]
        return made["InstanceProfileName"]

    def finish(self, call: ResourceCall) -> None:
        if role := call.props.get("role"):
            call("AddRoleToInstanceProfile", InstanceProfileName=call.rid, RoleName=role)

    def read(self, call: ResourceCall) -> Document:
        found = call("GetInstanceProfile", InstanceProfileName=call.rid)["InstanceProfile"]
        roles = [role["RoleName"] for role in found["Roles"]]
        return found | {"Role": roles[0] if roles else None}

    def update(self, call: ResourceCall) -> None:
        self._clear(call)
        self.finish(call)

    def delete(self, call: ResourceCall) -> None:
        self._clear(call)
        call("DeleteInstanceProfile", InstanceProfileName=call.rid)

    def _clear(self, call: ResourceCall) -> None:
        if role := call.state.get("role"):
            call("RemoveRoleFromInstanceProfile", InstanceProfileName=call.rid, RoleName=role)


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


_SYMMETRIC = "SYMMETRIC_DEFAULT"
KEY_TAGGING = Tagging(
    listing="ListResourceTags", target="KeyId", by="id", pair=("TagKey", "TagValue")
)


@register("aws:kms/key:Key")
class Key(Resource):
    """A customer managed key; deleting it schedules its end."""

    service, operation = "kms", "CreateKey"
    properties = members(
        customerMasterKeySpec=Field("KeySpec", replaces=True, default=_SYMMETRIC),
        deletionWindowInDays=Field(between=(7, 30)),
        description=Field("Description", computed=True),
        enableKeyRotation=Field("KeyRotationEnabled", default=False, separate=True),
        keyUsage=Field("KeyUsage", replaces=True, default="ENCRYPT_DECRYPT"),
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

    def check(self, props: Props) -> Iterator[Problem]:
        symmetric = props.get("customerMasterKeySpec", _SYMMETRIC) == _SYMMETRIC
        if symmetric and props.get("keyUsage") == "SIGN_VERIFY":
            yield Problem(path=("keyUsage",), reason="a symmetric key signs nothing")
        if not symmetric and props.get("enableKeyRotation") is True:
            yield Problem(path=("enableKeyRotation",), reason="KMS rotates symmetric keys alone")


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
