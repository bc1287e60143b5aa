"""Schedules that start runbooks, each in its own time zone, and the role that may only that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.alarm import Alarm, AlarmArgs
from components.iam import Statement, may_pass, policy_document, service_trust
from reports.aws_partition import aws_partition

_FOURTEEN_DAYS = 14 * 24 * 3600  # SQS's longest retention


@dataclass(frozen=True, kw_only=True)
class Targets:
    """The runbook is run once for each resource with a tag."""

    parameter: str
    """Of the runbook, which takes the resource."""
    tag: str
    value: str
    at_once: int


@dataclass(frozen=True, kw_only=True)
class RunbookSchedule:
    name: str
    schedule: str
    """cron(…), in `timezone`."""
    timezone: str
    runbook: pulumi.Input[str]
    """Its document's name."""
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    targets: Targets | None = None
    region: str


@dataclass(frozen=True, kw_only=True)
class RunbookSchedulesArgs:
    role_name: str
    account: str
    runbook_role_arn: pulumi.Input[str]
    """The role in which the runbooks act, which starting one hands over."""
    schedules: Sequence[RunbookSchedule]
    alarm_topics: Mapping[str, Sequence[pulumi.Input[str]]] = field(
        default_factory=dict[str, Sequence[pulumi.Input[str]]]
    )
    """By Region, those that hear of a runbook that could not be started."""


class RunbookSchedules(pulumi.ComponentResource):
    """EventBridge Scheduler, because a rule of EventBridge knows UTC alone."""

    dead_letter_urls: dict[str, pulumi.Output[str]]
    """By Region."""

    def __init__(
        self, name: str, args: RunbookSchedulesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:RunbookSchedules", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        regions = sorted({one.region for one in args.schedules})
        dead_letters = {region: self._dead_letters(name, region, args) for region in regions}
        role = aws.iam.Role(
            name,
            name=args.role_name,
            assume_role_policy=service_trust("scheduler.amazonaws.com", args.account),
            opts=child,
        )
        permissions = aws.iam.RolePolicy(
            name,
            name=args.role_name,
            role=role.name,
            policy=policy_document(
                Statement(
                    sid="StartTheRunbooks",
                    actions=["ssm:StartAutomationExecution"],
                    resources=_started(args),
                ),
                may_pass("HandOverTheirRole", args.runbook_role_arn, "ssm.amazonaws.com"),
                Statement(
                    sid="ParkWhatCouldNotBeStarted",
                    actions=["sqs:SendMessage"],
                    resources=[queue.arn for queue in dead_letters.values()],
                ),
            ),
            opts=child,
        )
        for one in args.schedules:
            aws.scheduler.Schedule(
                f"{name}-{one.name}-{one.region}",
                name=one.name,
                schedule_expression=one.schedule,
                schedule_expression_timezone=one.timezone,
                flexible_time_window={"mode": "OFF"},
                target={
                    "arn": _starts_runbooks(one.region),
                    "role_arn": role.arn,
                    "input": _request(one),
                    "dead_letter_config": {"arn": dead_letters[one.region].arn},
                    # Of AWS's own 24 hours: a later start would be of another day.
                    "retry_policy": {
                        "maximum_event_age_in_seconds": 3600,
                        "maximum_retry_attempts": 10,
                    },
                },
                region=one.region,
                # Its first run must find the role's permissions in place.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[permissions]),
            )
        self.dead_letter_urls = {region: queue.url for region, queue in dead_letters.items()}
        self.register_outputs({"dead_letter_urls": self.dead_letter_urls})

    def _dead_letters(self, name: str, region: str, args: RunbookSchedulesArgs) -> aws.sqs.Queue:
        """What Scheduler could not start rests here, and an alarm tells."""
        child = pulumi.ResourceOptions(parent=self)
        queue = aws.sqs.Queue(
            f"{name}-dead-letters-{region}",
            name=f"{name}-dead-letters",
            message_retention_seconds=_FOURTEEN_DAYS,
            sqs_managed_sse_enabled=True,
            region=region,
            opts=child,
        )
        Alarm(
            f"{name}-dead-letters-{region}",
            AlarmArgs(
                description="A schedule could not start its runbook: its request rests in the "
                "dead-letter queue, with the reason. Start the runbook by hand.",
                namespace="AWS/SQS",
                metric="ApproximateNumberOfMessagesVisible",
                dimensions={"QueueName": queue.name},
                statistic="Maximum",
                topics=args.alarm_topics.get(region, ()),
                region=region,
            ),
            child,
        )
        return queue


def _starts_runbooks(region: str) -> str:
    """What Scheduler calls: its universal target for an action of AWS's API."""
    return f"arn:{aws_partition(region)}:scheduler:::aws-sdk:ssm:startAutomationExecution"


def _started(args: RunbookSchedulesArgs) -> list[pulumi.Input[str]]:
    """Each once, as several schedules may start one runbook: a role's policy has a limit of size.

    AWS asks for the document and the execution; until 2025 it asked for automation-definition, and
    may still in a Region.
    """
    runbooks = dict.fromkeys((one.region, one.runbook) for one in args.schedules)
    found: list[pulumi.Input[str]] = []
    for region in dict.fromkeys(region for region, _ in runbooks):
        of = f"arn:{aws_partition(region)}:ssm:{region}:{args.account}"
        found.append(f"{of}:automation-execution/*")
        for runbook in (name for there, name in runbooks if there == region):
            found.append(pulumi.Output.concat(f"{of}:document/", runbook))
            found.append(pulumi.Output.concat(f"{of}:automation-definition/", runbook, ":*"))
    return found


def _request(one: RunbookSchedule) -> pulumi.Output[str]:
    """StartAutomationExecution's, as its own API takes it."""
    targets = one.targets
    rate_control: Mapping[str, object] = (
        {}
        if targets is None
        else {
            "TargetParameterName": targets.parameter,
            "Targets": [{"Key": f"tag:{targets.tag}", "Values": [targets.value]}],
            "MaxConcurrency": str(targets.at_once),
            "MaxErrors": "100%",
        }
    )
    parameters = {name: [value] for name, value in one.parameters.items()}
    return pulumi.Output.json_dumps(
        {
            "DocumentName": one.runbook,
            **({"Parameters": parameters} if parameters else {}),
            **rate_control,
        }
    )
