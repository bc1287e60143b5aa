"""A small AWS with the pump at work, and short ways to deploy to it.

Everything is deployed through boto3, as by any client of the API.
"""

import io
import itertools
import json
import urllib.request
import zipfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from aws_sandbox.aws.backup.control_calls import add_backup_controls
from aws_sandbox.aws.membership import seed
from aws_sandbox.aws.server import AwsServer
from aws_sandbox.control import ControlApi
from aws_sandbox.events.pump import Pump
from aws_sandbox.functions import runtimes
from aws_sandbox.functions.runner import Functions
from aws_sandbox.journal import Journal, JournalEntry
from aws_sandbox.systems_manager.service import SystemsManager

REGION = "eu-central-1"
MANAGEMENT, AUDIT, MEMBER, OTHER = "111111111111", "222222222222", "333333333333", "444444444444"

_TIME_SCALE = 1000.0
_SETTLE_SECONDS = 20.0

Statement = Mapping[str, Any]

_names = itertools.count()
"""Of the process, as moto's state is."""


class DeployedAws:
    """One server for as long as it lives; a pump and functions for each time it is opened."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._sessions: dict[tuple[str, str], boto3.Session] = {}
        self._roles: dict[str, str] = {}
        self._clients: dict[tuple[str, str, str], Any] = {}
        self.journal = Journal()
        self.control = ControlApi()
        self.server = AwsServer(journal=self.journal, emit=self._emit, control=self.control)
        add_backup_controls(self.control, self.server.services)
        self.server.start()

    def _emit(self, account: str, region: str, event: Mapping[str, Any]) -> None:
        self.pump.eventbridge.emit(account, region, event)

    def open(self) -> None:
        """Seeds the organization again, should a test have reset moto meanwhile."""
        self._roles.clear()
        for organization in self.server.organizations:
            seed(organization)
        access = self.server.services.access
        self.functions = Functions(
            access=access,
            journal=self.journal,
            cache=self._directory,
            endpoint=lambda: self.server.url,
        )
        self.pump = Pump(
            journal=self.journal,
            functions=self.functions,
            access=access,
            time_scale=_TIME_SCALE,
        )
        self.pump.start()
        self.systems_manager = SystemsManager(
            services=self.server.services,
            endpoint=lambda: self.server.url,
            work=self.pump.work,
            folder=self._directory / "instances",
        )
        self.systems_manager.start()

    def close(self) -> None:
        self.systems_manager.stop()
        self.pump.stop()

    def call(self, name: str, **given: Any) -> Any:
        """One of the sandbox's own calls."""
        request = urllib.request.Request(  # noqa: S310 - the server's own address
            f"{self.server.url}/_sandbox/{name}",
            json.dumps(given).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return json.loads(answer.read())

    def settle(self) -> None:
        self.pump.settle(_SETTLE_SECONDS)

    def name(self, prefix: str) -> str:
        """A name that nothing else has."""
        return f"{prefix}{next(_names)}"

    def client(self, service: str, account: str = AUDIT, region: str = REGION) -> Any:
        """A boto3 client of the account's administrator."""
        key = (service, account, region)
        if key not in self._clients:
            if (account, region) not in self._sessions:
                self._sessions[account, region] = self.server.session(account, region)
            session: Any = self._sessions[account, region]  # typed for literal names alone
            once = Config(retries={"total_max_attempts": 1})
            self._clients[key] = session.client(service, config=once)
        return self._clients[key]

    def entries(self, source: str = "", target: str = "") -> Sequence[JournalEntry]:
        """What the journal says of these; a part of an ARN is enough."""
        return [
            entry
            for entry in self.journal.entries()
            if source in entry.source and target in entry.target
        ]

    def role(self, service: str, *statements: Statement, account: str = AUDIT) -> str:
        """A role that a service may assume, with these statements as its policy.

        The same one again when it is asked for the same.
        """
        wanted = json.dumps([service, account, statements])
        if wanted not in self._roles:
            self._roles[wanted] = self._new_role(service, statements, account)
        return self._roles[wanted]

    def _new_role(self, service: str, statements: Sequence[Statement], account: str) -> str:
        name = self.name("role")
        iam = self.client("iam", account)
        trust = policy(allow("sts:AssumeRole", service=service))
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        if statements:
            document = policy(*statements)
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document)
        return arn

    def function(
        self,
        code: str,
        *statements: Statement,
        account: str = AUDIT,
        files: Mapping[str, str] | None = None,
        **settings: Any,
    ) -> str:
        """A function `app.handler` whose role may write logs and what the statements allow."""
        logs = allow("logs:*", resource="*")
        defaults = {
            "FunctionName": self.name("function"),
            "Role": self.role("lambda.amazonaws.com", logs, *statements, account=account),
            "Runtime": runtimes.RUNTIME,
            "Architectures": [runtimes.architecture()],
            "Handler": "app.handler",
            "Code": {"ZipFile": archive({"app.py": code, **(files or {})})},
        }
        return self.client("lambda", account).create_function(**(defaults | settings))[
            "FunctionArn"
        ]

    def queue(
        self,
        *statements: Callable[[str], Statement],
        account: str = AUDIT,
        attributes: Mapping[str, str] | None = None,
    ) -> str:
        """A queue's ARN; each statement of its policy is made from that."""
        name = self.name("queue")
        arn = f"arn:aws:sqs:{REGION}:{account}:{name}"
        given = dict(attributes or {})
        if statements:
            given["Policy"] = policy(*(statement(arn) for statement in statements))
        self.client("sqs", account).create_queue(QueueName=name, Attributes=given)
        return arn

    def consume(self, queue_arn: str, function_arn: str, **settings: Any) -> str:
        """An event-source mapping in the function's account; gives its id."""
        client = self.client("lambda", function_arn.split(":")[4])
        return client.create_event_source_mapping(
            EventSourceArn=queue_arn, FunctionName=function_arn, **settings
        )["UUID"]

    def send(self, queue_arn: str, *bodies: str) -> None:
        client = self.client("sqs", queue_arn.split(":")[4])
        for body in bodies:
            client.send_message(QueueUrl=self.url(queue_arn), MessageBody=body)

    def messages(self, queue_arn: str) -> list[Mapping[str, Any]]:
        """Receives from a queue once: ten messages at most."""
        client = self.client("sqs", queue_arn.split(":")[4])
        return client.receive_message(
            QueueUrl=self.url(queue_arn),
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
            AttributeNames=["All"],
        ).get("Messages", [])

    def bodies(self, queue_arn: str) -> list[str]:
        return sorted(message["Body"] for message in self.messages(queue_arn))

    def url(self, queue_arn: str) -> str:
        _, _, _, _, account, name = queue_arn.split(":")
        return f"{self.server.url}/{account}/{name}"


