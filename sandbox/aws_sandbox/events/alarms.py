"""CloudWatch's metric alarms, evaluated on demand: state, actions and event."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.backends import get_backend
from moto.cloudwatch.models import Alarm, MetricDatum

from aws_sandbox.aws.arns import Arn
from aws_sandbox.events.endpoints import DeliveryError, Endpoints, Message, Sender
from aws_sandbox.events.eventbridge import Event
from aws_sandbox.moto_changes.sqs import DeployedQueue

STATISTICS: Mapping[str, Callable[[Sequence[float]], float]] = {"Sum": sum, "Maximum": max}
MISSING_DATA = frozenset({"ignore", "notBreaching"})
"""How an alarm treats a period without a value."""
COMPARISONS = frozenset({"GreaterThanThreshold"})
ACTIONS = frozenset({"sns"})

_OF_QUEUES: Mapping[tuple[str, str], Callable[[DeployedQueue, datetime], float]] = {
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): lambda queue, _: (
        queue.approximate_number_of_messages
    ),
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"): lambda queue, at: queue.age_seconds(
        at.timestamp()
    ),
}
"""The metrics of what is in a queue, which nobody puts into CloudWatch."""


class Alarms:
    """Every alarm of every account and Region, as CloudWatch would judge it now."""

    def __init__(self, *, endpoints: Endpoints, accept: Callable[[Event], None]) -> None:
        """`accept` puts an event on the default bus of its account and Region."""
        self._endpoints = endpoints
        self._accept = accept

    def evaluate(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """The control handler: `{"at": "2026-11-22T06:00:00+00:00"}`, or `{}` for now.

        Answers with each alarm's state and reason. Raises ValueError when there is an alarm that
        cannot be evaluated, after all others were.
        """
        unknown = sorted(set(request) - {"at"})
        if unknown:
            raise ValueError(f"alarms.evaluate takes at, not {', '.join(unknown)}")
        at = datetime.fromisoformat(request["at"]) if "at" in request else datetime.now(UTC)
        judged: list[Mapping[str, Any]] = []
        problems: list[str] = []
        for account, alarm in _alarms():
            if problem := _unsupported(alarm):
                problems.append(f"{alarm.alarm_arn}: {problem}")
            else:
                judged.append(self._evaluate(account, alarm, at))
        if problems:
            raise ValueError("; ".join(problems))
        return {"alarms": judged}

    def _evaluate(self, account: str, alarm: Alarm, at: datetime) -> Mapping[str, Any]:
        before = alarm.state_value
        state, reason = _judge(alarm, _value(account, alarm, at))
        if state != before:
            alarm.update_state(reason, json.dumps({"version": "1.0"}), state)
            self._tell(account, alarm, before)
        return {
            "account": account,
            "region": alarm.region_name,
            "name": alarm.name,
            "state": state,
            "changed": state != before,
            "reason": reason,
        }

    def _tell(self, account: str, alarm: Alarm, before: str) -> None:
        sender = Sender(
            service="cloudwatch.amazonaws.com",
            source_arn=alarm.alarm_arn,
            source_account=account,
        )
        message = Message(body=json.dumps(_notification(account, alarm, before)))
        actions = alarm.alarm_actions if alarm.state_value == "ALARM" else alarm.ok_actions
        for topic in (alarm.actions_enabled and actions) or []:
            try:
                self._endpoints.publish(sender, topic, message)
            except DeliveryError:
                continue  # it stands in the journal; CloudWatch notes it in the alarm's history
        self._accept(_event(account, alarm, before))


def _alarms() -> list[tuple[str, Alarm]]:
    return [
        (account, alarm)
        for account, regions in list(get_backend("cloudwatch").items())
        for backend in list(regions.values())
        for alarm in list(backend.alarms.values())
    ]


def _unsupported(alarm: Alarm) -> str:
    """What of an alarm the sandbox cannot evaluate, and what it can; "" when it can."""
    actions = [*(alarm.alarm_actions or []), *alarm.ok_actions, *alarm.insufficient_data_actions]
    unknown = (
        ("composite alarms", bool(alarm.rule)),
        ("metric math", bool(alarm.metric_data_queries)),
        ("actions without data", bool(alarm.insufficient_data_actions)),
    )
    for what, there in unknown:
        if there:
            return f"{what} are not evaluated"
    chosen: tuple[tuple[str, str, Collection[str]], ...] = (
        ("statistic", alarm.statistic, STATISTICS.keys()),
        ("comparison", alarm.comparison_operator, COMPARISONS),
        ("treatment of missing data", alarm.treat_missing_data or "missing", MISSING_DATA),
        ("number of periods", str(alarm.evaluation_periods), {"1"}),
    )
    for what, value, known in chosen:
        if value not in known:
            return f"the {what} {value} is not evaluated, but {', '.join(sorted(known))}"
    other = [action for action in actions if Arn.parse(action).service not in ACTIONS]
    return f"the action {other[0]} is not carried out, but topics" if other else ""


def _value(account: str, alarm: Alarm, at: datetime) -> float | None:
    """Of the alarm's metric in the period until then; None where nothing was measured.

    Of queues it is measured in what is there now.
    """
    dimensions = {dimension.name: dimension.value or "" for dimension in alarm.dimensions}
    measure = _OF_QUEUES.get((alarm.namespace, alarm.metric_name))
    if measure is not None:
        queues = get_backend("sqs")[account][alarm.region_name].queues
        queue = queues.get(dimensions.get("QueueName", ""))
        return measure(queue, at) if isinstance(queue, DeployedQueue) else None
    since = at - timedelta(seconds=int(alarm.period))
    measured = [
        datum.value
        for datum in list(get_backend("cloudwatch")[account][alarm.region_name].metric_data)
        if isinstance(datum, MetricDatum)
        and (datum.namespace, datum.name) == (alarm.namespace, alarm.metric_name)
        and {found.name: found.value for found in datum.dimensions} == dimensions
        and since < datum.timestamp.replace(tzinfo=UTC) <= at
    ]
    return STATISTICS[alarm.statistic](measured) if measured else None


def _judge(alarm: Alarm, value: float | None) -> tuple[str, str]:
    """OK or ALARM, and why; without a value by the alarm's treatment of missing data."""
    if value is None:
        state = alarm.state_value if alarm.treat_missing_data == "ignore" else "OK"
        return state, f"nothing was measured, treated as {alarm.treat_missing_data}"
    threshold = float(alarm.threshold)
    state = "ALARM" if value > threshold else "OK"
    return state, f"{value:g} for {alarm.comparison_operator} {threshold:g}"


def _notification(account: str, alarm: Alarm, before: str) -> Mapping[str, Any]:
    """The message that an alarm's action publishes, without its trigger."""
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": account,
        "AlarmArn": alarm.alarm_arn,
        "NewStateValue": alarm.state_value,
        "NewStateReason": alarm.state_reason,
        "StateChangeTime": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "Region": alarm.region_name,
        "OldStateValue": before,
    }


def _event(account: str, alarm: Alarm, before: str) -> Event:
    return Event.new(
        source="aws.cloudwatch",
        detail_type="CloudWatch Alarm State Change",
        account=account,
        region=alarm.region_name,
        resources=[alarm.alarm_arn],
        detail={
            "alarmName": alarm.name,
            "state": {"value": alarm.state_value, "reason": alarm.state_reason},
            "previousState": {"value": before},
        },
    )
