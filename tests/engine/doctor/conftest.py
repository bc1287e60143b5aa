"""An organization for the doctor to look at, and stacks of acme's settings."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from aws_sandbox.aws.organization import (
    Account,
    Organization,
    Unit,
)
from aws_sandbox.aws.server import AwsServer
from fleet.doctor.examination import examine
from fleet.doctor.findings import Finding
from fleet.doctor.stack_account import StackAccount
from sandbox.tests.moto_state import forget_everything
from stacks import load
from stacks.load import Settings

MANAGEMENT, AUDIT, MEMBER = "111111111111", "222222222222", "333333333333"
IN_UNIT, BELOW, CLOSED = "444444444444", "555555555555", "666666666666"
UPPER, LOWER = "ou-exam-44444444", "ou-exam-55555555"
REGION = "eu-central-1"
ACME: Mapping[str, Any] = {
    "customer": "acme",
    "organization": {"management_account": MANAGEMENT, "audit_account": AUDIT},
    "region": REGION,
}
THEIRS = {"name": "theirs", "existing": True}
BUCKET, POLICY, EVENTS = "the bucket theirs", "the policy of theirs", "events of theirs"
KEY_POLICY = "the policy of its key"
THEIR_KEY_POLICY = "the policy of its key, where it has one of its own"
ARN = "arn:aws:s3:::theirs"
ROLE = "the role AWSServiceRoleForBackupReports"
TRUSTED = "trusted access of AWS Backup to the organization"
ADMINISTRATOR = "this account as delegated administrator of AWS Backup"
JOBS = "accounts in the backup_job plans"
WITHOUT_STACK, LAKE, TOPICS = (
    "accounts without a stack",
    "Lake Formation's defaults",
    "alarm_topics",
)
ACCOUNT = "its account"
QUOTA = f"the quota of report plans in {REGION}"
MONITORED = "cross-account monitoring"
PLANS = "the report plans"
EVERYWHERE = {ACCOUNT, WITHOUT_STACK, LAKE, TOPICS, QUOTA, MONITORED, TRUSTED, PLANS}
"""What is looked at whatever settings say of a bucket or an organization."""


@pytest.fixture
def aws() -> Iterator[AwsServer]:
    """An organization with a closed account, and one unit below another."""
    forget_everything()
    server = AwsServer(
        Organization(
            accounts=(
                Account(id=MANAGEMENT, name="management"),
                Account(id=AUDIT, name="audit"),
                Account(id=MEMBER, name="member"),
                Account(id=IN_UNIT, name="in-a-unit", parent=UPPER),
                Account(id=BELOW, name="below", parent=LOWER),
                Account(id=CLOSED, name="closed", parent=UPPER),
            ),
            units=(Unit(id=UPPER, name="upper"), Unit(id=LOWER, name="lower", parent=UPPER)),
        )
    )
    server.start()
    server.session(MANAGEMENT, REGION).client("organizations").close_account(AccountId=CLOSED)
    yield server
    server.stop()


@pytest.fixture
def session(aws: AwsServer) -> boto3.Session:
    return aws.session(MANAGEMENT, REGION)


@pytest.fixture
def bucket(session: boto3.Session) -> Any:
    """A client of S3; the bucket `theirs` stands."""
    s3 = session.client("s3")
    s3.create_bucket(Bucket="theirs", CreateBucketConfiguration={"LocationConstraint": REGION})
    return s3


@pytest.fixture
def role(session: boto3.Session) -> str:
    """The ARN of the service-linked role, which stands."""
    iam = session.client("iam")
    made = iam.create_service_linked_role(AWSServiceName="reports.backup.amazonaws.com")
    return made["Role"]["Arn"]


def written(folder: Path, role: str, **values: Any) -> Settings:
    """The settings of a stack of acme's."""
    customers = folder / load.CUSTOMERS
    customers.mkdir(parents=True, exist_ok=True)
    (customers / "acme.yaml").write_text(json.dumps(ACME))
    own = {"extends": "acme", "role": role, **values}
    file = customers / f"Pulumi.acme-{role}.yaml"
    file.write_text(json.dumps({"config": {load.KEY: own}}))
    return load.from_files(f"acme-{role}", folder)


def settings(folder: Path, **reports: Any) -> Settings:
    return written(folder, "management", reports=reports)


def findings(
    settings: Settings, session: boto3.Session, root: Path | None = None
) -> dict[str, Finding]:
    """By what they are about; a project without settings files has no stacks."""
    here = StackAccount(settings=settings, session=session, root=root or Path("nowhere"))
    return {finding.about: finding for finding in examine(here)}


def examined(
    settings: Settings, session: boto3.Session, root: Path | None = None
) -> dict[str, tuple[str, str]]:
    """What was found, and the cure with its commands."""
    return {
        about: (finding.found, "; ".join(filter(None, (finding.cure, *finding.run))))
        for about, finding in findings(settings, session, root).items()
    }


def deploy_something(session: boto3.Session, **tags: str) -> None:
    """Something that carries the tags of acme's deployments, and these."""
    given = {"managed-by": "backup-org", "customer": "acme", **tags}
    session.client("sns").create_topic(
        Name=f"acme-backup-{'-'.join(tags) or 'something'}",
        Tags=[{"Key": key, "Value": value} for key, value in given.items()],
    )


def policy_of(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def answer_with(
    session: boto3.Session, call: str, answer: Callable[[Mapping[str, Any]], Mapping[str, Any]]
) -> None:
    """Answers a call itself, by what was asked: for what neither moto nor the sandbox does."""

    class Body:
        def __init__(self, content: bytes) -> None:
            self.content = content

        def stream(self) -> Iterator[bytes]:
            yield self.content

    def respond(request: Any, **_: Any) -> AWSResponse:
        content = json.dumps(answer(json.loads(request.body or "{}"))).encode()
        return AWSResponse(request.url, 200, HTTPHeaders(), Body(content))

    session.events.register(f"before-send.{call}", cast(Any, respond))
