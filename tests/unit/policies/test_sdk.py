"""The pack's analyzer: asked as the engine asks it, it reads a resource once for all rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.proto import analyzer_pb2 as proto
from pulumi_policy import (
    EnforcementLevel,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.deserialize import SPECIAL_ASSET_SIG, SPECIAL_SECRET_SIG, SPECIAL_SIG_KEY
from pulumi_policy.policy import Policy
from pulumi_policy.proxy import UNKNOWN_BOOLEAN_VALUE, UNKNOWN_STRING_VALUE

from policies import sdk
from policies.pack import policies_of_all_rules
from policies.resource_types import DEMANDS, VAULT
from policies.resources import UNKNOWN
from policies.sdk import Analyzer, plain

ALIAS = "alias/aws/backup"


def struct(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(dict(properties))
    return made


def analyzer(*others: Policy) -> Analyzer:
    policies = [*others, *policies_of_all_rules()]
    return Analyzer("pack", "0.0.1", policies, EnforcementLevel.MANDATORY)


def vaults(count: int) -> proto.AnalyzeStackRequest:
    provider = proto.AnalyzerProviderResource(
        type="pulumi:providers:aws", properties=struct({"region": "eu-central-1"})
    )
    return proto.AnalyzeStackRequest(
        resources=[
            proto.AnalyzerResource(
                type=VAULT,
                name=f"vault{number}",
                urn=f"urn:vault{number}",
                properties=struct({"kmsKeyArn": ALIAS, "name": f"vault{number}"}),
                provider=provider,
            )
            for number in range(count)
        ]
    )


def refused(
    response: proto.AnalyzeResponse, policy: str = "vault_has_its_own_key"
) -> Sequence[str]:
    return [found.urn for found in response.diagnostics if found.policyName == policy]


def test_properties_become_plain_data() -> None:
    secret = {SPECIAL_SIG_KEY: SPECIAL_SECRET_SIG, "value": {"deep": "word"}}
    unknown_secret = {SPECIAL_SIG_KEY: SPECIAL_SECRET_SIG, "value": UNKNOWN_STRING_VALUE}
    found = plain(
        struct(
            {
                "text": "x",
                "number": 1.5,
                "nothing": None,
                "no": False,
                "unknown": UNKNOWN_STRING_VALUE,
                "list": [1, UNKNOWN_BOOLEAN_VALUE, {"in": UNKNOWN_STRING_VALUE}],
                "secret": secret,
                "unknown_secret": unknown_secret,
            }
        )
    )
    assert found == {
        "text": "x",
        "number": 1.5,
        "nothing": None,
        "no": False,
        "unknown": UNKNOWN,
        "list": [1, UNKNOWN, {"in": UNKNOWN}],
        "secret": {"deep": "word"},
        "unknown_secret": UNKNOWN,
    }


def test_an_asset_stays_what_the_sdk_makes_of_it() -> None:
    asset = {SPECIAL_SIG_KEY: SPECIAL_ASSET_SIG, "text": "exit 0"}
    found = plain(struct({"script": asset}))["script"]
    assert isinstance(found, pulumi.StringAsset)
    assert found.text == "exit 0"
    with pytest.raises(AssertionError, match="signature 'other'"):
        plain(struct({"script": {SPECIAL_SIG_KEY: "other"}}))


def test_a_stack_is_read_once_and_its_only_provider_too(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[struct_pb2.Struct] = []

    def counted(properties: struct_pb2.Struct) -> dict[str, Any]:
        read.append(properties)
        return plain(properties)

    monkeypatch.setattr(sdk, "plain", counted)
    sdk.provider_properties.cache_clear()
    response = analyzer().AnalyzeStack(vaults(50), None)
    assert len(refused(response)) == 50
    assert len(read) == 51


def test_a_resource_is_not_read_where_no_rule_asks_for_its_type(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sdk, "plain", None)
    request = proto.AnalyzeRequest(type="random:index:Pet", name="cat", urn="urn:cat")
    assert list(analyzer().Analyze(request, None).diagnostics) == []


def test_somebody_else_s_policies_in_the_same_pack_are_asked_by_the_sdk() -> None:
    def about_resource(args: ResourceValidationArgs, report: ReportViolation) -> None:
        report(f"a resource: {args.props['name']}", None)

    def about_stack(args: StackValidationArgs, report: ReportViolation) -> None:
        report(f"a stack of {len(args.resources)}", args.resources[0].urn)

    both = analyzer(
        ResourceValidationPolicy(name="theirs", description="d", validate=about_resource),
        StackValidationPolicy(name="their_stack", description="d", validate=about_stack),
    )
    stack = vaults(2)
    response = both.AnalyzeStack(stack, None)
    assert refused(response) == ["urn:vault0", "urn:vault1"]
    assert refused(response, "their_stack") == ["urn:vault0"]
    resource = stack.resources[0]
    one = proto.AnalyzeRequest(type=VAULT, name="x", urn="u", properties=resource.properties)
    assert [
        (found.policyName, found.message.splitlines()[-1])
        for found in both.Analyze(one, None).diagnostics
        if found.policyName == "theirs"
    ] == [("theirs", "a resource: vault0")]


def test_what_a_stack_chooses_is_heard_before_any_resource() -> None:
    asked = analyzer()
    chosen = {"name": "vault0", "reason": "moved by summer", "until": "2999-01-01"}
    demands = {"bundle": "baseline", "rules": {"vault_has_its_own_key": {"exceptions": [chosen]}}}
    told = struct({"demands": demands})
    asked.Analyze(proto.AnalyzeRequest(type=DEMANDS, name="p", urn="u", properties=told), None)
    assert refused(asked.AnalyzeStack(vaults(2), None)) == ["urn:vault1"]


def test_no_rule_changes_a_resource() -> None:
    request = proto.AnalyzeRequest(type=VAULT, properties=struct({"name": "x"}))
    assert list(analyzer().Remediate(request, None).remediations) == []
