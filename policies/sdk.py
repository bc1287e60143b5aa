"""What Pulumi's policy SDK, as it is pinned, leaves out: each resource is read once for all rules.

Its analyzer reads a resource anew for each policy, and all of a stack for each policy over stacks.
Ours reads it once, to the plain data of rules, and only where a rule asks for its type. Policies
that are not ours stay with the SDK, also in one pack with ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol, runtime_checkable

from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import analyzer_pb2 as proto
from pulumi_policy import EnforcementLevel, StackValidationPolicy, policy
from pulumi_policy.deserialize import (
    SPECIAL_SECRET_SIG,
    SPECIAL_SIG_KEY,
    deserialize_properties,
)
from pulumi_policy.proxy import (
    UNKNOWN_ARCHIVE_VALUE,
    UNKNOWN_ARRAY_VALUE,
    UNKNOWN_ASSET_VALUE,
    UNKNOWN_BOOLEAN_VALUE,
    UNKNOWN_NUMBER_VALUE,
    UNKNOWN_OBJECT_VALUE,
    UNKNOWN_STRING_VALUE,
)

from policies.resource_types import DEMANDS
from policies.resources import UNKNOWN, Resource, Stack
from policies.rule import Violations

_UNKNOWN_VALUES = {
    UNKNOWN_ARCHIVE_VALUE,
    UNKNOWN_ARRAY_VALUE,
    UNKNOWN_ASSET_VALUE,
    UNKNOWN_BOOLEAN_VALUE,
    UNKNOWN_NUMBER_VALUE,
    UNKNOWN_OBJECT_VALUE,
    UNKNOWN_STRING_VALUE,
}


@runtime_checkable
class RulePolicy(Protocol):
    """A policy, resource or stack, that `Analyzer` asks with what it has read."""

    name: str
    description: str
    severity: policy.Severity | None

    @property
    def types(self) -> Sequence[str]:
        """Of the resources that are shown to it alone, or that it is about in a stack."""
        ...

    def hear(self, told: Resource) -> None:
        """Is told what the stack at hand chooses for itself: its PolicyDemands."""

    def level(self, configured: EnforcementLevel) -> EnforcementLevel:
        """How what it finds counts; `configured` is the pack's own level, or of its file."""
        ...

    def violations(self, stack: Stack, config: Mapping[str, Any] | None) -> Violations: ...


_SDK: Any = policy
"""Its analyzer's class is private: there is no other way in."""
_NEEDED = ("_create_report_violation", "_get_enforcement_level", "_get_policy_config")
for _name in _NEEDED:
    if not hasattr(getattr(_SDK, "_PolicyAnalyzerServicer", None), _name):
        raise ImportError(
            f"pulumi-policy {_SDK.VERSION} has no _PolicyAnalyzerServicer.{_name}, by which this "
            "pack asks its rules; install the version that backup-org names"
        )


class Analyzer(_SDK._PolicyAnalyzerServicer):
    def __init__(
        self, name: str, version: str, policies: list[policy.Policy], *others: Any
    ) -> None:
        self._sdk.__init__(name, version, policies, *others)
        self._ours = [one for one in policies if isinstance(one, RulePolicy)]
        self._are_all_ours = len(self._ours) == len(policies)
        self._over_stacks = [one for one in self._ours if isinstance(one, StackValidationPolicy)]
        self._over_resources = [one for one in self._ours if one not in self._over_stacks]

    def Analyze(self, request: proto.AnalyzeRequest, context: Any) -> proto.AnalyzeResponse:
        response = self._of_others(self._sdk.Analyze, request, context)
        asked = [one for one in self._over_resources if request.type in one.types]
        if asked or request.type == DEMANDS:
            stack = Stack([_resource(request, parent=request.options.parent)])
            self._ask(asked, stack, response)
        return response

    def AnalyzeStack(
        self, request: proto.AnalyzeStackRequest, context: Any
    ) -> proto.AnalyzeResponse:
        response = self._of_others(self._sdk.AnalyzeStack, request, context)
        stack = Stack(
            _resource(
                one,
                parent=one.parent,
                sources={
                    name: list(sources.urns) for name, sources in one.propertyDependencies.items()
                },
            )
            for one in request.resources
        )
        self._ask(self._over_stacks, stack, response)
        return response

    def Remediate(self, request: proto.AnalyzeRequest, context: Any) -> proto.RemediateResponse:
        """The engine asks it of each resource; no rule of ours changes any."""
        if self._are_all_ours:
            return proto.RemediateResponse()
        return self._sdk.Remediate(request, context)

    @property
    def _sdk(self) -> Any:
        return super()

    def _of_others(self, analyze: Any, request: Any, context: Any) -> proto.AnalyzeResponse:
        return proto.AnalyzeResponse() if self._are_all_ours else analyze(request, context)

    def _get_enforcement_level(self, policy: Any) -> EnforcementLevel:
        """What the SDK's own loops go by: they pass over ours."""
        ours = isinstance(policy, RulePolicy)
        return EnforcementLevel.DISABLED if ours else self._sdk._get_enforcement_level(policy)

    def _ask(
        self, asked: Sequence[RulePolicy], stack: Stack, response: proto.AnalyzeResponse
    ) -> None:
        for told in stack.of(DEMANDS):
            for one in self._ours:
                one.hear(told)
        for one in asked:
            level = one.level(self._sdk._get_enforcement_level(one))
            if level is EnforcementLevel.DISABLED:
                continue
            report: policy.ReportViolation = self._sdk._create_report_violation(
                response, one.name, one.description, level, one.severity
            )
            for resource, message in one.violations(stack, self._sdk._get_policy_config(one.name)):
                report(message, resource.urn)


def use_analyzer() -> None:
    """Lets each PolicyPack that is made from now on have this analyzer."""
    _SDK._PolicyAnalyzerServicer = Analyzer


def _resource(
    message: proto.AnalyzeRequest | proto.AnalyzerResource,
    *,
    parent: str,
    sources: Mapping[str, Sequence[str]] | None = None,
) -> Resource:
    provider = message.provider.properties
    return Resource(
        type=message.type,
        name=message.name,
        urn=message.urn,
        props=plain(message.properties),
        sources=sources or {},
        parent=parent,
        protect=message.options.protect,
        provider=provider_properties(provider.SerializeToString(deterministic=True)),
    )


@lru_cache
def provider_properties(serialized: bytes) -> Mapping[str, Any]:
    """Many resources have the same one."""
    return plain(struct_pb2.Struct.FromString(serialized))


def plain(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Properties as the engine sends them, as plain data: what a preview cannot know is UNKNOWN, a
    secret is its value, an asset or archive the SDK's own."""
    return {name: _plain_value(value) for name, value in struct.fields.items()}


def _plain_value(value: struct_pb2.Value) -> Any:
    match value.WhichOneof("kind"):
        case "string_value":
            text = value.string_value
            return UNKNOWN if text in _UNKNOWN_VALUES else text
        case "struct_value":
            return _plain_struct(value.struct_value)
        case "list_value":
            return [_plain_value(one) for one in value.list_value.values]
        case "null_value" | None:
            return None
        case kind:
            return getattr(value, kind)


def _plain_struct(struct: struct_pb2.Struct) -> Any:
    fields = struct.fields
    if SPECIAL_SIG_KEY not in fields:
        return plain(struct)
    if fields[SPECIAL_SIG_KEY].string_value == SPECIAL_SECRET_SIG:
        return _plain_value(fields["value"])
    special = {"it": json_format.MessageToDict(struct)}
    return deserialize_properties(special)["it"]
