"""CloudWatch's metric alarms, evaluated on demand: state, actions and event."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from moto.backends import get_backend
from moto.cloudwatch.models import Alarm

from aws_sandbox.aws.arns import Arn
from aws_sandbox.events.alarm_values import State, judge, unsupported, values
from aws_sandbox.events.endpoints import Endpoints, Message
from aws_sandbox.events.event import Event
from aws_sandbox.events.senders import DeliveryError, Sender


class Alarms:
    """Every alarm of every account and Region, as CloudWatch would judge it now."""

    def __init__(self, *, endpoints: Endpoints, accept: Callable[[str, Event], None]) -> None:
        """`accept` puts an event on the bus with this ARN."""
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
            if problem := unsupported(alarm):
                problems.append(f"{alarm.alarm_arn}: {problem}")
            else:
                judged.append(self._evaluate(account, alarm, at))
        if problems:
            raise ValueError("; ".join(problems))
        return {"alarms": judged}

    def _evaluate(self, account: str, alarm: Alarm, at: datetime) -> Mapping[str, Any]:
        before: State = alarm.state_value
        state, reason = judge(alarm, values(account, alarm, at))
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

    def _tell(self, account: str, alarm: Alarm, before: State) -> None:
        sender = Sender(
            service="cloudwatch.amazonaws.com",
            source_arn=alarm.alarm_arn,
            source_account=account,
        )
        message = Message(
            body=json.dumps(_notification(account, alarm, before)),
            subject=f'{alarm.state_value}: "{alarm.name}" in {alarm.region_name}'[:100],
        )
        for action in _actions(alarm):
            try:
                if Arn.parse(action).service != "sns":
                    self._endpoints.refuse(sender, action, "alarm actions but topics")
                self._endpoints.publish(sender, action, message)
            except DeliveryError:
                continue  # it stands in the journal; CloudWatch notes it in the alarm's history
        bus = f"arn:aws:events:{alarm.region_name}:{account}:event-bus/default"
        self._accept(bus, _event(account, alarm, before))


def _alarms() -> list[tuple[str, Alarm]]:
    return [
        (account, alarm)
        for account, regions in list(get_backend("cloudwatch").items())
        for backend in list(regions.values())
        for alarm in list(backend.alarms.values())
    ]


def _actions(alarm: Alarm) -> list[str]:
    if not alarm.actions_enabled:
        return []
    by_state: Mapping[State, list[str]] = {
        "ALARM": alarm.alarm_actions or [],
        "OK": alarm.ok_actions,
        "INSUFFICIENT_DATA": alarm.insufficient_data_actions,
    }
    return by_state[alarm.state_value]


def _notification(account: str, alarm: Alarm, before: State) -> Mapping[str, Any]:
    """The message that an alarm's action publishes."""
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
        "OKActions": alarm.ok_actions,
        "AlarmActions": alarm.alarm_actions,
        "InsufficientDataActions": alarm.insufficient_data_actions,
        "Trigger": {
            "MetricName": alarm.metric_name,
            "Namespace": alarm.namespace,
            "StatisticType": "Statistic",
            "Statistic": alarm.statistic.upper(),
            "Unit": alarm.unit,
            "Dimensions": [
                {"name": dimension.name, "value": dimension.value} for dimension in alarm.dimensions
            ],
            "Period": int(alarm.period),
            "EvaluationPeriods": int(alarm.evaluation_periods),
            "ComparisonOperator": alarm.comparison_operator,
            "Threshold": float(alarm.threshold),
            "TreatMissingData": alarm.treat_missing_data or "missing",
        },
    }


def _event(account: str, alarm: Alarm, before: State) -> Event:
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
