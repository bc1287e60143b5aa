"""Functions that events invoke: tried again, and told where they cannot even start."""

import json

import pytest

from aws_sandbox.events.pump import FunctionsNotStartedError
from sandbox.tests.deployed_aws import AUDIT, REGION, DeployedAws, consumes, dead_letters

# Fails as often as its first run is told; the process stays the same, so it can count.
FLAKY = """
import os

attempts = 0

def handler(event, context):
    global attempts
    attempts += 1
    print("attempt", attempts, event["detail-type"])
    if attempts <= int(os.environ["FAILURES"]):
        raise RuntimeError("not yet")
"""
BROKEN = "import no_such_module"


def scheduled(aws: DeployedAws, function: str) -> str:
    """A rule with a schedule whose target is the function; gives its ARN."""
    client, name = aws.client("events"), aws.name("rule")
    arn = client.put_rule(Name=name, ScheduleExpression="cron(0 6 * * ? *)")["RuleArn"]
    client.put_targets(Rule=name, Targets=[{"Id": "0", "Arn": function}])
    aws.client("lambda").add_permission(
        FunctionName=function,
        StatementId="Schedule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=arn,
    )
    return arn


def fire(aws: DeployedAws, rule_arn: str) -> None:
    name = rule_arn.rpartition("/")[2]
    aws.pump.eventbridge.fire_schedule({"account": AUDIT, "region": REGION, "rule": name})
    aws.settle()


@pytest.mark.parametrize(
    ("failures", "outcomes"),
    [
        (0, ["carried"]),
        (2, ["failed", "failed", "carried"]),
        (9, ["failed", "failed", "failed"]),
    ],
)
def test_an_event_is_tried_three_times_at_most(
    aws: DeployedAws, failures: int, outcomes: list[str]
) -> None:
    function = aws.function(FLAKY, Environment={"Variables": {"FAILURES": str(failures)}})
    rule = scheduled(aws, function)
    fire(aws, rule)
    queued, *attempts = aws.entries(rule, function)
    assert (queued.outcome, queued.detail) == ("carried", {"queued": True})
    assert [entry.outcome for entry in attempts] == outcomes
    lines = aws.functions.logs.answer({"function": function})["lines"]
    assert "attempt 1 Scheduled Event" in lines


def test_a_function_that_does_not_admit_the_rule_is_not_invoked(aws: DeployedAws) -> None:
    function = aws.function(FLAKY)
    rule = scheduled(aws, function)
    client = aws.client("lambda")
    client.remove_permission(FunctionName=function, StatementId="Schedule")
    fire(aws, rule)
    assert aws.entries(rule, function)[0].outcome == "refused"


def test_a_function_that_is_gone_takes_its_event_with_it(aws: DeployedAws) -> None:
    function = aws.function(FLAKY)
    rule = scheduled(aws, function)
    aws.client("lambda").delete_function(FunctionName=function)
    fire(aws, rule)
    assert aws.entries(rule, function)[0].detail["code"] == "NO_RESOURCE"


def test_settling_tells_once_of_a_scheduled_function_that_cannot_start(aws: DeployedAws) -> None:
    function = aws.function(BROKEN)
    rule = scheduled(aws, function)
    with pytest.raises(FunctionsNotStartedError, match=f"{function}: .*No module named") as told:
        fire(aws, rule)
    assert "could not start" in str(told.value)
    aws.settle()


def test_settling_tells_of_a_queues_function_whose_role_lambda_may_not_assume(
    aws: DeployedAws,
) -> None:
    dead = aws.queue()
    queue = aws.queue(attributes=dead_letters(dead, limit=2))
    role = aws.role("events.amazonaws.com", consumes())
    function = aws.function(FLAKY, Role=role)
    aws.consume(queue, function)
    aws.send(queue, json.dumps({"detail-type": "x"}))
    with pytest.raises(FunctionsNotStartedError, match=f"{function}.*cannot be assumed by Lambda"):
        aws.settle()
    assert len(aws.messages(dead)) == 1
