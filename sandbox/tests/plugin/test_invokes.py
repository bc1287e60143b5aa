"""Data sources."""

from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2

from aws_sandbox.plugin.values import decode, encode


def invoke(plugin: Any, token: str, **arguments: Any) -> dict[str, Any]:
    request = provider_pb2.InvokeRequest(tok=token, args=encode(arguments))
    return decode(getattr(plugin.stub.Invoke(request), "return")).values


def test_regions_are_those_of_the_account(plugin: Any) -> None:
    assert "eu-west-1" in invoke(plugin, "aws:index/getRegions:getRegions")["names"]


def test_the_management_account_sees_all_of_the_organization(acting: Any) -> None:
    token = "aws:organizations/getOrganization:getOrganization"
    found = invoke(acting("111111111111"), token)
    assert found["id"] == "o-exampleorg1"
    assert found["masterAccountId"] == "111111111111"
    assert "555555555555" in {account["id"] for account in found["nonMasterAccounts"]}
    assert found["roots"][0]["id"] == "r-exam"
    assert "backup.amazonaws.com" in found["awsServiceAccessPrincipals"]


def test_a_delegated_administrator_sees_as_much_and_another_member_the_id_alone(
    acting: Any, aws: Any
) -> None:
    token, member = "aws:organizations/getOrganization:getOrganization", "555555555555"
    found = invoke(acting(member), token)
    assert (found["id"], "accounts" in found) == ("o-exampleorg1", False)
    organizations = aws.session("111111111111", "us-east-1").client("organizations")
    delegated = {"AccountId": member, "ServicePrincipal": "backup.amazonaws.com"}
    organizations.register_delegated_administrator(**delegated)
    found = invoke(acting(member), token)
    organizations.deregister_delegated_administrator(**delegated)
    assert member in {account["id"] for account in found["accounts"]}
    assert found["roots"][0]["id"] == "r-exam"


@pytest.mark.parametrize(
    ("token", "arguments", "message"),
    [
        (
            "aws:ec2/getVpc:getVpc",
            {},
            "does not answer aws:ec2/getVpc:getVpc; it answers aws:backup",
        ),
        (
            "aws:index/getRegions:getRegions",
            {"allRegions": 1},
            "does not support .'allRegions'. of",
        ),
    ],
)
def test_what_is_not_known_is_refused(
    plugin: Any, token: str, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(grpc.RpcError, match=message):
        invoke(plugin, token, **arguments)
