"""AWS Organizations' policies, and where they are attached."""

from __future__ import annotations

from aws_sandbox.plugin.fields import Autoname, Document, Field, members, outputs
from aws_sandbox.plugin.resource import Resource, ResourceCall, Tagging, register
from aws_sandbox.plugin.values import Props


@register("aws:organizations/policy:Policy")
class Policy(Resource):
    """A policy of an organization; its id is AWS's."""

    service, operation = "organizations", "CreatePolicy"
    properties = members(
        content=Field("Content", json=True),
        description=Field("Description", default=""),
        name=Field("Name", autoname=Autoname(maximum=128)),
        type=Field("Type", replaces=True, default="SERVICE_CONTROL_POLICY"),
    )
    outputs = outputs(arn="Arn")
    tagging = Tagging(listing="ListTagsForResource", target="ResourceId", by="id")

    def create(self, call: ResourceCall) -> str:
        wanted: Document = {"Description": "", **call.request()}
        return call("CreatePolicy", **wanted)["Policy"]["PolicySummary"]["Id"]

    def read(self, call: ResourceCall) -> Document:
        policy = call("DescribePolicy", PolicyId=call.rid)["Policy"]
        return {**policy["PolicySummary"], "Content": policy["Content"]}

    def update(self, call: ResourceCall) -> None:
        wanted = call.request()
        del wanted["Type"]
        call("UpdatePolicy", PolicyId=call.rid, **wanted)

    def delete(self, call: ResourceCall) -> None:
        call("DeletePolicy", PolicyId=call.rid)


@register("aws:organizations/policyAttachment:PolicyAttachment")
class PolicyAttachment(Resource):
    """A policy on a root, a unit or an account; its id is the target's and the policy's."""

    service, operation = "organizations", "AttachPolicy"
    properties = members(
        policyId=Field("PolicyId", replaces=True),
        targetId=Field("TargetId", replaces=True),
    )

    def create(self, call: ResourceCall) -> str:
        call("AttachPolicy", **call.request())
        return f"{call.props['targetId']}:{call.props['policyId']}"

    def read(self, call: ResourceCall) -> Document | None:
        target, policy = call.rid.split(":")
        found = call.pages("ListTargetsForPolicy", "Targets", PolicyId=policy)
        if any(each["TargetId"] == target for each in found):
            return {"PolicyId": policy, "TargetId": target}
        return None

    def delete(self, call: ResourceCall) -> None:
        target, policy = call.rid.split(":")
        call("DetachPolicy", PolicyId=policy, TargetId=target)

    def imported(self, rid: str) -> Props:
        target, policy = rid.split(":")
        return {"targetId": target, "policyId": policy}
