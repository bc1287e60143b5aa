"""IAM policy documents, written as statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pulumi

Conditions = Mapping[str, Mapping[str, pulumi.Input[str] | Sequence[pulumi.Input[str]]]]


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement. Resource policies have a principal; a role's trust has no resources."""

    sid: str
    actions: Sequence[str]
    resources: Sequence[pulumi.Input[str]] = ()
    effect: Literal["Allow", "Deny"] = "Allow"
    principal: Mapping[str, pulumi.Input[str]] | Literal["*"] | None = None
    conditions: Conditions = field(default_factory=dict[str, Any])

    def render(self) -> dict[str, Any]:
        """As it stands in a policy."""
        rendered: dict[str, Any] = {
            "Sid": self.sid,
            "Effect": self.effect,
            "Action": list(self.actions),
        }
        if self.resources:
            rendered["Resource"] = list(self.resources)
        if self.principal is not None:
            rendered["Principal"] = self.principal
        if self.conditions:
            rendered["Condition"] = self.conditions
        return rendered


def policy_document(*statements: Statement) -> pulumi.Output[str]:
    """The JSON text of a policy."""
    return pulumi.Output.json_dumps(
        {"Version": "2012-10-17", "Statement": [s.render() for s in statements]}
    )


def service_trust(service: str) -> pulumi.Output[str]:
    """The trust policy of a role in which an AWS service acts."""
    return policy_document(
        Statement(sid="TrustTheService", actions=["sts:AssumeRole"], principal={"Service": service})
    )
