"""Which level counts: of the pack's registration, of its file, and of what the stack chooses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.proto import analyzer_pb2 as proto
from pulumi_policy import EnforcementLevel

from policies.choice import Choice, Chosen
from policies.pack import policies_of_all_rules
from policies.resource_types import DEMANDS, VAULT
from policies.sdk import Analyzer

RULE = "vault_has_its_own_key"
"""Advisory in the bundle baseline, mandatory in regulated."""
LEVELS: Mapping[int, str] = {proto.ADVISORY: "advisory", proto.MANDATORY: "mandatory"}
VALUES = {"advisory": proto.ADVISORY, "mandatory": proto.MANDATORY, "disabled": proto.DISABLED}


def found(
    chosen: Mapping[str, Any] | None, file: str | None = None, **of_pack: Any
) -> list[tuple[str, str]]:
    """Rule and level of each violation of a vault without a key; `file` as the engine hands it on:
    the registered level where it says nothing."""
    policies = policies_of_all_rules(**of_pack)
    analyzer = Analyzer("pack", "0.0.1", [*policies], EnforcementLevel.MANDATORY)
    registered = next(one.enforcement_level for one in policies if one.name == RULE)
    assert registered is not None
    level = VALUES[file or registered.value]
    analyzer.Configure(
        proto.ConfigureAnalyzerRequest(
            policyConfig={RULE: proto.PolicyConfig(enforcementLevel=level)}
        ),
        None,
    )
    resources = [proto.AnalyzerResource(type=VAULT, name="standard", urn="urn:standard")]
    if chosen is not None:
        told = struct_pb2.Struct()
        told.update({"demands": chosen})
        resources.append(
            proto.AnalyzerResource(type=DEMANDS, name="policies", urn="urn:p", properties=told)
        )
    response = analyzer.AnalyzeStack(proto.AnalyzeStackRequest(resources=resources), None)
    return [
        (one.policyName, LEVELS[one.enforcementLevel])
        for one in response.diagnostics
        if one.policyName in (RULE, "policy_choice_is_valid")
    ]


def of_rule(level: str) -> dict[str, Any]:
    return {"rules": {RULE: {"level": level}}}


@pytest.mark.parametrize(
    ("chosen", "file", "level"),
    [
        (None, None, "advisory"),
        (None, "mandatory", "mandatory"),
        (None, "disabled", None),
        ({}, None, "advisory"),
        ({"bundle": "regulated"}, None, "mandatory"),
        ({"bundle": "regulated"}, "disabled", "mandatory"),
        (of_rule("disabled"), None, None),
        (of_rule("disabled"), "mandatory", "mandatory"),
        ({"bundle": "regulated", **of_rule("advisory")}, None, "advisory"),
    ],
)
def test_the_stack_chooses_and_a_file_only_demands_more(
    chosen: Mapping[str, Any] | None, file: str | None, level: str | None
) -> None:
    assert found(chosen, file) == ([] if level is None else [(RULE, level)])


def test_of_a_stack_that_tells_nothing_a_file_may_ask_less_too() -> None:
    assert found(None, bundle="regulated") == [(RULE, "mandatory")]
    assert found(None, "advisory", bundle="regulated") == [(RULE, "advisory")]


def test_a_pack_that_chooses_hears_no_stack() -> None:
    choice = Choice(bundle="regulated", rules={RULE: Chosen(level="mandatory")})
    assert found(of_rule("disabled"), choice=choice) == [(RULE, "mandatory")]


def test_of_a_choice_that_is_not_valid_nothing_counts() -> None:
    assert found({**of_rule("disabled"), "bundle": "strict"}) == [(RULE, "advisory")]
