"""Takes events of an account's default bus to a queue, in one Region."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class QueueRuleArgs:
    description: str
    event_pattern: Mapping[str, Any]
    """As EventBridge has it; texts in it may be outputs."""
    queue_arn: pulumi.Input[str]
    """Its policy must let the rule send."""
    dead_letters_arn: pulumi.Input[str]
    """Of the queue for what cannot be delivered, whose policy must do so, too."""
    region: str


class QueueRule(pulumi.ComponentResource):
    def __init__(
        self, name: str, args: QueueRuleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:QueueRule", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        rule = aws.cloudwatch.EventRule(
            name,
            name=name,
            description=args.description,
            event_pattern=pulumi.Output.json_dumps(args.event_pattern),
            region=args.region,
            opts=child,
        )
        aws.cloudwatch.EventTarget(
            name,
            rule=rule.name,
            target_id="queue",
            arn=args.queue_arn,
            dead_letter_config={"arn": args.dead_letters_arn},
            region=args.region,
            opts=child,
        )
        self.register_outputs({})
