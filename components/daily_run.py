"""What has a function run once a day, and the alarms for one that failed or was not started."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.alarm import AlarmArgs
from components.function import Function


@dataclass(frozen=True, kw_only=True)
class DailyRun:
    schedule: str
    """cron(…) in UTC."""
    description: str
    """Of the schedule: why then."""
    when_it_failed: str
    """What the alarm says."""
    when_it_did_not_start: str
    topics: Sequence[pulumi.Input[str]]


def run_daily(
    name: str, function: Function, run: DailyRun, child: pulumi.ResourceOptions
) -> Mapping[str, AlarmArgs]:
    """Gives the alarms that it needs, by what they are called behind the name."""
    rule = aws.cloudwatch.EventRule(
        name,
        name=name,
        description=run.description,
        schedule_expression=run.schedule,
        opts=child,
    )
    permission = aws.lambda_.Permission(
        name,
        statement_id="Schedule",
        action="lambda:InvokeFunction",
        function=function.name,
        principal="events.amazonaws.com",
        source_arn=rule.arn,
        opts=child,
    )
    aws.cloudwatch.EventTarget(
        name,
        rule=rule.name,
        target_id="function",
        arn=function.arn,
        opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[permission])),
    )
    return {
        "errors": AlarmArgs(
            description=run.when_it_failed,
            namespace="AWS/Lambda",
            metric="Errors",
            dimensions={"FunctionName": function.name},
            statistic="Sum",
            topics=run.topics,
        ),
        "schedule": AlarmArgs(
            description=run.when_it_did_not_start,
            namespace="AWS/Events",
            metric="FailedInvocations",
            dimensions={"RuleName": rule.name},
            statistic="Sum",
            topics=run.topics,
        ),
    }
