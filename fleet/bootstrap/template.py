"""A CloudFormation template: resources with the reason for each, as text that people read."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import yaml

from components.iam import Statement

DIRECT = 51_200
"""Bytes of a template that a call takes directly; a larger one lies in S3:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""

ACCOUNT, REGION = "${AWS::AccountId}", "${AWS::Region}"
"""What stands in texts for the account and the Region that a stack is made in."""

BOOTSTRAPPED = "backup-org-bootstrap"
"""The tag of what stands in an account before its stack."""

_ANOTHER_VARIABLE = re.compile(r"\$\{(?!AWS::)")
_WIDTH = 96


@dataclass(frozen=True, kw_only=True)
class Resource:
    type: str
    why: str
    properties: Mapping[str, Any]
    retained: bool = False
    """Stays in the account when its stack goes, or would have it replaced."""
    condition: str | None = None
    after: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Template:
    name: str
    """Its file's, without ending."""
    description: str
    resources: Mapping[str, Resource]
    """By logical id."""
    conditions: Mapping[str, Any] = field(default_factory=dict[str, Any])
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def text(self) -> str:
        head = {"AWSTemplateFormatVersion": "2010-09-09", "Description": self.description}
        parts = [
            _yaml({**head, **({"Conditions": self.conditions} if self.conditions else {})}),
            "Resources:\n",
            *(_resource(name, resource) for name, resource in self.resources.items()),
            _yaml({"Outputs": self.outputs}) if self.outputs else "",
        ]
        return "\n".join(part for part in parts if part)

    @property
    def makes_roles(self) -> bool:
        return any(resource.type.startswith("AWS::IAM::") for resource in self.resources.values())


def document(*statements: Statement) -> Mapping[str, Any]:
    """A policy, as a property holds it."""
    return {"Version": "2012-10-17", "Statement": [one.render() for one in statements]}


def tags(customer: str) -> Sequence[Mapping[str, str]]:
    """Those that guard rails go by, as stacks' resources have them (stacks/providers.py), and one
    that tells the two apart."""
    values = {"managed-by": "backup-org", "customer": customer, BOOTSTRAPPED: "true"}
    return [{"Key": key, "Value": value} for key, value in values.items()]


def _resource(name: str, resource: Resource) -> str:
    kept = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    body = {
        "Type": resource.type,
        **({"Condition": resource.condition} if resource.condition else {}),
        **({"DependsOn": list(resource.after)} if resource.after else {}),
        **(kept if resource.retained else {}),
        "Properties": _substituted(resource.properties),
    }
    why = textwrap.fill(resource.why, _WIDTH, initial_indent="# ", subsequent_indent="# ")
    return textwrap.indent(f"{why}\n{_yaml({name: body})}", "  ")


def _substituted(value: Any) -> Any:
    """Texts that name the stack's account or Region, as CloudFormation fills them in."""
    match value:
        case str() if value in (ACCOUNT, REGION):
            return {"Ref": value.removeprefix("${").removesuffix("}")}
        case str() if ACCOUNT in value or REGION in value:
            return {"Fn::Sub": _ANOTHER_VARIABLE.sub("${!", value)}
        case Mapping():
            items = cast(Mapping[str, Any], value).items()
            return {key: _substituted(each) for key, each in items}
        case list() | tuple():
            return [_substituted(each) for each in cast(Sequence[Any], value)]
        case _:
            return value


class _Dumper(yaml.SafeDumper):
    """Writes what is used twice twice: CloudFormation knows no anchors."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        return True


def _yaml(value: Mapping[str, Any]) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=_WIDTH, allow_unicode=True)
