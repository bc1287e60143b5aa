"""One AWS for all tests of a worker: they keep apart by the names they use.

Moto's state is the process's: other tests' servers add to it, so what is counted or listed whole
belongs to accounts that nothing else uses (777777777777, 888888888888).
"""

import itertools
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from aws_sandbox.aws.backup.control_calls import add_backup_controls
from aws_sandbox.aws.organization import Account, Organization, Unit
from aws_sandbox.aws.server import AwsServer
from aws_sandbox.boto import boto_session
from aws_sandbox.control import ControlApi
from sandbox.tests.moto_state import forget_everything

REGION = "eu-west-1"
MANAGEMENT, AUDIT, MEMBER, OTHER = (
    "111111111111",
    "222222222222",
    "333333333333",
    "444444444444",
)


def policy(*statements: Mapping[str, Any]) -> str:
    """A policy's JSON; a statement that says no Effect allows."""
    listed = [{"Effect": "Allow", **statement} for statement in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": listed})


class Acting:
    """Credentials, as far as tests need a session: making one of boto3's takes long."""

    def __init__(self, base: Any, credentials: Mapping[str, Any]) -> None:
        self._base = base
        self._credentials = credentials

    def client(
        self,
        service: str,
        region: str = REGION,
        *,
        validated: bool = True,
        signature: str | None = None,
    ) -> Any:
        return self._base.client(
            service,
            region_name=region,
            config=Config(
                retries={"max_attempts": 0},
                parameter_validation=validated,
                signature_version=signature,
            ),
            aws_access_key_id=self._credentials["AccessKeyId"],
            aws_secret_access_key=self._credentials["SecretAccessKey"],
            aws_session_token=self._credentials["SessionToken"],
        )


class Aws:
    """The server, its sessions and the events that AWS Backup put on a bus."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, Mapping[str, Any]]] = []
        self.reports: list[tuple[str, str, str]] = []
        self.control = ControlApi()
        self._moment: datetime | None = None
        self._clients: dict[tuple[str, str, str], Any] = {}
        self.policy = policy
        self.server = AwsServer(
            Organization(
                accounts=(
                    Account(id=MANAGEMENT, name="management"),
                    Account(id=AUDIT, name="audit"),
                    Account(id=MEMBER, name="member"),
                    Account(id=OTHER, name="other"),
                    Account(id="777777777777", name="in-a-unit", parent="ou-exam-77777777"),
                    Account(id="888888888888", name="full"),
                ),
                units=(Unit(id="ou-exam-77777777", name="workloads"),),
                backup_administrators=(AUDIT,),
            ),
            emit=lambda account, region, event: self.events.append((account, region, event)),
            start_report=lambda account, region, job: self.reports.append((account, region, job)),
            control=self.control,
            clock=self.now,
        )
        self._base: Any = boto_session(
            self.server.url, REGION, access_key_id="none", secret_access_key="none"
        )
        add_backup_controls(self.control, self.server.services)
        self._names = itertools.count()

    def name(self, prefix: str = "thing") -> str:
        """A name that no other test has."""
        return f"{prefix}{next(self._names)}"

    def session(self, account: str = MEMBER) -> "Acting":
        """The account's administrator, with credentials of its own."""
        return self.session_of(self.server.organization_of(account).role_arn(account))

    def session_of(self, role_arn: str) -> "Acting":
        """A role's session, whomever it trusts."""
        session = self.server.services.sessions.issue(role_arn, "testing", 43_200)
        return self.with_credentials(
            {
                "AccessKeyId": session.access_key_id,
                "SecretAccessKey": session.secret_access_key,
                "SessionToken": session.session_token,
            }
        )

    def client(self, service: str, account: str = MEMBER, region: str = REGION) -> Any:
        """A client of the account's administrator, made once."""
        key = (service, account, region)
        if key not in self._clients:
            self._clients[key] = self.session(account).client(service, region)
        return self._clients[key]

    def now(self) -> datetime:
        return self._moment or datetime.now(UTC)

    @cached_property
    def idle(self) -> str:
        """A role of the member's that may do nothing."""
        return self.role(trusts={"Service": "lambda.amazonaws.com"})

    @staticmethod
    def error(call: Callable[[], object]) -> tuple[str, str]:
        """The code and the message of the error that a call is answered with."""
        with pytest.raises(ClientError) as error:
            call()
        found = error.value.response.get("Error", {})
        return found.get("Code", ""), found.get("Message", "")

    def unvalidated(self, service: str) -> Any:
        """A client that sends whatever it is given."""
        return self.session().client(service, validated=False)

    @contextmanager
    def at(self, moment: datetime) -> Generator[None]:
        """The sandbox's clock stands at a moment."""
        self._moment = moment
        try:
            yield
        finally:
            self._moment = None

    def call(self, name: str, **fields: Any) -> Any:
        """A control call, by HTTP as a client makes it."""
        body = json.dumps(fields).encode()
        headers = {"Content-Type": "application/json"}
        url = f"{self.server.url}/_sandbox/{name}"
        with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as answer:  # noqa: S310
            return json.load(answer)

    def role(
        self,
        *,
        trusts: Any,
        allows: Mapping[str, Any] | None = None,
        account: str = MEMBER,
        condition: Mapping[str, Any] | None = None,
    ) -> str:
        """A new role's ARN: whom it trusts, and the statement of its own policy."""
        iam, name = self.client("iam", account), self.name("role")
        trust = {"Principal": trusts, "Action": "sts:AssumeRole", "Condition": condition or {}}
        created = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))
        if allows is not None:
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy(allows))
        return created["Role"]["Arn"]

    @cached_property
    def backup_role(self) -> str:
        """A role of the member's that AWS Backup may assume, and that may copy."""
        copies = ["backup:CopyFromBackupVault", "backup:CopyIntoBackupVault"]
        return self.role(
            trusts={"Service": "backup.amazonaws.com"}, allows={"Action": copies, "Resource": "*"}
        )

    def with_credentials(self, credentials: Mapping[str, Any]) -> "Acting":
        """Whoever has these credentials."""
        return Acting(self._base, credentials)

    def acting(self, role_arn: str, service: str, region: str = REGION) -> Any:
        """A client of a role's session, made once."""
        key = (service, role_arn, region)
        if key not in self._clients:
            self._clients[key] = self.session_of(role_arn).client(service, region)
        return self._clients[key]

    def refused(self, name: str, **fields: Any) -> str:
        """The message of a control call that is refused."""
        with pytest.raises(urllib.error.HTTPError) as error:
            self.call(name, **fields)
        with error.value:
            return json.load(error.value)["error"]

    def details(self, detail_type: str, **members: str) -> list[Mapping[str, Any]]:
        """The details of the events of a type whose members are these."""
        return [
            event["detail"]
            for _, _, event in self.events
            if event["detail-type"] == detail_type
            and all(event["detail"].get(name) == value for name, value in members.items())
        ]


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    forget_everything()
    started = Aws()
    started.server.start()
    yield started
    started.server.stop()


@pytest.fixture(scope="module")
def refusal(aws: Aws) -> Callable[[Callable[[], object]], tuple[str, str]]:
    """The code and the message of the error that a call is answered with."""
    return aws.error


@pytest.fixture(scope="module")
def backup(aws: Aws) -> Any:
    """The member's client of AWS Backup."""
    return aws.client("backup")


@pytest.fixture
def vault(aws: Aws, backup: Any) -> str:
    """A new vault's name."""
    name = aws.name("vault")
    backup.create_backup_vault(BackupVaultName=name)
    return name


@pytest.fixture(scope="module")
def role(aws: Aws) -> str:
    """A role of the member's that AWS Backup may assume."""
    return aws.backup_role
