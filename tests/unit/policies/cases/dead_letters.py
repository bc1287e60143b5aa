"""What happens to events, messages and calls that nobody took."""

from __future__ import annotations

import json
from typing import Any

from policies.resource_types import (
    ALARM,
    EVENT_RULE,
    EVENT_SOURCE_MAPPING,
    EVENT_TARGET,
    FUNCTION,
    FUNCTION_INVOKE_CONFIG,
    FUNCTION_PERMISSION,
    QUEUE,
    QUEUE_REDRIVE_POLICY,
    SCHEDULE,
    TOPIC_SUBSCRIPTION,
)
from policies.resources import UNKNOWN, Resource
from tests.unit.policies.case import Case, resource

TARGET, READ = "event_target_has_a_dead_letter_queue", "queue_of_a_function_has_a_dead_letter_queue"
SUBSCRIBED, ASYNCHRONOUS = (
    "subscription_has_a_dead_letter_queue",
    "asynchronous_function_keeps_what_failed",
)
SCHEDULED, ALARMED = "schedule_has_a_dead_letter_queue", "dead_letter_queue_has_an_alarm"
ARN = "arn:aws:sqs:eu-central-1:333333333333:"


def made(type_: str, called: str, props: dict[str, Any], **instead: Any) -> Resource:
    return resource(type_, called, **{**props, **instead})


def rule(**props: Any) -> Resource:
    return made(EVENT_RULE, "rule", {"name": "rule", "eventPattern": "{}"}, **props)


def target(**props: Any) -> Resource:
    return made(EVENT_TARGET, "target", {"rule": "rule"}, **props)


def queue(name: str = "work", **props: Any) -> Resource:
    return made(QUEUE, name, {"name": name, "arn": f"{ARN}{name}"}, **props)


def mapping() -> Resource:
    return resource(EVENT_SOURCE_MAPPING, "reads", eventSourceArn=f"{ARN}work")


def function(**props: Any) -> Resource:
    return resource(FUNCTION, "function", name="function", **props)


def permission(principal: Any, *sources: str) -> Resource:
    return resource(
        FUNCTION_PERMISSION,
        "permission",
        sources={"sourceArn": sources},
        function="function",
        principal=principal,
    )


def on_failure(destination: Any) -> Resource:
    return resource(
        FUNCTION_INVOKE_CONFIG,
        "config",
        functionName="function",
        destinationConfig={"onFailure": {"destination": destination}},
    )


def alarm(**props: Any) -> Resource:
    about: dict[str, Any] = {
        "namespace": "AWS/SQS",
        "metricName": "ApproximateNumberOfMessagesVisible",
        "dimensions": {"QueueName": "dead"},
    }
    return made(ALARM, "alarm", about, **props)


REDRIVE = json.dumps({"deadLetterTargetArn": f"{ARN}dead", "maxReceiveCount": 3})
DEAD = [queue(redrivePolicy=REDRIVE), queue("dead")]
OTHER_ALARMS: list[tuple[str, dict[str, Any]]] = [
    ("another queue's alarm", {"dimensions": {"QueueName": "work"}}),
    ("an alarm of another metric", {"metricName": "SentMessageSize"}),
    ("an alarm of another service", {"namespace": "AWS/SNS"}),
    ("an alarm that does nothing", {"actionsEnabled": False}),
]

