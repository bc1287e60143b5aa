"""An event of this system's own that EventBridge Scheduler puts on an account's default bus."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.iam import Statement, policy_document, service_trust
from reports.aws_partition import aws_partition
from reports.own_events import EVENT_SOURCE


@dataclass(frozen=True, kw_only=True)
class ScheduledEventArgs:
    account: str
    regions: Sequence[str]
    schedule: str
    """rate(…), or cron(…) in UTC."""
    detail_type: str
    detail: Mapping[str, str]


class ScheduledEvent(pulumi.ComponentResource):
    """In each Region. What could not be put within the hour is dropped: it is missed where it
    should have been heard."""

    def __init__(
        self, name: str, args: ScheduledEventArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:ScheduledEvent", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            name,
            name=name,
            assume_role_policy=service_trust("scheduler.amazonaws.com", args.account),
            opts=child,
        )
        permissions = aws.iam.RolePolicy(
            name,
            name=name,
            role=role.name,
            policy=policy_document(
                Statement(
                    sid="PutTheEvent",
                    actions=["events:PutEvents"],
                    resources=[
                        f"arn:{aws_partition(region)}:events:{region}:{args.account}"
                        ":event-bus/default"
                        for region in args.regions
                    ],
                    conditions={
                        "StringEquals": {
                            "events:source": EVENT_SOURCE,
                            "events:detail-type": args.detail_type,
                        }
                    },
                )
            ),
            opts=child,
        )
        for region in args.regions:
            aws.scheduler.Schedule(
                f"{name}-{region}",
                name=name,
                schedule_expression=args.schedule,
                flexible_time_window={"mode": "OFF"},
                target={
                    "arn": f"arn:{aws_partition(region)}:scheduler:::aws-sdk:eventbridge:putEvents",
                    "role_arn": role.arn,
                    "input": _request(args),
                    "retry_policy": {
                        "maximum_event_age_in_seconds": 3600,
                        "maximum_retry_attempts": 10,
                    },
                },
                region=region,
                # Its first run must find the role's permissions in place.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[permissions]),
            )
        self.register_outputs({})


def _request(args: ScheduledEventArgs) -> str:
    """PutEvents', as its own API takes it."""
    entry = {
        "Source": EVENT_SOURCE,
        "DetailType": args.detail_type,
        "Detail": json.dumps(args.detail),
    }
    return json.dumps({"Entries": [entry]})
