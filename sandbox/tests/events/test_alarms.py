"""Alarms, evaluated on demand."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aws_sandbox.events.workbench import Workbench, sends

NOW = datetime.now(UTC)


def alarm(bench: Workbench, **settings: Any) -> str:
    name = bench.name("alarm")
    defaults = {
        "AlarmName": name,
        "Namespace": "BackupOrg",
        "MetricName": "Withheld",
        "Statistic": "Sum",
        "Period": 300,
        "EvaluationPeriods": 1,
        "Threshold": 0.0,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    bench.client("cloudwatch").put_metric_alarm(**(defaults | settings))
    return name


def measure(bench: Workbench, metric: str, *minutes_ago: float, value: float = 1.0) -> None:
    bench.client("cloudwatch").put_metric_data(
        Namespace="BackupOrg",
        MetricData=[
            {"MetricName": metric, "Value": value, "Timestamp": NOW - timedelta(minutes=ago)}
            for ago in minutes_ago
        ],
    )


def state(bench: Workbench, name: str, at: datetime = NOW) -> str:
    judged = bench.pump.evaluate_alarms({"at": at.isoformat()})["alarms"]
    return next(entry["state"] for entry in judged if entry["name"] == name)


@pytest.mark.parametrize(
    ("treatment", "expected"),
    [
        ("missing", "INSUFFICIENT_DATA"),
        ("breaching", "ALARM"),
        ("notBreaching", "OK"),
        ("ignore", "OK"),
    ],
)
def test_what_was_not_measured_is_treated_as_the_alarm_says(
    bench: Workbench, treatment: str, expected: str
) -> None:
    assert state(bench, alarm(bench, TreatMissingData=treatment)) == expected


def test_enough_breaching_periods_raise_the_alarm(bench: Workbench) -> None:
    metric = bench.name("Metric")
    settings = {"MetricName": metric, "EvaluationPeriods": 3, "DatapointsToAlarm": 2}
    name = alarm(bench, **settings, TreatMissingData="notBreaching")
    measure(bench, metric, 1)
    assert state(bench, name) == "OK"
    measure(bench, metric, 12)
    assert state(bench, name) == "ALARM"
    assert state(bench, name, NOW + timedelta(minutes=10)) == "OK"


@pytest.mark.parametrize(
    ("statistic", "threshold", "expected"),
    [
        ("Sum", 9.0, "ALARM"),
        ("Average", 5.0, "OK"),
        ("Maximum", 7.0, "ALARM"),
        ("Minimum", 2.5, "OK"),
        ("SampleCount", 2.0, "ALARM"),
    ],
)
def test_a_statistic_is_taken_over_the_period(
    bench: Workbench, statistic: str, threshold: float, expected: str
) -> None:
    metric = bench.name("Metric")
    for value in (2.0, 7.0):
        measure(bench, metric, 1, value=value)
    name = alarm(
        bench,
        MetricName=metric,
        Statistic=statistic,
        Threshold=threshold,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )
    assert state(bench, name) == expected


def test_a_message_in_a_dead_letter_queue_raises_its_alarm_and_tells_the_topic(
    bench: Workbench,
) -> None:
    topic = bench.client("sns").create_topic(Name=bench.name("topic"))["TopicArn"]
    told = bench.queue(sends("sns.amazonaws.com", topic))
    bench.client("sns").subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=told,
        Attributes={"RawMessageDelivery": "true"},
    )
    dead = bench.queue()
    name = alarm(
        bench,
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": dead.rpartition(":")[2]}],
        Statistic="Maximum",
        AlarmActions=[topic],
        OKActions=[topic],
    )
    assert state(bench, name) == "OK"
    bench.send(dead, "failed")
    assert state(bench, name) == "ALARM"
    assert state(bench, name) == "ALARM"
    bench.client("sqs").purge_queue(QueueUrl=bench.url(dead))
    assert state(bench, name) == "OK"
    bench.settle()
    messages = [json.loads(body) for body in bench.bodies(told)]
    assert {(message["OldStateValue"], message["NewStateValue"]) for message in messages} == {
        ("OK", "ALARM"),
        ("ALARM", "OK"),
    }
    assert len(messages) == 2
    described = bench.client("cloudwatch").describe_alarms(AlarmNames=[name])
    assert described["MetricAlarms"][0]["StateValue"] == "OK"


def test_a_change_of_state_is_an_event(bench: Workbench) -> None:
    name = alarm(bench, TreatMissingData="breaching")
    queue = bench.queue(sends("events.amazonaws.com"))
    client, rule = bench.client("events"), bench.name("rule")
    pattern = {"source": ["aws.cloudwatch"], "detail": {"alarmName": [name]}}
    client.put_rule(Name=rule, EventPattern=json.dumps(pattern))
    client.put_targets(Rule=rule, Targets=[{"Id": "0", "Arn": queue}])
    assert state(bench, name) == "ALARM"
    bench.settle()
    [event] = [json.loads(body) for body in bench.bodies(queue)]
    assert event["detail-type"] == "CloudWatch Alarm State Change"
    assert event["detail"]["state"]["value"] == "ALARM"


def test_an_alarm_that_cannot_be_evaluated_is_named(bench: Workbench) -> None:
    name = bench.name("alarm")
    bench.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        Threshold=1.0,
        Metrics=[{"Id": "e", "Expression": "SUM(METRICS())", "ReturnData": True}],
    )
    with pytest.raises(ValueError, match=f"{name}: metric math is not evaluated"):
        bench.pump.evaluate_alarms({})
    bench.client("cloudwatch").delete_alarms(AlarmNames=[name])
