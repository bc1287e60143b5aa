"""Events on buses: the rules they meet, and the targets they reach or do not reach."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.tests.deployed_aws import (
    AUDIT,
    MEMBER,
    OTHER,
    REGION,
    DeployedAws,
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
    aws: DeployedAws,
    *targets: Mapping[str, Any],
    bus: str = "default",
    account: str = MEMBER,
    pattern: Mapping[str, Any] = FAILED,
) -> str:
    """A rule with these targets; gives its ARN."""
    client, name = aws.client("events", account), aws.name("rule")
    arn = client.put_rule(Name=name, EventPattern=json.dumps(pattern), EventBusName=bus)["RuleArn"]
    listed = [{"Id": str(number), **target} for number, target in enumerate(targets)]
    if listed:
        client.put_targets(Rule=name, EventBusName=bus, Targets=listed)
    return arn


def central_bus(aws: DeployedAws, *statements: Mapping[str, Any], account: str = AUDIT) -> str:
    client, name = aws.client("events", account), aws.name("bus")
    arn = client.create_event_bus(Name=name)["EventBusArn"]
    if statements:
        scoped = [{**statement, "Resource": arn} for statement in statements]
        client.put_permission(EventBusName=name, Policy=policy(*scoped))
    return arn


def dead_letter(aws: DeployedAws, queue: str) -> tuple[Any, dict[str, str]]:
    """The event and the attributes of the one message that is there."""
    [message] = aws.messages(queue)
    attributes = message["MessageAttributes"]
    return json.loads(message["Body"]), {
        name: attribute["StringValue"] for name, attribute in attributes.items()
    }


QUEUE = f"arn:aws:sqs:{REGION}:{AUDIT}:any"
ORGANIZATION = allow(
    "events:PutEvents",
    principal="*",
    condition={"StringEquals": {"aws:PrincipalOrgID": "o-exampleorg1"}},
)


def test_an_event_reaches_a_queue_whose_policy_admits_the_rule(aws: DeployedAws) -> None:
    queue = aws.queue(sends("events.amazonaws.com"), account=MEMBER)
    rule(aws, {"Arn": queue})
    aws.pump.eventbridge.emit(MEMBER, REGION, JOB)
    aws.pump.eventbridge.emit(MEMBER, REGION, {**JOB, "detail": {"state": "COMPLETED"}})
    aws.settle()
    [message] = aws.messages(queue)
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


def test_a_clients_event_meets_rules_as_others_do_but_never_as_a_services(
    aws: DeployedAws,
) -> None:
    queue = aws.queue(sends("events.amazonaws.com"), account=MEMBER)
    rule(aws, {"Arn": queue}, pattern={"source": ["ours", "aws.backup"]})
    entry = {"DetailType": "Told", "Detail": '{"a": 1}', "Resources": ["arn:of:it"]}
    events = aws.client("events", MEMBER)
    answer = events.put_events(Entries=[{**entry, "Source": s} for s in ("ours", "aws.backup")])
    aws.settle()
    [message] = aws.messages(queue)
    told = json.loads(message["Body"])
    assert (told["source"], told["detail"], told["account"]) == ("ours", {"a": 1}, MEMBER)
    assert [told["id"], "NotAuthorizedForSourceException"] == [
        answer["Entries"][0]["EventId"],
        answer["Entries"][1]["ErrorCode"],
    ]
    assert answer["FailedEntryCount"] == 1
    with pytest.raises(ClientError, match="default one"):
        events.put_events(Entries=[{**entry, "Source": "ours", "EventBusName": "other"}])


def test_a_queue_that_admits_another_rule_refuses_and_the_dead_letter_says_why(
    aws: DeployedAws,
) -> None:
    other = f"arn:aws:events:{REGION}:{MEMBER}:rule/other"
    queue = aws.queue(sends("events.amazonaws.com", other), account=MEMBER)
    dead = aws.queue(sends("events.amazonaws.com"), account=MEMBER)
    arn = rule(aws, {"Arn": queue, "DeadLetterConfig": {"Arn": dead}})
    aws.pump.eventbridge.emit(MEMBER, REGION, JOB)
    aws.settle()
    assert aws.messages(queue) == []
    event, attributes = dead_letter(aws, dead)
    assert event["detail"] == JOB["detail"]
    reason = attributes.pop("ERROR_MESSAGE")
    assert "allows sqs:SendMessage" in reason
    assert attributes == {
        "RULE_ARN": arn,
        "TARGET_ARN": queue,
        "ERROR_CODE": "NO_PERMISSIONS",
        "RETRY_ATTEMPTS": "0",
    }
    [refused] = aws.entries(arn, queue)
    assert (refused.outcome, refused.reason) == ("refused", reason)


@pytest.mark.parametrize(
    "target",
    [
        "arn:aws:sqs:{region}:{account}:missing",
        "arn:aws:sns:{region}:{account}:missing",
        "arn:aws:lambda:{region}:{account}:function:missing",
        "arn:aws:events:{region}:{account}:event-bus/missing",
    ],
)
def test_a_target_that_is_missing_makes_a_dead_letter(aws: DeployedAws, target: str) -> None:
    dead = aws.queue(sends("events.amazonaws.com"), account=MEMBER)
    arn = target.format(region=REGION, account=MEMBER)
    source = rule(aws, {"Arn": arn, "DeadLetterConfig": {"Arn": dead}})
    aws.pump.eventbridge.emit(MEMBER, REGION, JOB)
    aws.settle()
    _, attributes = dead_letter(aws, dead)
    assert (attributes["ERROR_CODE"], attributes["TARGET_ARN"]) == ("NO_RESOURCE", arn)
    [entry] = aws.entries(source, arn)
    assert entry.outcome == "failed"


def test_an_event_crosses_to_another_account_with_the_targets_role(aws: DeployedAws) -> None:
    bus = central_bus(aws, ORGANIZATION)
    queue = aws.queue(sends("events.amazonaws.com"))
    rule(aws, {"Arn": queue}, bus=bus.rpartition("/")[2], account=AUDIT)
    role = aws.role("events.amazonaws.com", allow("events:PutEvents", resource=bus), account=MEMBER)
    rule(aws, {"Arn": bus, "RoleArn": role})
    aws.pump.eventbridge.emit(MEMBER, REGION, JOB)
    aws.settle()
    [message] = aws.messages(queue)
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
        (
            "events.amazonaws.com",
            True,
            [
                allow(
                    "events:PutEvents",
                    principal="*",
                    condition={
                        "StringEquals": {"aws:PrincipalOrgID": "o-exampleorg1"},
                        "ForAllValues:StringEquals": {"events:source": ["ours"]},
                    },
                )
            ],
            "NO_PERMISSIONS",
        ),
    ],
)
def test_a_crossing_needs_the_bus_the_role_and_its_trust(
    aws: DeployedAws, trusted: str, allowed: bool, statements: Any, code: str
) -> None:
    bus = central_bus(aws, *statements)
    permissions = [allow("events:PutEvents", resource=bus)] if allowed else []
    role = aws.role(trusted, *permissions, account=MEMBER)
    dead = aws.queue(sends("events.amazonaws.com"), account=MEMBER)
    rule(aws, {"Arn": bus, "RoleArn": role, "DeadLetterConfig": {"Arn": dead}})
    aws.pump.eventbridge.emit(MEMBER, REGION, JOB)
    aws.settle()
    _, attributes = dead_letter(aws, dead)
    assert attributes["ERROR_CODE"] == code
    assert [entry.outcome for entry in aws.entries(target=bus)] == ["refused"]


def test_an_event_crosses_to_another_region_of_another_account(aws: DeployedAws) -> None:
    elsewhere = "us-east-1"
    name = aws.name("bus")
    client = aws.client("events", AUDIT, elsewhere)
    bus = client.create_event_bus(Name=name)["EventBusArn"]
    admitted = policy({**ORGANIZATION, "Resource": bus})
    client.put_permission(EventBusName=name, Policy=admitted)
    role = aws.role("events.amazonaws.com", allow("events:PutEvents", resource=bus), account=MEMBER)
    rule(aws, {"Arn": bus, "RoleArn": role})
    aws.pump.eventbridge.emit(MEMBER, REGION, JOB)
    aws.settle()
    arrived = aws.entries("aws.backup", bus)
    assert [(entry.outcome, entry.reason) for entry in arrived] == [("carried", "no rule matches")]


def test_an_event_from_another_bus_is_not_sent_to_a_third(aws: DeployedAws) -> None:
    third = central_bus(aws, ORGANIZATION, account=OTHER)
    second = central_bus(aws, ORGANIZATION)
    dead = aws.queue(sends("events.amazonaws.com"))
    for bus, target, account in (("default", second, MEMBER), (second, third, AUDIT)):
        role = aws.role(
            "events.amazonaws.com", allow("events:PutEvents", resource=target), account=account
        )
        rule(
            aws,
            {"Arn": target, "RoleArn": role, "DeadLetterConfig": {"Arn": dead}},
            bus=bus.rpartition("/")[2],
            account=account,
        )
    aws.pump.eventbridge.emit(MEMBER, REGION, JOB)
    aws.settle()
    _, attributes = dead_letter(aws, dead)
    assert attributes["ERROR_CODE"] == "THIRD_ACCOUNT_HOP_DETECTED"
    assert attributes["TARGET_ARN"] == third


def test_a_disabled_rule_carries_nothing(aws: DeployedAws) -> None:
    queue = aws.queue(sends("events.amazonaws.com"), account=MEMBER)
    arn = rule(aws, {"Arn": queue})
    aws.client("events", MEMBER).disable_rule(Name=arn.rpartition("/")[2])
    aws.pump.eventbridge.emit(MEMBER, REGION, JOB)
    aws.settle()
    assert aws.messages(queue) == []


def test_a_scheduled_rule_fires_on_demand(aws: DeployedAws) -> None:
    queue = aws.queue(sends("events.amazonaws.com"), account=MEMBER)
    client, name = aws.client("events", MEMBER), aws.name("rule")
    arn = client.put_rule(Name=name, ScheduleExpression="cron(0 6 * * ? *)")["RuleArn"]
    client.put_targets(Rule=name, Targets=[{"Id": "0", "Arn": queue}])
    aws.pump.eventbridge.fire_schedule({"account": MEMBER, "region": REGION, "rule": name})
    aws.settle()
    [message] = aws.messages(queue)
    event = json.loads(message["Body"])
    assert (event["source"], event["detail-type"]) == ("aws.events", "Scheduled Event")
    assert (event["resources"], event["detail"]) == ([arn], {})
    with pytest.raises(ValueError, match=f"no scheduled rule 'other' .* it has {name}"):
        aws.pump.eventbridge.fire_schedule({"account": MEMBER, "region": REGION, "rule": "other"})


def test_an_event_of_a_service_is_refused_when_something_is_missing(aws: DeployedAws) -> None:
    with pytest.raises(ValueError, match="this one has detail, source"):
        aws.pump.eventbridge.emit(MEMBER, REGION, {"source": "aws.backup", "detail": {}})


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ({"detail": {"state": [{"suffix": "x"}]}}, "pattern's detail.state: it knows texts"),
        ({"detail": {"state": [{"anything-but": "x"}]}}, "state: anything-but takes another"),
        (
            {"detail": {"state": [{"anything-but": {"wildcard": [5]}}]}},
            "anything-but takes another",
        ),
        ({"detail": {"state": [{"exists": "no"}]}}, "exists takes another"),
        ({"detail": {"count": [5]}}, "5 of the pattern's detail.count"),
        ({"source": [{"prefix": {"equals-ignore-case": "x"}}]}, "prefix takes another"),
        ({"$or": [{"a": ["x"]}, {"b": [{"like": "x"}]}]}, "pattern's [$]or.b: it knows texts"),
        ({"$or": [["x"]]}, r"[$]or: takes an object with fields"),
        ({"$or": [{"a": "x"}]}, r"[$]or.a: takes an object or an array"),
        ({"detail": {}}, "detail: takes an object with fields"),
        ({"detail": {"state": "x"}}, "'state' must be an object or an array"),
        ({"detail": {"state": []}}, "Empty arrays are not allowed"),
    ],
)
def test_a_pattern_that_is_malformed_or_not_known_is_refused(
    aws: DeployedAws, pattern: Mapping[str, Any], says: str
) -> None:
    with pytest.raises(ClientError, match=says):
        aws.client("events").put_rule(Name="bad", EventPattern=json.dumps(pattern))
    assert aws.client("events").list_rules(NamePrefix="bad")["Rules"] == []


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ({"Arn": "arn:aws:sqs"}, "Provided Arn is not in correct format"),
        (
            {"Arn": "arn:aws:ssm:eu-central-1:222222222222:automation-definition/Run"},
            "targets of ssm",
        ),
        ({"Arn": QUEUE, "Input": "{}"}, "targets with Input"),
        ({"Arn": QUEUE, "InputPath": "$.detail"}, "targets with InputPath"),
        ({"Arn": QUEUE, "InputTransformer": {"InputTemplate": "x"}}, "with InputTransformer"),
        ({"Arn": QUEUE, "RetryPolicy": {"MaximumRetryAttempts": 2}}, "targets with RetryPolicy"),
        ({"Arn": QUEUE, "SqsParameters": {"MessageGroupId": "g"}}, "targets with SqsParameters"),
    ],
)
def test_a_target_that_is_not_carried_out_is_refused(
    aws: DeployedAws, target: Mapping[str, Any], says: str
) -> None:
    name = rule(aws, account=AUDIT).rpartition("/")[2]
    with pytest.raises(ClientError, match=says):
        aws.client("events").put_targets(Rule=name, Targets=[{"Id": "0", **target}])
    assert aws.client("events").list_targets_by_rule(Rule=name)["Targets"] == []


def test_archives_and_tests_of_patterns_are_refused(aws: DeployedAws) -> None:
    client = aws.client("events")
    bus = f"arn:aws:events:{REGION}:{AUDIT}:event-bus/default"
    for what, call in (
        ("archives", lambda: client.create_archive(ArchiveName="a", EventSourceArn=bus)),
        ("TestEventPattern", lambda: client.test_event_pattern(EventPattern="{}", Event="{}")),
    ):
        with pytest.raises(ClientError, match=f"does not carry out {what}"):
            call()
