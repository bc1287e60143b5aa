"""Data sources."""

from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2

from aws_sandbox.plugin.values import decode, encode


def invoke(plugin: Any, token: str, **arguments: Any) -> dict[str, Any]:
    request = provider_pb2.InvokeRequest(tok=token, args=encode(arguments))
    return decode(getattr(plugin.stub.Invoke(request), "return")).values


def test_the_caller_is_whom_the_provider_acts_as(plugin: Any) -> None:
    found = invoke(plugin, "aws:index/getCallerIdentity:getCallerIdentity")
    assert found["accountId"] == "555555555555"
    assert "/OrganizationAccountAccessRole/" in found["arn"]


def test_regions_and_partitions_are_as_aws_describes_them(plugin: Any) -> None:
    region = "aws:index/getRegion:getRegion"
    assert invoke(plugin, region)["description"] == "Europe (Ireland)"
    assert invoke(plugin, region, region="eu-central-1")["name"] == "eu-central-1"
    with pytest.raises(grpc.RpcError, match="is no Region of AWS"):
        invoke(plugin, region, region="moon-1")
    partition = invoke(plugin, "aws:index/getPartition:getPartition")
    assert (partition["partition"], partition["dnsSuffix"]) == ("aws", "amazonaws.com")


def test_the_management_account_sees_all_of_the_organization(acting: Any) -> None:
    token = "aws:organizations/getOrganization:getOrganization"
    found = invoke(acting("111111111111"), token)
    assert found["id"] == "o-exampleorg1"
    assert found["masterAccountId"] == "111111111111"
    assert "555555555555" in {account["id"] for account in found["nonMasterAccounts"]}
    assert found["roots"][0]["id"] == "r-exam"
    assert "backup.amazonaws.com" in found["awsServiceAccessPrincipals"]
    only = invoke(acting("111111111111"), token, returnOrganizationOnly=True)
    assert "accounts" not in only


@pytest.mark.parametrize(
    ("token", "arguments", "message"),
    [
        (
            "aws:ec2/getVpc:getVpc",
            {},
            "does not answer aws:ec2/getVpc:getVpc; it answers aws:iam",
        ),
        ("aws:index/getRegion:getRegion", {"endpoint": "x"}, "does not support .'endpoint'. of"),
    ],
)
def test_what_is_not_known_is_refused(
    plugin: Any, token: str, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(grpc.RpcError, match=message):
        invoke(plugin, token, **arguments)
