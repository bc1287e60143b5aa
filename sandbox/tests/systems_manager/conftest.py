"""The aws of the process with Automation at work, and short ways to write runbooks."""

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from sandbox.tests.deployed_aws import DeployedAws, allow, shared_aws

Step = Mapping[str, Any]

_RUNNING = ("Pending", "InProgress", "Cancelling")


def step(name: str, action: str, inputs: Mapping[str, Any] | None = None, **rest: Any) -> Step:
    return {"name": name, "action": f"aws:{action}", "inputs": inputs or {}, **rest}


def api(name: str, service: str, operation: str, **rest: Any) -> Step:
    """A step that calls an operation; `inputs` are the operation's own."""
    inputs = {"Service": service, "Api": operation, **rest.pop("inputs", {})}
    return step(name, "executeAwsApi", inputs, **rest)


def mark(name: str, **rest: Any) -> Step:
    """A step that succeeds."""
    return api(name, "sts", "GetCallerIdentity", **rest)


def fails(name: str, **rest: Any) -> Step:
    """A step that fails."""
    inputs = {"QueueUrl": "http://none/111111111111/none"}
    return api(name, "sqs", "GetQueueAttributes", inputs=inputs, **rest)


class Runbooks:
    """Documents and automations of an account."""

    def __init__(self, aws: DeployedAws) -> None:
        self.aws = aws
        self.ssm = aws.client("ssm")

    def role(self, *actions: str) -> str:
        """A role that Automation may assume."""
        statements = [allow(*actions, resource="*")] if actions else []
        return self.aws.role("ssm.amazonaws.com", *statements)

    def create(self, *steps: Step, role: str | None = None, **rest: Any) -> str:
        """An Automation document; gives its name."""
        name = self.aws.name("runbook")
        content = {
            "schemaVersion": "0.3",
            "assumeRole": self.role("sts:*") if role is None else role,
            "mainSteps": list(steps),
            **rest,
        }
        self.ssm.create_document(
            Name=name, Content=json.dumps(content), DocumentType="Automation", DocumentFormat="JSON"
        )
        return name

    def start(self, name: str, **given: Any) -> str:
        return self.ssm.start_automation_execution(DocumentName=name, **given)[
            "AutomationExecutionId"
        ]

    def get(self, execution: str) -> Mapping[str, Any]:
        answer = self.ssm.get_automation_execution(AutomationExecutionId=execution)
        return answer["AutomationExecution"]

    def run(self, *steps: Step, **rest: Any) -> Mapping[str, Any]:
        """How an automation of these steps ended."""
        execution = self.start(self.create(*steps, **rest))
        self.aws.settle()
        return self.get(execution)

    def ended(self, execution: str) -> Mapping[str, Any]:
        """Waits for an automation that settling does not wait for."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            found = self.get(execution)
            if found["AutomationExecutionStatus"] not in _RUNNING:
                return found
            time.sleep(0.05)
        raise AssertionError(f"{execution} did not end")

    @staticmethod
    def statuses(execution: Mapping[str, Any]) -> Mapping[str, str]:
        return {each["StepName"]: each["StepStatus"] for each in execution["StepExecutions"]}


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeployedAws]:
    aws = shared_aws(tmp_path_factory.getbasetemp() / "functions")
    aws.open()
    yield aws
    aws.close()


@pytest.fixture(scope="module")
def runbooks(aws: DeployedAws) -> Runbooks:
    return Runbooks(aws)
