"""Who may start an automation, with which parameters, and what EventBridge is told of it."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.tests.deployed_aws import AUDIT, REGION, allow, sends
from sandbox.tests.systems_manager.conftest import Runbooks, fails, mark


def client(runbooks: Runbooks, *statements: Mapping[str, Any]) -> Any:
    role = runbooks.aws.role("scheduler.amazonaws.com", *statements)
    session: Any = runbooks.aws.server.role_session(role, REGION)
    return session.client("ssm")


def test_a_starter_must_be_allowed_to_pass_the_runbooks_role(runbooks: Runbooks) -> None:
    name = runbooks.create(mark("First"))
    role = runbooks.role("sts:*")
    start = allow(
        "ssm:StartAutomationExecution",
        resource=f"arn:aws:ssm:{REGION}:{AUDIT}:automation-definition/{name}:$DEFAULT",
    )
    passes = allow(
        "iam:PassRole",
        resource=role,
        condition={"StringEquals": {"iam:PassedToService": "ssm.amazonaws.com"}},
    )
    with pytest.raises(ClientError, match="iam:PassRole"):
        client(runbooks, start).start_automation_execution(DocumentName=name)
    with pytest.raises(ClientError, match="ssm:StartAutomationExecution"):
        client(runbooks, passes).start_automation_execution(DocumentName=name)
    client(runbooks, start, passes).start_automation_execution(DocumentName=name)


def test_a_role_that_does_not_trust_systems_manager_cannot_be_assumed(runbooks: Runbooks) -> None:
    name = runbooks.create(mark("First"), role=runbooks.aws.role("lambda.amazonaws.com"))
    with pytest.raises(ClientError, match="assume role is unable to be assumed"):
        runbooks.start(name)


def test_the_role_may_be_a_parameter(runbooks: Runbooks) -> None:
    name = runbooks.create(
        mark("First"),
        role="{{ AutomationAssumeRole }}",
        parameters={"AutomationAssumeRole": {"type": "AWS::IAM::Role::Arn"}},
    )
    execution = runbooks.start(name, Parameters={"AutomationAssumeRole": [runbooks.role("sts:*")]})
    runbooks.aws.settle()
    assert runbooks.get(execution)["AutomationExecutionStatus"] == "Success"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "Cadence must be given"),
        ({"Cadence": ["daily"], "More": ["x"]}, "More is not defined"),
        ({"Cadence": ["hourly"]}, "takes one of daily, weekly"),
        ({"Cadence": ["daily", "weekly"]}, "takes one value"),
        ({"Cadence": ["daily"], "Days": ["many"]}, "Days"),
        ({"Cadence": ["daily"], "Resend": ["perhaps"]}, "takes true or false"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(
    runbooks: Runbooks, given: dict[str, list[str]], reason: str
) -> None:
    name = runbooks.create(
        mark("First"),
        parameters={
            "Cadence": {"type": "String", "allowedValues": ["daily", "weekly"]},
            "Days": {"type": "Integer", "default": 7},
            "Resend": {"type": "Boolean", "default": False},
        },
    )
    with pytest.raises(ClientError, match="InvalidAutomationExecutionParameters") as error:
        runbooks.start(name, Parameters=given)
    assert reason in str(error.value)


def test_a_runbook_that_is_not_there_cannot_be_started(runbooks: Runbooks) -> None:
    with pytest.raises(ClientError, match="AutomationDefinitionNotFoundException"):
        runbooks.start("nothing")


def test_one_client_token_starts_one_automation(runbooks: Runbooks) -> None:
    name = runbooks.create(mark("First"))
    token = "00000000-0000-4000-8000-000000000000"
    assert runbooks.start(name, ClientToken=token) == runbooks.start(name, ClientToken=token)


def test_every_change_of_status_is_an_event(runbooks: Runbooks) -> None:
    aws = runbooks.aws
    name = runbooks.create(fails("First"))
    events = aws.client("events")
    rule = events.put_rule(
        Name=aws.name("rule"),
        EventPattern=json.dumps({"source": ["aws.ssm"], "detail": {"Definition": [name]}}),
    )["RuleArn"]
    queue = aws.queue(sends("events.amazonaws.com", rule))
    events.put_targets(Rule=rule.rpartition("/")[2], Targets=[{"Id": "queue", "Arn": queue}])
    execution = runbooks.start(name)
    aws.settle()
    told = [json.loads(body) for body in aws.bodies(queue)]
    by_status = {(each["detail-type"].split()[2], each["detail"]["Status"]): each for each in told}
    assert {*by_status} == {
        ("Execution", "InProgress"),
        ("Step", "InProgress"),
        ("Step", "Failed"),
        ("Execution", "Failed"),
    }
    ended = by_status["Execution", "Failed"]
    assert ended["resources"] == [
        f"arn:aws:ssm:{REGION}:{AUDIT}:automation-execution/{execution}",
        f"arn:aws:ssm:{REGION}:{AUDIT}:automation-definition/{name}:1",
    ]
    assert {*ended["detail"]} == {
        *("ExecutionId", "Definition", "DefinitionVersion", "Status", "StartTime", "EndTime"),
        *("Time", "ExecutedBy"),
    }
    assert by_status["Step", "Failed"]["detail"]["StepName"] == "First"


def test_automations_are_listed_with_the_newest_first(runbooks: Runbooks) -> None:
    name = runbooks.create(mark("First"))
    started = [runbooks.start(name), runbooks.start(name)]
    runbooks.aws.settle()
    filters = [
        {"Key": "DocumentNamePrefix", "Values": [name]},
        {"Key": "ExecutionStatus", "Values": ["Success"]},
    ]
    listed = runbooks.ssm.describe_automation_executions(Filters=filters)[
        "AutomationExecutionMetadataList"
    ]
    assert [each["AutomationExecutionId"] for each in listed] == started[::-1]
    steps = runbooks.ssm.describe_automation_step_executions(AutomationExecutionId=started[0])
    assert [each["StepStatus"] for each in steps["StepExecutions"]] == ["Success"]
