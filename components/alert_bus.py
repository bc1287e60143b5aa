"""The event bus to which a customer's accounts forward what concerns an operator."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.iam import Statement, policy_document


@dataclass(frozen=True, kw_only=True)
class AlertBusArgs:
    organization_id: pulumi.Input[str] | None
    """Whose accounts may put events: o-…; None: the bus's own account alone."""
    event_patterns: Sequence[str]
    """Of the rules that forward to it: the bus takes their sources and detail-types alone."""


class AlertBus(pulumi.ComponentResource):
    name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: AlertBusArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:AlertBus", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        bus = aws.cloudwatch.EventBus(
            name,
            name=name,
            description="What concerns an operator of backups, from all of a customer's accounts",
            opts=child,
        )
        # Without a policy a bus is its own account's, whose roles say who puts what.
        if args.organization_id is not None:
            aws.cloudwatch.EventBusPolicy(
                name,
                event_bus_name=bus.name,
                policy=policy_document(
                    Statement(
                        sid="OrganizationPutsEvents",
                        actions=["events:PutEvents"],
                        resources=[bus.arn],
                        principal="*",
                        conditions={
                            "StringEquals": {"aws:PrincipalOrgID": args.organization_id},
                            "ForAllValues:StringEquals": _expected(args.event_patterns),
                        },
                    )
                ),
                opts=child,
            )
        self.name, self.arn = bus.name, bus.arn
        self.register_outputs({"name": self.name, "arn": self.arn})


def _expected(event_patterns: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """By ForAllValues, as `events:source` is a list where AWS documents it:
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html"""
    patterns = map(json.loads, event_patterns)
    choices: list[Mapping[str, Any]] = [c for each in patterns for c in each.get("$or", [each])]
    return {
        f"events:{field}": sorted({value for choice in choices for value in choice[field]})
        for field in ("source", "detail-type")
    }
