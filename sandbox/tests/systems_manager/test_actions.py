"""What each action of Automation does, takes and gives."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from aws_sandbox.systems_manager.runbooks import ACTIONS
from sandbox.tests.deployed_aws import DeployedAws
from sandbox.tests.systems_manager.conftest import Runbooks, api, mark, step

ECHO = "def handler(event, context):\n    return {'got': event}\n"
BREAKS = "def handler(event, context):\n    raise ValueError('broken')\n"
SLEEPS = "import time\ndef handler(event, context):\n    time.sleep(5)\n"


def outputs(execution: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The outputs of a step."""
    steps = {each["StepName"]: each for each in execution["StepExecutions"]}
    return steps[name]["Outputs"]


def test_a_function_is_invoked_with_its_payload_and_its_answer_is_an_output(
    runbooks: Runbooks,
) -> None:
    function = runbooks.aws.function(ECHO)
    inputs = {
        "FunctionName": function,
        "InputPayload": {"RunId": "{{ automation:EXECUTION_ID }}", "Days": "{{ Days }}"},
    }
    name = runbooks.create(
        step("Invoke", "invokeLambdaFunction", inputs),
        role=runbooks.role("lambda:InvokeFunction"),
        parameters={"Days": {"type": "Integer", "default": 7}},
        outputs=["Invoke.Payload"],
    )
    execution = runbooks.start(name)
    runbooks.aws.settle()
    ended = runbooks.get(execution)
    (payload,) = ended["Outputs"]["Invoke.Payload"]
    assert json.loads(payload) == {"got": {"RunId": execution, "Days": 7}}
    assert outputs(ended, "Invoke")["StatusCode"] == ["200"]


def test_a_function_that_fails_fails_its_step(runbooks: Runbooks) -> None:
    inputs = {"FunctionName": runbooks.aws.function(BREAKS)}
    ended = runbooks.run(
        step("Invoke", "invokeLambdaFunction", inputs), role=runbooks.role("lambda:InvokeFunction")
    )
    assert ended["AutomationExecutionStatus"] == "Failed"
    assert "broken" in ended["FailureMessage"]


def test_a_call_is_made_in_the_role_and_refused_without_its_permission(runbooks: Runbooks) -> None:
    inputs = {"FunctionName": runbooks.aws.function(ECHO)}
    role = runbooks.role()
    ended = runbooks.run(step("Invoke", "invokeLambdaFunction", inputs), role=role)
    assert ended["AutomationExecutionStatus"] == "Failed"
    assert f":assumed-role/{role.rpartition('/')[2]}/Automation-" in ended["FailureMessage"]
    assert "lambda:InvokeFunction" in ended["FailureMessage"]


def test_a_call_gives_the_outputs_that_its_selectors_name(runbooks: Runbooks) -> None:
    queue = runbooks.aws.queue(attributes={"VisibilityTimeout": "77"})
    select = {"Name": "Timeout", "Selector": "$.Attributes.VisibilityTimeout", "Type": "String"}
    inputs = {"QueueUrl": runbooks.aws.url(queue), "AttributeNames": ["All"]}
    ended = runbooks.run(
        api("Look", "sqs", "GetQueueAttributes", inputs=inputs, outputs=[select]),
        role=runbooks.role("sqs:GetQueueAttributes"),
    )
    assert outputs(ended, "Look") == {"Timeout": ["77"]}


def test_an_output_of_another_type_than_it_says_fails_the_step(runbooks: Runbooks) -> None:
    select = {"Name": "Account", "Selector": "$.Account", "Type": "Integer"}
    ended = runbooks.run(mark("Look", outputs=[select]))
    assert ended["AutomationExecutionStatus"] == "Failed"
    assert "Account is no Integer" in ended["FailureMessage"]


def test_an_operation_that_streams_is_not_supported(runbooks: Runbooks) -> None:
    s3 = runbooks.aws.client("s3")
    bucket = runbooks.aws.name("streamed")
    s3.create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    s3.put_object(Bucket=bucket, Key="x", Body=b"x")
    ended = runbooks.run(
        api("Get", "s3", "GetObject", inputs={"Bucket": bucket, "Key": "x"}),
        role=runbooks.role("s3:*"),
    )
    assert "streaming" in ended["FailureMessage"]


@pytest.fixture
def status(aws: DeployedAws) -> Mapping[str, str]:
    """An object whose metadata says `state=running`."""
    s3, bucket = aws.client("s3"), aws.name("status")
    s3.create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    s3.put_object(Bucket=bucket, Key="status", Metadata={"state": "running"})
    return {"Bucket": bucket, "Key": "status"}


