"""What an alarm looks at: its metric's value in each of its periods, and what they come to."""

import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from moto.backends import get_backend
from moto.cloudwatch.models import Alarm, MetricDatum

from aws_sandbox.events.queues import DeployedQueue

State = str
"""OK, ALARM or INSUFFICIENT_DATA."""

_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
_STATISTICS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "Sum": sum,
    "Average": lambda values: sum(values) / len(values),
    "Minimum": min,
    "Maximum": max,
    "SampleCount": len,
}
_DEPTHS: Mapping[str, Callable[[DeployedQueue], float]] = {
    "ApproximateNumberOfMessagesVisible": lambda queue: queue.approximate_number_of_messages,
    "ApproximateNumberOfMessagesNotVisible": lambda queue: (
        queue.approximate_number_of_messages_not_visible
    ),
    "ApproximateNumberOfMessagesDelayed": lambda queue: (
        queue.approximate_number_of_messages_delayed
    ),
    "ApproximateAgeOfOldestMessage": lambda queue: queue.oldest_age_seconds(),
}
"""SQS's metrics of what is in a queue."""


def unsupported(alarm: Alarm) -> str:
    """Why the sandbox cannot evaluate an alarm; "" when it can."""
    if alarm.rule:
        return "composite alarms are not evaluated"
    if alarm.metric_data_queries:
        return "metric math is not evaluated"
    if alarm.statistic not in _STATISTICS:
        return f"the statistic {alarm.extended_statistic or alarm.statistic} is not evaluated"
    if alarm.comparison_operator not in _COMPARE:
        return f"the comparison {alarm.comparison_operator} is not evaluated"
    return ""


def values(account: str, alarm: Alarm, at: datetime) -> Sequence[float | None]:
    """One value a period, the newest first; None where nothing was measured.

    A queue's depth is what it is now, for all periods.
    """
    periods = range(int(alarm.evaluation_periods))
    dimensions = {dimension.name: dimension.value or "" for dimension in alarm.dimensions}
    if alarm.namespace == "AWS/SQS" and alarm.metric_name in _DEPTHS:
        queues = get_backend("sqs")[account][alarm.region_name].queues
        queue = queues.get(dimensions.get("QueueName", ""))
        depth = _DEPTHS[alarm.metric_name](queue) if isinstance(queue, DeployedQueue) else None
        return [depth for _ in periods]
    data = get_backend("cloudwatch")[account][alarm.region_name].metric_data
    measured = [
        (datum.timestamp.replace(tzinfo=UTC), datum.value)
        for datum in list(data)
        if isinstance(datum, MetricDatum)
        and (datum.namespace, datum.name) == (alarm.namespace, alarm.metric_name)
        and {found.name: found.value for found in datum.dimensions} == dimensions
    ]
    length = timedelta(seconds=int(alarm.period))
    windows = [
        [value for time, value in measured if at - length * (n + 1) < time <= at - length * n]
        for n in periods
    ]
    return [_STATISTICS[alarm.statistic](window) if window else None for window in windows]


def judge(alarm: Alarm, measured: Sequence[float | None]) -> tuple[State, str]:
    """The state that these values make, and why, by the alarm's treatment of missing data."""
    threshold, compare = float(alarm.threshold), _COMPARE[alarm.comparison_operator]
    there = [value for value in measured if value is not None]
    missing = len(measured) - len(there)
    breaching = sum(compare(value, threshold) for value in there)
    treatment = alarm.treat_missing_data or "missing"
    if treatment == "breaching":
        breaching += missing
    needed = int(alarm.datapoints_to_alarm or alarm.evaluation_periods)
    reason = (
        f"{breaching} of the last {len(measured)} datapoints {there} breach the threshold: "
        f"{alarm.comparison_operator} {threshold:g}; {missing} missing, treated as {treatment}"
    )
    if not there and treatment == "missing":
        return "INSUFFICIENT_DATA", reason
    if not there and treatment == "ignore":
        return alarm.state_value, reason
    return ("ALARM" if breaching >= needed else "OK"), reason
