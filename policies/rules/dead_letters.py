"""Rules about what happens to an event that nobody took: each hop without an answer can lose it."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from policies.citations import aws_guide, config_rule, well_architected
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
from policies.resources import UNKNOWN, Resource, Stack, names, those
from policies.rule import Aspects, Config, over_resource, over_stack

_RELIABLE = well_architected("REL05-BP04")
_RETRIED = {"sqs", "lambda", "http", "https", "firehose"}
"""Protocols of subscriptions whose endpoint is a machine, not a person."""
_ASYNCHRONOUS = {"events.amazonaws.com", "s3.amazonaws.com", "sns.amazonaws.com"}
"""Services that invoke functions without waiting for an answer."""
_COUNTS_MESSAGES = {
    "ApproximateAgeOfOldestMessage",
    "ApproximateNumberOfMessagesVisible",
    "NumberOfMessagesSent",
}


@over_stack(
    EVENT_TARGET,
    severity="medium",
    cites=[
        _RELIABLE,
        aws_guide(
            "Using dead-letter queues to process undelivered events",
            "eventbridge/latest/userguide/eb-rule-dlq.html",
        ),
    ],
)
def event_target_has_a_dead_letter_queue(target: Resource, stack: Stack, _: Config) -> Aspects:
    """The target of a rule about events has a queue for those that could not be delivered.

    EventBridge drops an event after a day of attempts, or at once where it lacks a permission. A
    rule that only goes by the clock needs none: what it missed is done the next time.
    """
    yield _drops_events(target, stack)


def _drops_events(target: Resource, stack: Stack) -> Iterator[str]:
    rules = those(stack.of(EVENT_RULE), lambda rule: names(stack, target, ("rule",), rule, "name"))
    by_the_clock = bool(rules) and not any(rule.get("eventPattern") for rule in rules)
    if not by_the_clock and not target.get("deadLetterConfig", "arn"):
        yield "what cannot be delivered is dropped; set deadLetterConfig"


@over_stack(
    QUEUE,
    severity="medium",
    cites=[
        _RELIABLE,
        aws_guide(
            "Using dead-letter queues in Amazon SQS",
            "AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html",
        ),
    ],
)
def queue_of_a_function_has_a_dead_letter_queue(
    queue: Resource, stack: Stack, _: Config
) -> Aspects:
    """A queue that a function reads has another for the messages that the function fails on.

    Else a message that can never be dealt with is tried until it is too old, and then is gone.
    """
    yield _tries_for_ever(queue, stack)


def _tries_for_ever(queue: Resource, stack: Stack) -> Iterator[str]:
    read = those(
        stack.of(EVENT_SOURCE_MAPPING),
        lambda mapping: names(stack, mapping, ("eventSourceArn",), queue, "arn"),
    )
    if not read or queue.get("redrivePolicy"):
        return
    if not those(
        stack.of(QUEUE_REDRIVE_POLICY),
        lambda policy: names(stack, policy, ("queueUrl",), queue, "url"),
    ):
        yield "what its function fails on is tried for days, and dropped; set redrivePolicy"


@over_resource(
    TOPIC_SUBSCRIPTION,
    severity="medium",
    cites=[
        _RELIABLE,
        aws_guide("Amazon SNS dead-letter queues", "sns/latest/dg/sns-dead-letter-queues.html"),
    ],
)
def subscription_has_a_dead_letter_queue(subscription: Resource, _: Config) -> Iterator[str]:
    """A subscription of a queue, function or endpoint has a queue for what could not be delivered.

    SNS drops a message after its attempts, or at once where it lacks a permission.
    """
    if subscription.get("protocol") in _RETRIED and not subscription.get("redrivePolicy"):
        yield "what cannot be delivered is dropped; set redrivePolicy"


@over_stack(
    FUNCTION,
    severity="medium",
    cites=[_RELIABLE, config_rule("lambda-dlq-check")],
)
def asynchronous_function_keeps_what_failed(function: Resource, stack: Stack, _: Config) -> Aspects:
    """A function that events, objects or messages invoke keeps those that it failed on.

    In a dead-letter queue or a destination on failure: Lambda drops them after two more attempts.
    One that a clock invokes needs none: what it missed is done the next time.
    """
    yield _drops_what_failed(function, stack)


def _drops_what_failed(function: Resource, stack: Stack) -> Iterator[str]:
    invoked = those(
        stack.of(FUNCTION_PERMISSION),
        lambda permission: (
            _invokes_later(permission, stack)
            and names(stack, permission, ("function",), function, "name")
        ),
    )
    if not invoked or function.get("deadLetterConfig", "targetArn"):
        return
    if not those(
        stack.of(FUNCTION_INVOKE_CONFIG),
        lambda config: (
            names(stack, config, ("functionName",), function, "name")
            and bool(config.get("destinationConfig", "onFailure", "destination"))
        ),
    ):
        yield (
            "what it fails on is dropped; set deadLetterConfig, or onFailure of a "
            "FunctionEventInvokeConfig"
        )


def _invokes_later(permission: Resource, stack: Stack) -> bool:
    principal = permission.get("principal")
    rules = stack.behind(permission, "sourceArn", EVENT_RULE)
    if principal == "events.amazonaws.com" and rules:
        return any(rule.get("eventPattern") for rule in rules)
    return principal in _ASYNCHRONOUS


@over_resource(
    SCHEDULE,
    severity="low",
    cites=[
        _RELIABLE,
        aws_guide(
            "Configuring a schedule's dead-letter queue in EventBridge Scheduler",
            "scheduler/latest/UserGuide/configuring-schedule-dlq.html",
        ),
    ],
    baseline="disabled",
    regulated="advisory",
)
def schedule_has_a_dead_letter_queue(schedule: Resource, _: Config) -> Iterator[str]:
    """A schedule has a queue for what it could not start.

    Where the next time makes good what was missed, it needs none.
    """
    if not schedule.get("target", "deadLetterConfig", "arn"):
        yield "what cannot be started is dropped; set the target's deadLetterConfig"


@over_stack(
    QUEUE,
    severity="medium",
    cites=[_RELIABLE],
)
def dead_letter_queue_has_an_alarm(queue: Resource, stack: Stack, _: Config) -> Aspects:
    """A dead-letter queue has an alarm on the messages in it.

    What lies there was lost on its way, and is deleted when the queue's time is over.
    """
    yield _is_silent(queue, stack)


def _is_silent(queue: Resource, stack: Stack) -> Iterator[str]:
    if _takes_dead_letters(queue, stack) and not those(
        stack.of(ALARM), lambda alarm: _tells_of(alarm, queue, stack)
    ):
        yield (
            f"no MetricAlarm of AWS/SQS is about the messages in {queue.name}, which takes dead "
            "letters; add one"
        )


def _takes_dead_letters(queue: Resource, stack: Stack) -> bool:
    for type_, name in (
        (QUEUE, "redrivePolicy"),
        (QUEUE_REDRIVE_POLICY, "redrivePolicy"),
        (TOPIC_SUBSCRIPTION, "redrivePolicy"),
        (EVENT_TARGET, "deadLetterConfig"),
        (FUNCTION, "deadLetterConfig"),
        (FUNCTION_INVOKE_CONFIG, "destinationConfig"),
    ):
        for hop in stack.of(type_):
            if queue in stack.behind(hop, name, QUEUE) or _has(hop.props.get(name), queue):
                return True
    return any(
        schedule.get("target", "deadLetterConfig", "arn") == queue.get("arn")
        for schedule in stack.of(SCHEDULE)
        if schedule.get("target", "deadLetterConfig")
    )


def _has(value: Any, queue: Resource) -> bool:
    """Whether the queue's ARN stands in a property, or in the JSON text of one."""
    arn = queue.props.get("arn")
    if arn is UNKNOWN or value is UNKNOWN or not arn:
        return False
    if isinstance(value, Mapping):
        return any(_has(one, queue) for one in cast("Mapping[str, Any]", value).values())
    return isinstance(value, str) and (value == arn or f'"{arn}"' in value)


def _tells_of(alarm: Resource, queue: Resource, stack: Stack) -> bool:
    return (
        alarm.get("namespace") == "AWS/SQS"
        and alarm.get("metricName") in _COUNTS_MESSAGES
        and alarm.get("actionsEnabled") is not False
        and alarm.region == queue.region
        and names(stack, alarm, ("dimensions", "QueueName"), queue, "name")
    )
