"""The provider's own configuration."""

import json
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from aws_sandbox.plugin.values import UNKNOWN, encode

URN = "urn:pulumi:acme-member::backup-org::pulumi:providers:aws::member"
ROLE = "arn:aws:iam::555555555555:role/OrganizationAccountAccessRole"


@pytest.fixture
def fresh(plugin: Any) -> Iterator[Any]:
    """A provider that is not configured yet."""
    started = type(plugin)()
    yield started
    started.close()


def failures(plugin: Any, **inputs: Any) -> dict[str, str]:
    request = provider_pb2.CheckRequest(urn=URN, name="member", news=encode(inputs))
    return {f.property: f.reason for f in plugin.stub.CheckConfig(request).failures}


def test_what_the_sdk_sends_is_taken(plugin: Any) -> None:
    roles = [{"roleArn": ROLE, "sessionName": "deploy", "externalId": "x", "duration": "1h30m"}]
    assert not failures(
        plugin,
        version="7.51.1",
        region="eu-west-1",
        skipCredentialsValidation="false",
        skipRegionValidation="true",
        allowedAccountIds='["555555555555"]',
        defaultTags='{"tags":{"customer":"acme"}}',
        assumeRoles=json.dumps(roles),
    )


def test_what_is_unknown_is_taken(plugin: Any) -> None:
    assert not failures(plugin, region=UNKNOWN, assumeRoles=UNKNOWN, defaultTags=UNKNOWN)


@pytest.mark.parametrize(
    ("inputs", "path", "cure"),
    [
        ({"profile": "x"}, "profile", "it takes allowedAccountIds, assumeRoles, defaultTags,"),
        ({"assumeRoles": '[{"role_arn": 1}]'}, "assumeRoles[0].role_arn", "ProviderAssumeRoleArgs"),
        ({"assumeRoles": '[{"roleArn": "a", "policy": "x"}]'}, "assumeRoles[0].policy", "takes"),
        ({"assumeRoles": "[{}]"}, "assumeRoles[0].roleArn", "needs its ARN"),
        ({"assumeRoles": '[{"roleArn": "a", "duration": "9d"}]'}, "assumeRoles[0].duration", "15m"),
        ({"allowedAccountIds": '["acme"]'}, "allowedAccountIds[0]", "12-digit"),
        ({"defaultTags": '{"customer": "acme"}'}, "defaultTags.customer", "`tags` within"),
    ],
)  # fmt: skip
def test_what_could_not_work_is_refused_with_the_cure(
    plugin: Any, inputs: dict[str, Any], path: str, cure: str
) -> None:
    assert cure in failures(plugin, **inputs)[path]


def test_another_configuration_replaces_nothing(plugin: Any) -> None:
    old, new = encode({"region": "eu-west-1"}), encode({"region": "eu-central-1"})
    request = provider_pb2.DiffRequest(urn=URN, old_inputs=old, olds=old, news=new)
    diff = plugin.stub.DiffConfig(request)
    assert (list(diff.diffs), list(diff.replaces)) == (["region"], [])


@pytest.mark.parametrize(
    "endpoint", ["", "https://backup.eu-west-1.amazonaws.com", "http://10.0.0.1"]
)
def test_an_endpoint_off_this_machine_is_refused(
    fresh: Any, monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    with pytest.raises(grpc.RpcError, match="speaks only to an AWS on this machine"):
        fresh.configure(region="eu-west-1")


def test_a_region_must_come_from_somewhere(fresh: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(grpc.RpcError, match="set the provider's region, or AWS_REGION"):
        fresh.configure()
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    fresh.configure()


def test_credentials_must_come_from_somewhere(
    fresh: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with pytest.raises(grpc.RpcError, match="no valid credential sources found"):
        fresh.configure(region="eu-west-1")


def test_the_wrong_account_is_refused_as_by_the_official_plugin(fresh: Any) -> None:
    roles = json.dumps([{"roleArn": ROLE}])
    with pytest.raises(grpc.RpcError, match="AWS account ID not allowed: 555555555555"):
        fresh.configure(region="eu-west-1", assumeRoles=roles, allowedAccountIds='["222222222222"]')


def test_a_role_that_cannot_be_assumed_is_named(fresh: Any) -> None:
    role = "arn:aws:iam::555555555555:role/nobody"
    with pytest.raises(grpc.RpcError, match=f"cannot assume IAM Role {role}: AssumeRole: "):
        fresh.configure(region="eu-west-1", assumeRoles=json.dumps([{"roleArn": role}]))


def test_default_tags_reach_resources_and_are_not_their_own(fresh: Any) -> None:
    roles, tags = json.dumps([{"roleArn": ROLE}]), '{"tags":{"customer":"acme","tier":"0"}}'
    fresh.configure(region="eu-west-1", assumeRoles=roles, defaultTags=tags)
    made = fresh.make("aws:backup/vault:Vault", {"name": "default-tags", "tags": {"tier": "1"}})
    assert made.outputs.values["tags"] == {"tier": "1"}
    assert made.outputs.values["tagsAll"] == {"customer": "acme", "tier": "1"}
    read = fresh.read(made)
    assert read.inputs.values == made.inputs.values
    fresh.delete(made)


def test_default_tags_that_are_secret_stay_secret(fresh: Any) -> None:
    config = {"region": "eu-west-1", "defaultTags": '{"tags":{"customer":"acme"}}'}
    args = encode(config, [("defaultTags",)])
    fresh.stub.Configure(provider_pb2.ConfigureRequest(args=args))
    checked = fresh.check("aws:backup/vault:Vault", {"tags": {"tier": "1"}})
    assert checked.inputs.secrets == {("tagsAll",)}


def test_nothing_is_done_before_the_provider_is_configured_or_after_it_is_cancelled(
    fresh: Any,
) -> None:
    with pytest.raises(grpc.RpcError, match="before it had configured"):
        fresh.check("aws:backup/vault:Vault", {})
    fresh.configure(region="eu-west-1")
    fresh.stub.Cancel(empty_pb2.Empty())
    with pytest.raises(grpc.RpcError, match="was cancelled"):
        fresh.check("aws:backup/vault:Vault", {})


def test_whoever_asks_for_a_schema_is_told_where_there_is_one(plugin: Any) -> None:
    with pytest.raises(grpc.RpcError, match="use the official plugin"):
        plugin.stub.GetSchema(provider_pb2.GetSchemaRequest())
