"""AWS IAM's roles and their policies. IAM has no Regions."""

from __future__ import annotations

from aws_sandbox.plugin.fields import Autoname, Document, Field, members, outputs
from aws_sandbox.plugin.resource import Call, Resource, Setting, register
from aws_sandbox.plugin.tagging import Tagging

TAGGING = Tagging(
    listing="ListRoleTags", adding="TagRole", removing="UntagRole", target="RoleName", by="id"
)


@register("aws:iam/role:Role")
class Role(Resource):
    """A role; its id is its name. Its policies are resources of their own."""

    service, operation = "iam", "CreateRole"
    properties = members(
        name=Field("RoleName", replaces=True, autoname=Autoname(maximum=64)),
        assumeRolePolicy=Field("AssumeRolePolicyDocument", json=True),
        description=Field("Description", empty=""),
        forceDetachPolicies=Field(default=False),
        maxSessionDuration=Field("MaxSessionDuration", default=3600),
        path=Field("Path", replaces=True, default="/"),
        permissionsBoundary=Field("PermissionsBoundary"),
    )
    outputs = outputs(arn="Arn", createDate="CreateDate", uniqueId="RoleId")
    tagging = TAGGING

    def create(self, call: Call) -> str:
        return call("CreateRole", **call.request())["Role"]["RoleName"]

    def read(self, call: Call) -> Document:
        role = call("GetRole", RoleName=call.rid)["Role"]
        boundary = role.pop("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        return role | {"PermissionsBoundary": boundary}

    def update(self, call: Call) -> None:
        props, role = call.props, {"RoleName": call.rid}
        trust = {"PolicyDocument": props["assumeRolePolicy"]}
        call("UpdateAssumeRolePolicy", **role, **trust)
        description = props.get("description", "")
        duration = props["maxSessionDuration"]
        call("UpdateRole", **role, Description=description, MaxSessionDuration=duration)
        boundary = props.get("permissionsBoundary")
        if boundary:
            call("PutRolePermissionsBoundary", **role, PermissionsBoundary=boundary)
        elif call.state.get("permissionsBoundary"):
            call("DeleteRolePermissionsBoundary", **role)

    def delete(self, call: Call) -> None:
        role = {"RoleName": call.rid}
        if call.state.get("forceDetachPolicies"):
            for policy in [*call.pages("ListAttachedRolePolicies", "AttachedPolicies", **role)]:
                call("DetachRolePolicy", PolicyArn=policy["PolicyArn"], **role)
            for name in [*call.pages("ListRolePolicies", "PolicyNames", **role)]:
                call("DeleteRolePolicy", PolicyName=name, **role)
        call("DeleteRole", **role)


@register("aws:iam/rolePolicy:RolePolicy")
class RolePolicy(Setting):
    """A policy within a role; its id is `role:name`."""

    service, operation, key = "iam", "PutRolePolicy", "name"
    properties = members(
        name=Field("PolicyName", replaces=True, autoname=Autoname()),
        role=Field("RoleName", replaces=True),
        policy=Field("PolicyDocument", json=True),
    )

    def put(self, call: Call) -> None:
        call("PutRolePolicy", **call.request())

    def create(self, call: Call) -> str:
        self.put(call)
        return f"{call.props['role']}:{call.props['name']}"

    def read(self, call: Call) -> Document:
        return call("GetRolePolicy", **_role_and_policy(call.rid))

    def delete(self, call: Call) -> None:
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

    def create(self, call: Call) -> str:
        call("AttachRolePolicy", **call.request())
        return f"{call.props['role']}/{call.props['policyArn']}"

    def read(self, call: Call) -> Document | None:
        role, _, arn = call.rid.partition("/")
        attached = call.pages("ListAttachedRolePolicies", "AttachedPolicies", RoleName=role)
        found = any(policy["PolicyArn"] == arn for policy in attached)
        return {"RoleName": role, "PolicyArn": arn} if found else None

    def delete(self, call: Call) -> None:
        role, _, arn = call.rid.partition("/")
        call("DetachRolePolicy", RoleName=role, PolicyArn=arn)


@register("aws:iam/serviceLinkedRole:ServiceLinkedRole")
class ServiceLinkedRole(Resource):
    """The role that a service of AWS acts in; its id is its ARN."""

    service, operation = "iam", "CreateServiceLinkedRole"
    properties = members(
        awsServiceName=Field("AWSServiceName", replaces=True),
        customSuffix=Field("CustomSuffix", replaces=True, unread=True),
        description=Field("Description", empty=""),
    )
    outputs = outputs(
        arn="Arn", createDate="CreateDate", name="RoleName", path="Path", uniqueId="RoleId"
    )
    tagging = Tagging(
        listing="ListRoleTags",
        adding="TagRole",
        removing="UntagRole",
        target="RoleName",
        by="name",
    )

    def create(self, call: Call) -> str:
        return call("CreateServiceLinkedRole", **call.request())["Role"]["Arn"]

    def read(self, call: Call) -> Document:
        role = call("GetRole", RoleName=_role_name(call.rid))["Role"]
        return role | {"AWSServiceName": role["Path"].split("/")[2]}

    def update(self, call: Call) -> None:
        description = call.props.get("description", "")
        call("UpdateRole", RoleName=_role_name(call.rid), Description=description)

    def delete(self, call: Call) -> None:
        call("DeleteServiceLinkedRole", RoleName=_role_name(call.rid))


def _role_name(arn: str) -> str:
    return arn.rpartition("/")[2]