CASES = [
    Case(
        rule=TARGET,
        what="a queue",
        resources=[rule(), target(deadLetterConfig={"arn": f"{ARN}dead"})],
    ),
    Case(
        rule=TARGET,
        what="a rule by the clock",
        resources=[rule(eventPattern=None, scheduleExpression="rate(1 day)"), target()],
    ),
    Case(rule=TARGET, what="none", resources=[rule(), target()], says="set deadLetterConfig"),
    Case(
        rule=TARGET,
        what="a rule by the clock and about events",
        resources=[rule(scheduleExpression="rate(1 day)"), target()],
        says="set deadLetterConfig",
    ),
    Case(
        rule=TARGET,
        what="a rule of another stack",
        resources=[target(rule="theirs")],
        says="set deadLetterConfig",
    ),
    Case(
        rule=TARGET,
        what="a queue that is not known yet",
        resources=[rule(), target(deadLetterConfig={"arn": UNKNOWN})],
    ),
    Case(
        rule=TARGET, what="a rule that is not known yet", resources=[rule(), target(rule=UNKNOWN)]
    ),
    Case(rule=READ, what="a queue", resources=[queue(redrivePolicy=REDRIVE), mapping()]),
    Case(
        rule=READ,
        what="a queue by a resource of its own",
        resources=[
            queue(url="https://work"),
            mapping(),
            resource(QUEUE_REDRIVE_POLICY, "redrive", queueUrl="https://work"),
        ],
    ),
    Case(rule=READ, what="nobody reads", resources=[queue()]),
    Case(rule=READ, what="none", resources=[queue(), mapping()], says="set redrivePolicy"),
    Case(
        rule=READ,
        what="a queue that is not known yet",
        resources=[queue(redrivePolicy=UNKNOWN), mapping()],
    ),
    Case(
        rule=SUBSCRIBED,
        what="a queue",
        resources=[resource(TOPIC_SUBSCRIPTION, protocol="sqs", redrivePolicy=REDRIVE)],
    ),
    Case(
        rule=SUBSCRIBED, what="a person", resources=[resource(TOPIC_SUBSCRIPTION, protocol="email")]
    ),
    *(
        Case(
            rule=SUBSCRIBED,
            what=f"none, for {protocol}",
            resources=[resource(TOPIC_SUBSCRIPTION, protocol=protocol)],
            says="set redrivePolicy",
        )
        for protocol in ("sqs", "lambda", "http", "https", "firehose")
    ),
    Case(
        rule=SUBSCRIBED,
        what="a queue that is not known yet",
        resources=[resource(TOPIC_SUBSCRIPTION, protocol="sqs", redrivePolicy=UNKNOWN)],
    ),
    Case(
        rule=ASYNCHRONOUS,
        what="a queue",
        resources=[
            function(deadLetterConfig={"targetArn": f"{ARN}dead"}),
            permission("s3.amazonaws.com"),
        ],
    ),
    Case(
        rule=ASYNCHRONOUS,
        what="a destination",
        resources=[function(), permission("s3.amazonaws.com"), on_failure(f"{ARN}dead")],
    ),
    Case(
        rule=ASYNCHRONOUS,
        what="who waits for an answer",
        resources=[function(), permission("apigateway.amazonaws.com")],
    ),
    Case(
        rule=ASYNCHRONOUS,
        what="the clock",
        resources=[
            function(),
            permission("events.amazonaws.com", "rule"),
            rule(eventPattern=None, scheduleExpression="rate(1 day)"),
        ],
    ),
    *(
        Case(
            rule=ASYNCHRONOUS,
            what=f"none, for {principal}",
            resources=[function(), permission(principal)],
            says="set deadLetterConfig",
        )
        for principal in ("s3.amazonaws.com", "sns.amazonaws.com", "events.amazonaws.com")
    ),
    Case(
        rule=ASYNCHRONOUS,
        what="none, for a rule about events",
        resources=[function(), permission("events.amazonaws.com", "rule"), rule()],
        says="set deadLetterConfig",
    ),
    Case(
        rule=ASYNCHRONOUS,
        what="a destination that is not known yet",
        resources=[function(), permission("s3.amazonaws.com"), on_failure(UNKNOWN)],
    ),
    Case(
        rule=SCHEDULED,
        what="a queue",
        resources=[resource(SCHEDULE, target={"deadLetterConfig": {"arn": f"{ARN}dead"}})],
    ),
    Case(
        rule=SCHEDULED,
        what="none",
        resources=[resource(SCHEDULE, target={"arn": "x"})],
        says="set the target's deadLetterConfig",
    ),
    Case(
        rule=SCHEDULED,
        what="a queue that is not known yet",
        resources=[resource(SCHEDULE, target={"deadLetterConfig": {"arn": UNKNOWN}})],
    ),
    Case(rule=ALARMED, what="an alarm", resources=[*DEAD, alarm()]),
    Case(rule=ALARMED, what="a queue without dead letters", resources=[queue()]),
    Case(
        rule=ALARMED,
        what="none",
        resources=DEAD,
        says="no MetricAlarm of AWS/SQS is about the messages in dead",
        of="dead",
    ),
    *(
        Case(
            rule=ALARMED,
            what=what,
            resources=[*DEAD, alarm(**props)],
            says="about the messages in dead",
        )
        for what, props in OTHER_ALARMS
    ),
    Case(
        rule=ALARMED,
        what="dead letters of a schedule",
        resources=[
            queue("dead"),
            resource(SCHEDULE, "schedule", target={"deadLetterConfig": {"arn": f"{ARN}dead"}}),
        ],
        says="about the messages in dead",
    ),
    Case(
        rule=ALARMED,
        what="a new queue, by where the ARN comes from",
        resources=[
            queue("dead", arn=UNKNOWN),
            resource(
                EVENT_TARGET,
                "target",
                sources={"deadLetterConfig": ["dead"]},
                deadLetterConfig={"arn": UNKNOWN},
            ),
        ],
        says="about the messages in dead",
    ),
    Case(
        rule=ALARMED,
        what="an alarm that may be about it",
        resources=[*DEAD, alarm(dimensions={"QueueName": UNKNOWN})],
    ),
]
