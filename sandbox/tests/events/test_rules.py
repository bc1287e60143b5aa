"""Events on buses: the rules they meet, and the targets they reach or do not reach."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_sandbox.events.workbench import (
    AUDIT,
    MEMBER,
    OTHER,
    REGION,
    Workbench,
    allow,
    policy,
    sends,
)

FAILED = {"source": ["aws.backup"], "detail": {"state": ["FAILED"]}}
JOB = {
    "source": "aws.backup",
    "detail-type": "Backup Job State Change",
    "resources": ["arn:aws:ec2:eu-central-1:333333333333:volume/vol-1"],
    "detail": {"state": "FAILED", "backupJobId": "1"},
    "time": "2026-11-22T05:00:00+00:00",
}


def rule(
    bench: Workbench,
    *targets: Mapping[str, Any],
    bus: str = "default",
    account: str = MEMBER,
    pattern: Mapping[str, Any] = FAILED,
) -> str:
    """A rule with these targets; gives its ARN."""
    client, name = bench.client("events", account), bench.name("rule")
    arn = client.put_rule(Name=name, EventPattern=json.dumps(pattern), EventBusName=bus)["RuleArn"]
    listed = [{"Id": str(number), **target} for number, target in enumerate(targets)]
    if listed:
        client.put_targets(Rule=name, EventBusName=bus, Targets=listed)
    return arn


def central_bus(bench: Workbench, *statements: Mapping[str, Any], account: str = AUDIT) -> str:
    client, name = bench.client("events", account), bench.name("bus")
    arn = client.create_event_bus(Name=name)["EventBusArn"]
    if statements:
        scoped = [{**statement, "Resource": arn} for statement in statements]
        client.put_permission(EventBusName=name, Policy=policy(*scoped))
    return arn


def dead_letter(bench: Workbench, queue: str) -> tuple[Any, dict[str, str]]:
    """The event and the attributes of the one message that is there."""
    [message] = bench.messages(queue)
    attributes = message["MessageAttributes"]
    return json.loads(message["Body"]), {
        name: attribute["StringValue"] for name, attribute in attributes.items()
    }


ORGANIZATION = allow(
    "events:PutEvents",
    principal="*",
    condition={"StringEquals": {"aws:PrincipalOrgID": "o-exampleorg1"}},
)


def test_an_event_reaches_a_queue_whose_policy_admits_the_rule(bench: Workbench) -> None:
    queue = bench.queue(sends("events.amazonaws.com"), account=MEMBER)
    rule(bench, {"Arn": queue})
    bench.pump.emit(MEMBER, REGION, JOB)
    bench.pump.emit(MEMBER, REGION, {**JOB, "detail": {"state": "COMPLETED"}})
    bench.settle()
    [message] = bench.messages(queue)
    event = json.loads(message["Body"])
    assert event == {
        "version": "0",
        "id": event["id"],
        "detail-type": "Backup Job State Change",
        "source": "aws.backup",
        "account": MEMBER,
        "time": "2026-11-22T05:00:00Z",
        "region": REGION,
        "resources": JOB["resources"],
        "detail": JOB["detail"],
    }


def test_a_queue_that_admits_another_rule_refuses_and_the_dead_letter_says_why(
    bench: Workbench,
) -> None:
    other = f"arn:aws:events:{REGION}:{MEMBER}:rule/other"
    queue = bench.queue(sends("events.amazonaws.com", other), account=MEMBER)
    dead = bench.queue(sends("events.amazonaws.com"), account=MEMBER)
    arn = rule(bench, {"Arn": queue, "DeadLetterConfig": {"Arn": dead}})
    bench.pump.emit(MEMBER, REGION, JOB)
    bench.settle()
    assert bench.messages(queue) == []
    event, attributes = dead_letter(bench, dead)
    assert event["detail"] == JOB["detail"]
    reason = attributes.pop("ERROR_MESSAGE")
    assert "allows sqs:SendMessage" in reason
    assert attributes == {
        "RULE_ARN": arn,
        "TARGET_ARN": queue,
        "ERROR_CODE": "NO_PERMISSIONS",
        "RETRY_ATTEMPTS": "0",
    }
    [refused] = bench.hops(arn, queue)
    assert (refused.outcome, refused.reason) == ("refused", reason)


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("arn:aws:sqs:{region}:{account}:missing", "NO_RESOURCE"),
        ("arn:aws:sns:{region}:{account}:missing", "NO_RESOURCE"),
        ("arn:aws:lambda:{region}:{account}:function:missing", "NO_RESOURCE"),
        ("arn:aws:events:{region}:{account}:event-bus/missing", "NO_RESOURCE"),
        ("arn:aws:ssm:{region}:{account}:automation-definition/Run:$DEFAULT", "UNKNOWN"),
    ],
)
def test_a_target_that_is_missing_or_of_an_unknown_kind_makes_a_dead_letter(
    bench: Workbench, target: str, code: str
) -> None:
    dead = bench.queue(sends("events.amazonaws.com"), account=MEMBER)
    arn = target.format(region=REGION, account=MEMBER)
    source = rule(bench, {"Arn": arn, "DeadLetterConfig": {"Arn": dead}})
    bench.pump.emit(MEMBER, REGION, JOB)
    bench.settle()
    _, attributes = dead_letter(bench, dead)
    assert (attributes["ERROR_CODE"], attributes["TARGET_ARN"]) == (code, arn)
    [hop] = bench.hops(source, arn)
    assert hop.outcome == ("refused" if code == "UNKNOWN" else "failed")


def test_a_fifo_queue_is_refused(bench: Workbench) -> None:
    name = f"{bench.name('queue')}.fifo"
    bench.client("sqs", MEMBER).create_queue(QueueName=name, Attributes={"FifoQueue": "true"})
    queue = f"arn:aws:sqs:{REGION}:{MEMBER}:{name}"
    bench.client("sqs", MEMBER).set_queue_attributes(
        QueueUrl=bench.url(queue),
        Attributes={"Policy": policy(sends("events.amazonaws.com")(queue))},
    )
    rule(bench, {"Arn": queue, "SqsParameters": {"MessageGroupId": "g"}})
    bench.pump.emit(MEMBER, REGION, JOB)
    bench.settle()
    assert "FIFO" in bench.hops(target=queue)[0].reason


def test_an_event_crosses_to_another_account_with_the_targets_role(bench: Workbench) -> None:
    bus = central_bus(bench, ORGANIZATION)
    queue = bench.queue(sends("events.amazonaws.com"))
    rule(bench, {"Arn": queue}, bus=bus.rpartition("/")[2], account=AUDIT)
    role = bench.role(
        "events.amazonaws.com", allow("events:PutEvents", resource=bus), account=MEMBER
    )
    rule(bench, {"Arn": bus, "RoleArn": role})
    bench.pump.emit(MEMBER, REGION, JOB)
    bench.settle()
    [message] = bench.messages(queue)
    event = json.loads(message["Body"])
    assert (event["account"], event["time"]) == (MEMBER, "2026-11-22T05:00:00Z")


@pytest.mark.parametrize(
    ("trusted", "allowed", "statements", "code"),
    [
        ("events.amazonaws.com", True, [], "NO_PERMISSIONS"),
        ("events.amazonaws.com", False, [ORGANIZATION], "NO_PERMISSIONS"),
        ("lambda.amazonaws.com", True, [ORGANIZATION], "FAILED_TO_ASSUME_ROLE"),
        (
            "events.amazonaws.com",
            True,
            [
                allow(
                    "events:PutEvents",
                    principal="*",
                    condition={"StringEquals": {"aws:PrincipalOrgID": "o-someoneelse"}},
                )
            ],
            "NO_PERMISSIONS",
        ),
    ],
)
def test_a_crossing_needs_the_bus_the_role_and_its_trust(
    bench: Workbench, trusted: str, allowed: bool, statements: Any, code: str
) -> None:
    bus = central_bus(bench, *statements)
    permissions = [allow("events:PutEvents", resource=bus)] if allowed else []
    role = bench.role(trusted, *permissions, account=MEMBER)
    dead = bench.queue(sends("events.amazonaws.com"), account=MEMBER)
    rule(bench, {"Arn": bus, "RoleArn": role, "DeadLetterConfig": {"Arn": dead}})
    bench.pump.emit(MEMBER, REGION, JOB)
    bench.settle()
    _, attributes = dead_letter(bench, dead)
    assert attributes["ERROR_CODE"] == code
    assert [hop.outcome for hop in bench.hops(target=bus)] == ["refused"]


def test_an_event_crosses_to_another_region_of_another_account(bench: Workbench) -> None:
    elsewhere = "us-east-1"
    name = bench.name("bus")
    client = bench.client("events", AUDIT, elsewhere)
    bus = client.create_event_bus(Name=name)["EventBusArn"]
    admitted = policy({**ORGANIZATION, "Resource": bus})
    client.put_permission(EventBusName=name, Policy=admitted)
    role = bench.role(
        "events.amazonaws.com", allow("events:PutEvents", resource=bus), account=MEMBER
    )
    rule(bench, {"Arn": bus, "RoleArn": role})
    bench.pump.emit(MEMBER, REGION, JOB)
    bench.settle()
    arrived = bench.hops("aws.backup", bus)
    assert [(hop.outcome, hop.reason) for hop in arrived] == [("carried", "no rule matches")]


def test_an_archive_keeps_the_events_that_match_it(bench: Workbench) -> None:
    client, name = bench.client("events", MEMBER), bench.name("archive")
    bus = f"arn:aws:events:{REGION}:{MEMBER}:event-bus/default"
    client.create_archive(ArchiveName=name, EventSourceArn=bus, EventPattern=json.dumps(FAILED))
    bench.pump.emit(MEMBER, REGION, JOB)
    bench.pump.emit(MEMBER, REGION, {**JOB, "detail": {"state": "COMPLETED"}})
    bench.settle()
    assert client.describe_archive(ArchiveName=name)["EventCount"] == 1
    client.delete_archive(ArchiveName=name)


def test_an_event_from_another_bus_is_not_sent_to_a_third(bench: Workbench) -> None:
    third = central_bus(bench, ORGANIZATION, account=OTHER)
    second = central_bus(bench, ORGANIZATION)
    dead = bench.queue(sends("events.amazonaws.com"))
    for bus, target, account in (("default", second, MEMBER), (second, third, AUDIT)):
        role = bench.role(
            "events.amazonaws.com", allow("events:PutEvents", resource=target), account=account
        )
        rule(
            bench,
            {"Arn": target, "RoleArn": role, "DeadLetterConfig": {"Arn": dead}},
            bus=bus.rpartition("/")[2],
            account=account,
        )
    bench.pump.emit(MEMBER, REGION, JOB)
    bench.settle()
    _, attributes = dead_letter(bench, dead)
    assert attributes["ERROR_CODE"] == "THIRD_ACCOUNT_HOP_DETECTED"
    assert attributes["TARGET_ARN"] == third


def test_a_failure_that_may_pass_is_retried(bench: Workbench) -> None:
    queue = bench.queue(sends("events.amazonaws.com"), account=MEMBER)
    dead = bench.queue(sends("events.amazonaws.com"), account=MEMBER)
    target = {
        "Arn": queue,
        "DeadLetterConfig": {"Arn": dead},
        "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 300},
    }
    arn = rule(bench, target)
    fail_next = {"target": queue, "times": 2, "code": "THROTTLING"}
    bench.pump.fail_next(fail_next)
    bench.pump.emit(MEMBER, REGION, JOB)
    bench.settle()
    assert [hop.outcome for hop in bench.hops(arn, queue)] == ["failed", "failed", "carried"]
    assert len(bench.messages(queue)) == 1

    bench.pump.fail_next({**fail_next, "times": 3})
    bench.pump.emit(MEMBER, REGION, JOB)
    bench.settle()
    _, attributes = dead_letter(bench, dead)
    assert attributes["ERROR_CODE"] == "THROTTLING"
    assert attributes["EXHAUSTED_RETRY_CONDITION"] == "MaximumRetryAttempts"
    assert attributes["RETRY_ATTEMPTS"] == "2"


def test_the_transformed_input_is_what_the_target_receives(bench: Workbench) -> None:
    queue = bench.queue(sends("events.amazonaws.com"), account=MEMBER)
    transformer = {
        "InputPathsMap": {"job": "$.detail.backupJobId"},
        "InputTemplate": '{"job": <job>}',
    }
    rule(bench, {"Arn": queue, "InputTransformer": transformer}, {"Arn": queue, "Input": '"x"'})
    bench.pump.emit(MEMBER, REGION, JOB)
    bench.settle()
    assert bench.bodies(queue) == ['"x"', '{"job": "1"}']


def test_a_disabled_rule_carries_nothing(bench: Workbench) -> None:
    queue = bench.queue(sends("events.amazonaws.com"), account=MEMBER)
    arn = rule(bench, {"Arn": queue})
    bench.client("events", MEMBER).disable_rule(Name=arn.rpartition("/")[2])
    bench.pump.emit(MEMBER, REGION, JOB)
    bench.settle()
    assert bench.messages(queue) == []


def test_a_scheduled_rule_fires_on_demand(bench: Workbench) -> None:
    queue = bench.queue(sends("events.amazonaws.com"), account=MEMBER)
    client, name = bench.client("events", MEMBER), bench.name("rule")
    arn = client.put_rule(Name=name, ScheduleExpression="cron(0 6 * * ? *)")["RuleArn"]
    client.put_targets(Rule=name, Targets=[{"Id": "0", "Arn": queue}])
    bench.pump.fire_schedule({"account": MEMBER, "region": REGION, "rule": name})
    bench.settle()
    [message] = bench.messages(queue)
    event = json.loads(message["Body"])
    assert (event["source"], event["detail-type"]) == ("aws.events", "Scheduled Event")
    assert (event["resources"], event["detail"]) == ([arn], {})
    with pytest.raises(ValueError, match=f"no scheduled rule 'other' .* it has {name}"):
        bench.pump.fire_schedule({"account": MEMBER, "region": REGION, "rule": "other"})


def test_put_events_answers_entry_by_entry_as_eventbridge_does(bench: Workbench) -> None:
    queue = bench.queue(sends("events.amazonaws.com"), account=MEMBER)
    rule(bench, {"Arn": queue}, pattern={"source": ["app"]})
    good = {"Source": "app", "DetailType": "t", "Detail": '{"a": 1}', "Resources": ["r"]}
    entries = [
        good,
        {**good, "Source": "aws.backup"},
        {**good, "Detail": "[1]"},
        {**good, "Detail": "{"},
        {**good, "EventBusName": "missing"},
        {"Source": "app", "Detail": "{}"},
    ]
    answer = bench.client("events", MEMBER).put_events(Entries=entries)
    assert [entry.get("ErrorCode") for entry in answer["Entries"]] == [
        None,
        "NotAuthorizedForSourceException",
        "MalformedDetail",
        "MalformedDetail",
        "ResourceNotFoundException",
        "InvalidArgument",
    ]
    bench.settle()
    [message] = bench.messages(queue)
    event = json.loads(message["Body"])
    assert event["id"] == answer["Entries"][0]["EventId"]
    assert (event["detail"], event["resources"]) == ({"a": 1}, ["r"])
    with pytest.raises(ClientError, match="over the limit"):
        bench.client("events").put_events(Entries=[{**good, "DetailType": "x" * 262_144}])


def test_a_pattern_or_target_that_eventbridge_refuses_is_refused_when_put(
    bench: Workbench,
) -> None:
    client = bench.client("events")
    with pytest.raises(ClientError, match=r"detail\.state\[0\]: unknown operator 'like'"):
        client.put_rule(Name="bad", EventPattern='{"detail": {"state": [{"like": "x"}]}}')
    arn = rule(bench, account=AUDIT)
    with pytest.raises(ClientError, match="Provided Arn is not in correct format"):
        client.put_targets(Rule=arn.rpartition("/")[2], Targets=[{"Id": "0", "Arn": "arn:aws:sqs"}])
    with pytest.raises(ClientError, match="Modifying the input for target 0 is not supported"):
        client.put_targets(
            Rule=arn.rpartition("/")[2],
            Targets=[{"Id": "0", "Arn": central_bus(bench), "Input": "{}"}],
        )


def test_a_pattern_can_be_tested_through_the_api(bench: Workbench) -> None:
    client = bench.client("events")
    event = {"id": "1", "source": "aws.backup", "detail": {"state": "FAILED"}}
    for pattern, expected in ((FAILED, True), ({"source": ["aws.s3"]}, False)):
        answer = client.test_event_pattern(
            EventPattern=json.dumps(pattern), Event=json.dumps(event)
        )
        assert answer["Result"] is expected


def test_an_event_of_a_service_is_refused_when_something_is_missing(bench: Workbench) -> None:
    with pytest.raises(ValueError, match="this one has detail, source"):
        bench.pump.emit(MEMBER, REGION, {"source": "aws.backup", "detail": {}})