def waiting(status: Mapping[str, str], **rest: Any) -> Mapping[str, Any]:
    inputs = {
        "Service": "s3",
        "Api": "HeadObject",
        **status,
        "PropertySelector": "$.Metadata.state",
        "DesiredValues": ["collated"],
    }
    return step("Wait", "waitForAwsResourceProperty", inputs, **rest)


def test_an_automation_waits_until_a_property_is_as_desired(
    runbooks: Runbooks, status: Mapping[str, str]
) -> None:
    wait = waiting(status, timeoutSeconds=86_400)
    execution = runbooks.start(runbooks.create(wait, role=runbooks.role("s3:*")))
    runbooks.aws.settle()
    assert runbooks.get(execution)["AutomationExecutionStatus"] == "InProgress"
    runbooks.aws.client("s3").put_object(**status, Metadata={"state": "collated"})
    runbooks.aws.settle()
    assert runbooks.get(execution)["AutomationExecutionStatus"] == "Success"


def test_a_wait_that_is_in_vain_times_out(runbooks: Runbooks, status: Mapping[str, str]) -> None:
    name = runbooks.create(waiting(status, timeoutSeconds=500), role=runbooks.role("s3:*"))
    execution = runbooks.start(name)
    assert runbooks.ended(execution)["AutomationExecutionStatus"] == "TimedOut"


def test_an_invocation_takes_three_hundred_seconds_at_most_whatever_its_step_says(
    runbooks: Runbooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one second instead of three hundred."""
    action = ACTIONS["aws:invokeLambdaFunction"]
    assert action.longest_seconds == 300
    shorter = {**ACTIONS, "aws:invokeLambdaFunction": replace(action, longest_seconds=1)}
    monkeypatch.setattr("aws_sandbox.systems_manager.runbooks.ACTIONS", shorter)
    inputs = {"FunctionName": runbooks.aws.function(SLEEPS, Timeout=30)}
    ended = runbooks.run(
        step("Invoke", "invokeLambdaFunction", inputs, timeoutSeconds=900),
        role=runbooks.role("lambda:InvokeFunction"),
    )
    assert ended["AutomationExecutionStatus"] == "TimedOut"


def script(text: str, payload: Mapping[str, Any] | None = None, **rest: Any) -> Mapping[str, Any]:
    inputs = {
        "Runtime": "python3.11",
        "Handler": "script_handler",
        "Script": text,
        "InputPayload": payload or {},
    }
    return step("Script", "executeScript", inputs, **rest)


def test_a_script_runs_in_the_role_and_its_answer_gives_outputs(runbooks: Runbooks) -> None:
    text = (
        "import boto3\n"
        "def script_handler(events, context):\n"
        "    found = boto3.client('sts').get_caller_identity()\n"
        "    return {'Arn': found['Arn'], 'Days': events['Days'] + 1}\n"
    )
    selected = [
        {"Name": "Arn", "Selector": "$.Payload.Arn", "Type": "String"},
        {"Name": "Days", "Selector": "$.Payload.Days", "Type": "Integer"},
    ]
    ended = runbooks.run(
        script(text, {"Days": "{{ Days }}"}, outputs=selected),
        parameters={"Days": {"type": "Integer", "default": 7}},
    )
    assert ended["AutomationExecutionStatus"] == "Success", ended["FailureMessage"]
    given = outputs(ended, "Script")
    assert given["Days"] == ["8"]
    assert f"/Automation-{ended['AutomationExecutionId']}" in given["Arn"][0]


def test_a_script_that_raises_fails_its_step_with_the_reason(runbooks: Runbooks) -> None:
    ended = runbooks.run(script("def script_handler(e, c):\n    raise KeyError('missing')\n"))
    assert ended["AutomationExecutionStatus"] == "Failed"
    assert "KeyError - 'missing'" in ended["FailureMessage"]


def test_a_script_takes_six_hundred_seconds_at_most(
    runbooks: Runbooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one second instead of six hundred."""
    action = ACTIONS["aws:executeScript"]
    assert action.longest_seconds == 600
    shorter = {**ACTIONS, "aws:executeScript": replace(action, longest_seconds=1)}
    monkeypatch.setattr("aws_sandbox.systems_manager.runbooks.ACTIONS", shorter)
    text = "import time\ndef script_handler(e, c):\n    time.sleep(30)\n"
    ended = runbooks.run(script(text, timeoutSeconds=900))
    assert ended["AutomationExecutionStatus"] == "TimedOut"
