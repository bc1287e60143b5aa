"""Amazon VPC's endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aws_sandbox.plugin.aws import Api
from aws_sandbox.plugin.fields import Document, Field, members, outputs
from aws_sandbox.plugin.resource import Resource, ResourceCall, Tagging, register


class Ec2Tagging(Tagging):
    """EC2 has one pair of calls for the tags of all its resources."""

    def read(self, api: Api, target: str) -> Any:
        filters = [{"Name": "resource-id", "Values": [target]}]
        return [*api.pages("DescribeTags", "Tags", Filters=filters)]

    def change(self, api: Api, target: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
        if gone := sorted(old.keys() - new.keys()):
            api("DeleteTags", Resources=[target], Tags=[{"Key": key} for key in gone])
        if new:
            tags = [{"Key": key, "Value": value} for key, value in new.items()]
            api("CreateTags", Resources=[target], Tags=tags)


CHANGING: Final = {
    "routeTableIds": "RouteTableIds",
    "securityGroupIds": "SecurityGroupIds",
    "subnetIds": "SubnetIds",
}


@register("aws:ec2/vpcEndpoint:VpcEndpoint")
class VpcEndpoint(Resource):
    """A way from a VPC to a service; its id is EC2's."""

    service, operation = "ec2", "CreateVpcEndpoint"
    properties = members(
        vpcId=Field("VpcId", replaces=True),
        serviceName=Field("ServiceName", replaces=True),
        vpcEndpointType=Field("VpcEndpointType", replaces=True, default="Gateway"),
        privateDnsEnabled=Field("PrivateDnsEnabled", replaces=True, computed=True),
        routeTableIds=Field("RouteTableIds", unordered=True, computed=True),
        securityGroupIds=Field("SecurityGroupIds", unordered=True, computed=True),
        subnetIds=Field("SubnetIds", unordered=True, computed=True),
    )
    outputs = outputs(arn="Arn", ownerId="OwnerId", state="State")
    tagging = Ec2Tagging(listing="DescribeTags", by="id")

    def create(self, call: ResourceCall) -> str:
        return call("CreateVpcEndpoint", **call.request())["VpcEndpoint"]["VpcEndpointId"]

    def read(self, call: ResourceCall) -> Document | None:
        found = call("DescribeVpcEndpoints", VpcEndpointIds=[call.rid])["VpcEndpoints"]
        if not found or found[0]["State"] == "deleted":
            return None
        groups = [group["GroupId"] for group in found[0].get("Groups", [])]
        arn = call.api.arn(f"vpc-endpoint/{call.rid}")
        return found[0] | {"Arn": arn, "SecurityGroupIds": groups}

    def update(self, call: ResourceCall) -> None:
        changes: Document = {}
        for name, member in CHANGING.items():
            old, new = set(call.state.get(name) or ()), set(call.props.get(name) or ())
            changes |= {f"Add{member}": sorted(new - old), f"Remove{member}": sorted(old - new)}
        given = {name: value for name, value in changes.items() if value}
        call("ModifyVpcEndpoint", VpcEndpointId=call.rid, **given)

    def delete(self, call: ResourceCall) -> None:
        call("DeleteVpcEndpoints", VpcEndpointIds=[call.rid])
