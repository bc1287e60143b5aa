"""The aws of the process with Automation at work, and short ways to write runbooks."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sandbox.tests.deployed_aws import AUDIT, REGION, DeployedAws, allow, shared_aws

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


def waits(name: str, **rest: Any) -> Step:
    """A step that waits in vain, for a day where nothing else is said."""
    inputs = {
        "Service": "sts",
        "Api": "GetCallerIdentity",
        "PropertySelector": "$.Account",
        "DesiredValues": ["none"],
    }
    return step(name, "waitForAwsResourceProperty", inputs, **{"timeoutSeconds": 86_400, **rest})


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class Runbooks:
    """Documents and automations of an account."""

    def __init__(self, aws: DeployedAws) -> None:
        self.aws = aws
        self.ssm = aws.client("ssm")

    def role(self, *actions: str) -> str:
        """A role that Automation may assume."""
        statements = [allow(*actions, resource="*")] if actions else []
        return self.aws.role("ssm.amazonaws.com", *statements)

    def create(
        self, *steps: Step, role: str | None = None, target_type: str = "", **rest: Any
    ) -> str:
        """An Automation document; gives its name."""
        name = self.aws.name("runbook")
        content = {
            "schemaVersion": "0.3",
            "assumeRole": self.role("sts:*") if role is None else role,
            "mainSteps": list(steps),
            **rest,
        }
        self.ssm.create_document(
            Name=name,
            Content=json.dumps(content),
            DocumentType="Automation",
            DocumentFormat="JSON",
            **({"TargetType": target_type} if target_type else {}),
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
        until(lambda: self.get(execution)["AutomationExecutionStatus"] not in _RUNNING)
        return self.get(execution)

    @staticmethod
    def statuses(execution: Mapping[str, Any]) -> Mapping[str, str]:
        return {each["StepName"]: each["StepStatus"] for each in execution["StepExecutions"]}


class Commands:
    """Command documents, instances and commands of an account."""

    def __init__(self, aws: DeployedAws) -> None:
        self.aws = aws
        self.ssm = aws.client("ssm")

    def create(self, *scripts: Mapping[str, Any], **rest: Any) -> str:
        """A Command document of steps, or of lines for a shell; gives its name."""
        name = self.aws.name("script")
        content = {"schemaVersion": "2.2", "mainSteps": list(scripts), **rest}
        self.ssm.create_document(Name=name, Content=json.dumps(content), DocumentType="Command")
        return name

    def launch(self, **given: Any) -> Mapping[str, Any]:
        """An instance: `instance_id` and `folder`."""
        instances = self.aws.systems_manager.instances
        answer = instances.launch({"account": AUDIT, "region": REGION, **given})
        return {**answer, "home": Path(answer["folder"])}

    def send(self, document: str, instance: Mapping[str, Any], **given: Any) -> str:
        command = self.ssm.send_command(
            DocumentName=document, InstanceIds=[instance["instance_id"]], **given
        )
        return command["Command"]["CommandId"]

    def get(self, command: str, instance: Mapping[str, Any]) -> Mapping[str, Any]:
        return self.ssm.get_command_invocation(
            CommandId=command, InstanceId=instance["instance_id"]
        )

    def run(self, document: str, instance: Mapping[str, Any], **given: Any) -> Mapping[str, Any]:
        """How a command ended on an instance."""
        command = self.send(document, instance, **given)
        self.aws.settle()
        return self.get(command, instance)


def shell(*lines: str, name: str = "Run", platform: str = "", **inputs: Any) -> Mapping[str, Any]:
    """A step of a Command document."""
    plugin: dict[str, Any] = {
        "name": name,
        "action": "aws:runShellScript",
        "inputs": {"runCommand": list(lines), **inputs},
    }
    if platform:
        plugin["precondition"] = {"StringEquals": ["platformType", platform]}
    return plugin


@pytest.fixture(scope="module")
def commands(aws: DeployedAws) -> Commands:
    return Commands(aws)


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeployedAws]:
    aws = shared_aws(tmp_path_factory.getbasetemp() / "functions")
    aws.open()
    yield aws
    aws.close()


@pytest.fixture(scope="module")
def runbooks(aws: DeployedAws) -> Runbooks:
    return Runbooks(aws)
