"""What an account needs for its events to reach the alert bus, in each of its Regions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.alarm import Alarm, AlarmArgs
from components.iam import Statement, policy_document, rule_may_send, service_trust


@dataclass(frozen=True, kw_only=True)
class AlertForwardingArgs:
    account: str
    alert_bus_arn: pulumi.Input[str]
    rule_name: str
    event_patterns: Mapping[str, str]
    """Which events to forward: a rule each, by what is added to its name."""
    regions: Sequence[str]
    forwarded_already: Mapping[str, pulumi.Input[str]] = field(
        default_factory=dict[str, pulumi.Input[str]]
    )
    """By further Region, the URL of the dead-letter queue of what forwards there without this
    stack: all that is missing is the alarm."""
    alarm_topics: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    """By Region, ARNs of the topics that hear of the first dead letter there."""


class AlertForwarding(pulumi.ComponentResource):
    """An event that cannot be forwarded rests in a dead-letter queue of its Region, as it came:
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html. An alarm tells of it.

    Where the pattern takes alarms, that alarm's own event meets the same obstacle and rests in the
    same queue. There it ends: an alarm that is off already has no further event.
    """

    dead_letter_urls: dict[str, pulumi.Output[str]]
    """By Region."""

    def __init__(
        self, name: str, args: AlertForwardingArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:AlertForwarding", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.dead_letter_urls = {
            region: pulumi.Output.from_input(url) for region, url in args.forwarded_already.items()
        }
        if args.regions:
            role = aws.iam.Role(
                name,
                name=name,
                assume_role_policy=service_trust("events.amazonaws.com", args.account),
                opts=child,
            )
            permissions = aws.iam.RolePolicy(
                name,
                name=name,
                role=role.name,
                policy=policy_document(puts_on_bus(args.alert_bus_arn)),
                opts=child,
            )
            self.dead_letter_urls |= {
                region: self._forward(name, region, args, role.arn, permissions)
                for region in args.regions
            }
        for region in args.forwarded_already:
            self._tell_of_dead_letters(name, region, args, f"{name}-dead-letters")
        self.register_outputs({"dead_letter_urls": self.dead_letter_urls})

    def _forward(
        self,
        name: str,
        region: str,
        args: AlertForwardingArgs,
        role_arn: pulumi.Input[str],
        permissions: pulumi.Resource,
    ) -> pulumi.Output[str]:
        child = pulumi.ResourceOptions(parent=self)
        rules = {
            f"{name}{suffix}-{region}": aws.cloudwatch.EventRule(
                f"{name}{suffix}-{region}",
                name=f"{args.rule_name}{suffix}",
                description="Forwards what concerns an operator to the alert bus",
                event_pattern=pattern,
                region=region,
                opts=child,
            )
            for suffix, pattern in args.event_patterns.items()
        }
        dead_letters = aws.sqs.Queue(
            f"{name}-{region}",
            name=f"{name}-dead-letters",
            message_retention_seconds=14 * 24 * 3600,
            sqs_managed_sse_enabled=True,
            region=region,
            opts=child,
        )
        parks = aws.sqs.QueuePolicy(
            f"{name}-{region}",
            queue_url=dead_letters.url,
            policy=policy_document(
                rule_may_send([rule.arn for rule in rules.values()], dead_letters.arn)
            ),
            region=region,
            opts=child,
        )
        for of_rule, rule in rules.items():
            aws.cloudwatch.EventTarget(
                of_rule,
                rule=rule.name,
                target_id="alert-bus",
                arn=args.alert_bus_arn,
                role_arn=role_arn,
                dead_letter_config={"arn": dead_letters.arn},
                region=region,
                # The first event is forwarded, or parked.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[permissions, parks]),
            )
        self._tell_of_dead_letters(name, region, args, dead_letters.name)
        return dead_letters.url

    def _tell_of_dead_letters(
        self, name: str, region: str, args: AlertForwardingArgs, queue: pulumi.Input[str]
    ) -> None:
        Alarm(
            f"{name}-dead-letters-{region}",
            AlarmArgs(
                description=f"Events that could not be forwarded from {region} rest in "
                f"{name}-dead-letters there.",
                namespace="AWS/SQS",
                metric="ApproximateNumberOfMessagesVisible",
                dimensions={"QueueName": queue},
                statistic="Maximum",
                topics=args.alarm_topics.get(region, ()),
                region=region,
            ),
            pulumi.ResourceOptions(parent=self),
        )


def puts_on_bus(bus_arn: pulumi.Input[str]) -> Statement:
    """What the role of a rule needs that forwards to a bus."""
    return Statement(sid="PutOnTheAlertBus", actions=["events:PutEvents"], resources=[bus_arn])
