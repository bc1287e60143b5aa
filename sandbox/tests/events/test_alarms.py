"""Alarms, evaluated on demand."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.tests.deployed_aws import DeployedAws, sends

NOW = datetime.now(UTC)


def alarm(aws: DeployedAws, **settings: Any) -> str:
    name = aws.name("alarm")
    defaults = {
        "AlarmName": name,
        "Namespace": "BackupOrg",
        "MetricName": "Withheld",
        "Statistic": "Sum",
        "Period": 300,
        "EvaluationPeriods": 1,
        "Threshold": 0.0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }
    aws.client("cloudwatch").put_metric_alarm(**(defaults | settings))
    return name


def measure(aws: DeployedAws, metric: str, *minutes_ago: float, value: float = 1.0) -> None:
    aws.client("cloudwatch").put_metric_data(
        Namespace="BackupOrg",
        MetricData=[
            {"MetricName": metric, "Value": value, "Timestamp": NOW - timedelta(minutes=ago)}
            for ago in minutes_ago
        ],
    )


def state(aws: DeployedAws, name: str, at: datetime = NOW) -> str:
    judged = aws.pump.alarms.evaluate({"at": at.isoformat()})["alarms"]
    return next(entry["state"] for entry in judged if entry["name"] == name)


def test_a_period_without_a_value_is_ok_or_leaves_the_state(aws: DeployedAws) -> None:
    metric = aws.name("Metric")
    fine = alarm(aws, MetricName=metric)
    stays = alarm(aws, MetricName=metric, TreatMissingData="ignore")
    before = state(aws, stays)
    measure(aws, metric, 1)
    assert (state(aws, fine), state(aws, stays)) == ("ALARM", "ALARM")
    later = NOW + timedelta(minutes=10)
    assert (state(aws, fine, later), state(aws, stays, later)) == ("OK", "ALARM")
    assert before == "OK"  # as moto begins


@pytest.mark.parametrize(
    ("statistic", "threshold", "expected"),
    [("Sum", 8.0, "ALARM"), ("Sum", 9.0, "OK"), ("Maximum", 6.0, "ALARM"), ("Maximum", 7.0, "OK")],
)
def test_a_statistic_is_taken_over_the_period(
    aws: DeployedAws, statistic: str, threshold: float, expected: str
) -> None:
    metric = aws.name("Metric")
    for value in (2.0, 7.0):
        measure(aws, metric, 1, value=value)
    measure(aws, metric, 6, value=100.0)
    name = alarm(aws, MetricName=metric, Statistic=statistic, Threshold=threshold)
    assert state(aws, name) == expected


def test_a_message_that_lies_for_long_raises_an_alarm(aws: DeployedAws) -> None:
    queue = aws.queue()
    name = alarm(
        aws,
        Namespace="AWS/SQS",
        MetricName="ApproximateAgeOfOldestMessage",
        Dimensions=[{"Name": "QueueName", "Value": queue.rpartition(":")[2]}],
        Statistic="Maximum",
        Threshold=3600.0,
    )
    later = datetime.now(UTC) + timedelta(hours=2)
    assert state(aws, name, later) == "OK"
    aws.send(queue, "left")
    assert (state(aws, name, later), state(aws, name, datetime.now(UTC))) == ("ALARM", "OK")


def test_a_message_in_a_dead_letter_queue_raises_its_alarm_and_tells_the_topic(
    aws: DeployedAws,
) -> None:
    topic = aws.client("sns").create_topic(Name=aws.name("topic"))["TopicArn"]
    told = aws.queue(sends("sns.amazonaws.com", topic))
    aws.client("sns").subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=told,
        Attributes={"RawMessageDelivery": "true"},
    )
    dead = aws.queue()
    name = alarm(
        aws,
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": dead.rpartition(":")[2]}],
        Statistic="Maximum",
        AlarmActions=[topic],
        OKActions=[topic],
    )
    assert state(aws, name) == "OK"
    aws.send(dead, "failed")
    assert state(aws, name) == "ALARM"
    assert state(aws, name) == "ALARM"
    aws.client("sqs").purge_queue(QueueUrl=aws.url(dead))
    assert state(aws, name) == "OK"
    aws.settle()
    messages = [json.loads(body) for body in aws.bodies(told)]
    assert {(message["OldStateValue"], message["NewStateValue"]) for message in messages} == {
        ("OK", "ALARM"),
        ("ALARM", "OK"),
    }
    assert len(messages) == 2
    described = aws.client("cloudwatch").describe_alarms(AlarmNames=[name])
    assert described["MetricAlarms"][0]["StateValue"] == "OK"


def test_a_change_of_state_is_an_event(aws: DeployedAws) -> None:
    metric = aws.name("Metric")
    name = alarm(aws, MetricName=metric)
    measure(aws, metric, 1)
    queue = aws.queue(sends("events.amazonaws.com"))
    client, rule = aws.client("events"), aws.name("rule")
    pattern = {"source": ["aws.cloudwatch"], "detail": {"alarmName": [name]}}
    client.put_rule(Name=rule, EventPattern=json.dumps(pattern))
    client.put_targets(Rule=rule, Targets=[{"Id": "0", "Arn": queue}])
    assert state(aws, name) == "ALARM"
    aws.settle()
    [event] = [json.loads(body) for body in aws.bodies(queue)]
    assert event["detail-type"] == "CloudWatch Alarm State Change"
    assert event["detail"]["state"]["value"] == "ALARM"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"Statistic": "Average"}, "the statistic Average is not evaluated, but Maximum, Sum"),
        ({"ComparisonOperator": "LessThanThreshold"}, "the comparison LessThanThreshold is not"),
        ({"TreatMissingData": "breaching"}, "the treatment of missing data breaching is not"),
        ({"EvaluationPeriods": 3}, "the number of periods 3 is not evaluated, but 1"),
        ({"InsufficientDataActions": ["arn:aws:sns:r:1:t"]}, "actions without data are not"),
        ({"AlarmActions": ["arn:aws:lambda:r:1:function:f"]}, "is not carried out, but topics"),
    ],
)
def test_an_alarm_that_cannot_be_evaluated_is_named(
    aws: DeployedAws, settings: Any, says: str
) -> None:
    name = alarm(aws, **settings)
    with pytest.raises(ValueError, match=f"{name}: .*{says}"):
        aws.pump.alarms.evaluate({})
    aws.client("cloudwatch").delete_alarms(AlarmNames=[name])


def test_a_mail_that_bounces_raises_an_alarm_of_its_configuration_set(aws: DeployedAws) -> None:
    ses, name = aws.client("sesv2"), aws.name("set")
    ses.create_configuration_set(ConfigurationSetName=name)
    dimension = {
        "DimensionName": "ses:configuration-set",
        "DimensionValueSource": "MESSAGE_TAG",
        "DefaultDimensionValue": "none",
    }
    ses.create_configuration_set_event_destination(
        ConfigurationSetName=name,
        EventDestinationName="metrics",
        EventDestination={
            "Enabled": True,
            "MatchingEventTypes": ["BOUNCE"],
            "CloudWatchDestination": {"DimensionConfigurations": [dimension]},
        },
    )
    ses.create_email_identity(EmailIdentity=f"{name}.example.com")
    bounced = alarm(
        aws,
        Namespace="AWS/SES",
        MetricName="Bounce",
        Dimensions=[{"Name": "ses:configuration-set", "Value": name}],
    )
    states: list[str] = []
    for recipient in ("success", "bounce"):
        ses.send_email(
            FromEmailAddress=f"x@{name}.example.com",
            Destination={"ToAddresses": [f"{recipient}@simulator.amazonses.com"]},
            Content={"Simple": {"Subject": {"Data": "x"}, "Body": {"Text": {"Data": "x"}}}},
            ConfigurationSetName=name,
        )
        states.append(state(aws, bounced, datetime.now(UTC)))
    assert states == ["OK", "ALARM"]
