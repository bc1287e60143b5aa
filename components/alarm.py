"""An alarm over one metric of this system."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class AlarmArgs:
    """Goes off when the metric is above the threshold."""

    description: str
    namespace: str
    metric: str
    dimensions: Mapping[str, pulumi.Input[str]] = field(
        default_factory=dict[str, pulumi.Input[str]]
    )
    statistic: Literal["Maximum", "Sum"]
    threshold: float = 0
    period_seconds: int = 300
    without_data: Literal["notBreaching", "ignore"] = "notBreaching"
    """ignore: stays as it is until there is a value again."""
    topics: Sequence[pulumi.Input[str]] = ()
    """ARNs of the topics that hear of it, off and over; CloudWatch takes those of its Region."""
    region: str | None = None
    """None: the provider's."""


class Alarm(pulumi.ComponentResource):
    """Its changes of state also go to EventBridge, and from there to the alert bus."""

    def __init__(
        self, name: str, args: AlarmArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:Alarm", name, None, opts)
        aws.cloudwatch.MetricAlarm(
            name,
            name=name,
            alarm_description=args.description,
            namespace=args.namespace,
            metric_name=args.metric,
            dimensions=args.dimensions or None,
            statistic=args.statistic,
            period=args.period_seconds,
            evaluation_periods=1,
            comparison_operator="GreaterThanThreshold",
            threshold=args.threshold,
            treat_missing_data=args.without_data,
            alarm_actions=args.topics or None,
            ok_actions=args.topics or None,
            region=args.region,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