@cache
def shared_aws(directory: Path) -> DeployedAws:
    """The one of this process and directory; its server goes with the process."""
    return DeployedAws(directory)


def allow(
    *actions: str,
    resource: str = "",
    service: str = "",
    principal: Any = None,
    condition: Mapping[str, Any] | None = None,
) -> Statement:
    """A statement; what is empty is left out."""
    statement: dict[str, Any] = {"Effect": "Allow", "Action": list(actions)}
    if resource:
        statement["Resource"] = resource
    if service or principal:
        statement["Principal"] = principal or {"Service": service}
    if condition:
        statement["Condition"] = condition
    return statement


def policy(*statements: Statement) -> str:
    numbered = [{"Sid": f"S{index}", **entry} for index, entry in enumerate(statements)]
    return json.dumps({"Version": "2012-10-17", "Statement": numbered})


def sends(service: str, source_arn: str = "") -> Callable[[str], Statement]:
    """A queue's statement that lets a service send, for one source alone when it is given."""
    condition = {"ArnEquals": {"aws:SourceArn": source_arn}} if source_arn else None
    return lambda queue_arn: allow(
        "sqs:SendMessage", resource=queue_arn, service=service, condition=condition
    )


def dead_letters(queue_arn: str, limit: int = 3) -> Mapping[str, str]:
    """The attribute of a queue that sends messages to another after so many receives."""
    redrive = {"deadLetterTargetArn": queue_arn, "maxReceiveCount": limit}
    return {"RedrivePolicy": json.dumps(redrive)}


def consumes(queue_arn: str = "*") -> Statement:
    """What a function's role needs to be fed from a queue."""
    return allow(
        "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", resource=queue_arn
    )


def archive(files: Mapping[str, str]) -> bytes:
    """A zip file of these texts."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as opened:
        for name, text in files.items():
            opened.writestr(name, text)
    return content.getvalue()
