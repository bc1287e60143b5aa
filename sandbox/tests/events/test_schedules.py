"""Schedules of EventBridge Scheduler: what is refused, what fires, and what fails."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_sandbox.moto_changes.scheduler import expression_problem
from sandbox.tests.deployed_aws import AUDIT, REGION, DeployedAws, allow, policy

TARGET = "arn:aws:scheduler:::aws-sdk:ssm:startAutomationExecution"
SCHEDULER = "scheduler.amazonaws.com"
NO_DOCUMENT = "no-such-document"

Put = Callable[..., Mapping[str, Any]]


@pytest.fixture
def put(aws: DeployedAws) -> Put:
    """Creates a schedule in the default group; gives what was asked for."""

    def put(*, role: str, name: str = "", dead: str = "", **changes: Any) -> Mapping[str, Any]:
        target = {
            "Arn": TARGET,
            "RoleArn": role,
            "Input": json.dumps(
                {
                    "DocumentName": NO_DOCUMENT,
                    "Parameters": {"Id": ["<aws.scheduler.execution-id>"]},
                }
            ),
            "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3600},
            **({"DeadLetterConfig": {"Arn": dead}} if dead else {}),
        }
        given = {
            "Name": name or aws.name("schedule"),
            "ScheduleExpression": "cron(0 7 * * ? *)",
            "ScheduleExpressionTimezone": "Europe/Berlin",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {**target, **changes.pop("target", {})},
            **changes,
        }
        aws.client("scheduler").create_schedule(**given)
        return given

    return put


def fire(aws: DeployedAws, schedule: str, **more: str) -> str:
    request = {"account": AUDIT, "region": REGION, "schedule": schedule, **more}
    return aws.pump.schedules.fire(request)["execution_id"]


@pytest.mark.parametrize(
    "expression",
    [
        "cron(0 7 * * ? *)",
        "cron(0 7 ? * MON-FRI *)",
        "cron(0/15 0,12 L * ? 2027)",
        "cron(0 7 ? * 2#1 *)",
        "rate(7 days)",
        "at(2026-11-22T07:00:00)",
    ],
)
def test_an_expression_that_aws_takes_is_taken(expression: str) -> None:
    assert expression_problem(expression) == ""


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("0 7 * * ? *", "none of cron"),
        ("cron(0 7 * * *)", "5 fields"),
        ("cron(60 7 * * ? *)", "'60' is no minutes"),
        ("cron(0 7 * * * *)", "is '?'"),
        ("cron(0 7 ? * MON-XYZ *)", "'MON-XYZ' is no day of week"),
        ("rate(0 days)", "a rate is"),
        ("at(tomorrow)", "a time is"),
    ],
)
def test_an_expression_that_aws_refuses_is_refused(expression: str, problem: str) -> None:
    assert problem in expression_problem(expression)


@pytest.mark.parametrize(
    ("changes", "code", "told"),
    [
        ({"ScheduleExpression": "daily"}, "ValidationException", "Invalid Schedule Expression"),
        ({"ScheduleExpressionTimezone": "Mars/Olympus"}, "ValidationException", "Mars/Olympus"),
        ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, "ValidationException", "MaximumWindow"),
        ({"GroupName": "nowhere"}, "ResourceNotFoundException", "nowhere"),
        ({"target": {"Input": "no json"}}, "ValidationException", "JSON object"),
        ({"target": {"Arn": f"arn:aws:sqs:{REGION}:{AUDIT}:x"}}, "NotImplemented", "schedules of"),
        ({"EndDate": 1_900_000_000}, "NotImplemented", "EndDate"),
    ],
)
def test_what_aws_refuses_or_nobody_carries_out_is_refused(
    aws: DeployedAws, put: Put, changes: Mapping[str, Any], code: str, told: str
) -> None:
    with pytest.raises(ClientError, match=told) as error:
        put(role=aws.role(SCHEDULER), **changes)
    assert error.value.response.get("Error", {}).get("Code") == code


def test_a_role_that_scheduler_may_not_assume_is_refused(aws: DeployedAws, put: Put) -> None:
    with pytest.raises(ClientError, match="must allow AWS EventBridge Scheduler to assume"):
        put(role=aws.role("events.amazonaws.com"))


def test_a_role_may_trust_scheduler_for_the_schedules_of_one_group(
    aws: DeployedAws, put: Put
) -> None:
    group = f"arn:aws:scheduler:{REGION}:{AUDIT}:schedule-group/default"
    condition = {
        "ArnEquals": {"aws:SourceArn": group},
        "StringEquals": {"aws:SourceAccount": AUDIT},
    }
    trust = allow("sts:AssumeRole", service=SCHEDULER, condition=condition)
    name = aws.name("role")
    role = aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))
    made = put(role=role["Role"]["Arn"])
    assert aws.client("scheduler").get_schedule(Name=made["Name"])["State"] == "ENABLED"
    other = aws.name("group")
    aws.client("scheduler").create_schedule_group(Name=other)
    with pytest.raises(ClientError, match="must allow"):
        put(role=role["Role"]["Arn"], GroupName=other)


def test_who_creates_a_schedule_must_be_allowed_to_pass_its_role(
    aws: DeployedAws, put: Put
) -> None:
    passed = aws.role(SCHEDULER)
    creator = aws.role("lambda.amazonaws.com", allow("scheduler:CreateSchedule", resource="*"))
    client: Any = aws.server.role_session(creator, REGION).client("scheduler")
    given = put(role=passed)
    with pytest.raises(ClientError, match="iam:PassRole"):
        client.create_schedule(**{**given, "Name": aws.name("schedule")})


def test_a_schedule_starts_its_runbook_as_its_role_with_what_is_known_of_the_time(
    aws: DeployedAws, put: Put
) -> None:
    document, acts_as = (
        aws.name("runbook"),
        aws.role("ssm.amazonaws.com", allow("sts:*", resource="*")),
    )
    inputs = {"Service": "sts", "Api": "GetCallerIdentity"}
    content = {
        "schemaVersion": "0.3",
        "assumeRole": acts_as,
        "parameters": {"At": {"type": "String"}, "By": {"type": "String"}},
        "mainSteps": [{"name": "look", "action": "aws:executeAwsApi", "inputs": inputs}],
    }
    ssm = aws.client("ssm")
    ssm.create_document(Name=document, Content=json.dumps(content), DocumentType="Automation")
    starts = allow("ssm:StartAutomationExecution", "iam:PassRole", resource="*")
    parameters = {"At": ["<aws.scheduler.scheduled-time>"], "By": ["<aws.scheduler.schedule-arn>"]}
    request = json.dumps({"DocumentName": document, "Parameters": parameters})
    name = put(role=aws.role(SCHEDULER, starts), target={"Input": request})["Name"]
    fire(aws, name, scheduled_time="2026-11-22T08:00:00+01:00")
    aws.settle()
    filters = [{"Key": "DocumentNamePrefix", "Values": [document]}]
    [found] = ssm.describe_automation_executions(Filters=filters)["AutomationExecutionMetadataList"]
    started = ssm.get_automation_execution(AutomationExecutionId=found["AutomationExecutionId"])
    assert started["AutomationExecution"]["AutomationExecutionStatus"] == "Success"
    assert started["AutomationExecution"]["Parameters"] == {
        "At": ["2026-11-22T07:00:00Z"],
        "By": [f"arn:aws:scheduler:{REGION}:{AUDIT}:schedule/default/{name}"],
    }


def test_what_cannot_succeed_goes_to_the_dead_letter_queue_at_once(
    aws: DeployedAws, put: Put
) -> None:
    dead = aws.queue()
    role = aws.role(SCHEDULER, allow("sqs:SendMessage", resource=dead))
    name = put(role=role, dead=dead)["Name"]
    execution = fire(aws, name, scheduled_time="2026-11-22T08:00:00+01:00")
    aws.settle()
    [message] = aws.messages(dead)
    assert json.loads(message["Body"])["Parameters"] == {"Id": [execution]}
    attributes = {k: v["StringValue"] for k, v in message["MessageAttributes"].items()}
    assert "ssm:StartAutomationExecution" in attributes.pop("ERROR_MESSAGE")
    assert attributes == {
        "ERROR_CODE": "AccessDeniedException",
        "EXECUTION_ID": execution,
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": "0",
        "SCHEDULED_TIME": "2026-11-22T07:00:00Z",
        "SCHEDULE_ARN": f"arn:aws:scheduler:{REGION}:{AUDIT}:schedule/default/{name}",
        "TARGET_ARN": TARGET,
    }


def test_a_failure_that_may_pass_is_tried_again_as_often_as_the_policy_says(
    aws: DeployedAws, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = aws.queue()
    role = aws.role(SCHEDULER, allow("sqs:SendMessage", resource=dead))
    name = put(role=role, dead=dead)["Name"]
    monkeypatch.setattr(
        "aws_sandbox.aws.api_calls._DENIED", {"json": "ThrottlingException", "query": "no"}
    )
    fire(aws, f"default/{name}")
    aws.settle()
    [message] = aws.messages(dead)
    attributes = {k: v["StringValue"] for k, v in message["MessageAttributes"].items()}
    assert attributes["RETRY_ATTEMPTS"] == "2"
    assert attributes["EXHAUSTED_RETRY_CONDITION"] == "MaximumRetryAttempts"


def test_a_failure_without_a_dead_letter_queue_stands_in_the_journal(
    aws: DeployedAws, put: Put
) -> None:
    name = put(role=aws.role(SCHEDULER))["Name"]
    fire(aws, name)
    aws.settle()
    *_, lost = aws.entries(f"schedule/default/{name}", TARGET)
    assert lost.reason == "dropped: the schedule has no dead-letter queue"


def test_a_schedule_that_is_not_there_or_disabled_does_not_fire(aws: DeployedAws, put: Put) -> None:
    given = put(role=aws.role(SCHEDULER), State="DISABLED")
    with pytest.raises(ValueError, match="is disabled"):
        fire(aws, given["Name"])
    aws.client("scheduler").update_schedule(**{k: v for k, v in given.items() if k != "State"})
    assert aws.client("scheduler").get_schedule(Name=given["Name"])["State"] == "ENABLED"
    with pytest.raises(ValueError, match=given["Name"]):
        fire(aws, "nothing")
