"""What `backup-org doctor --online` finds of secrets, and never prints of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import boto3
import pytest

from aws_sandbox.aws.server import AwsServer
from aws_sandbox.servicenow import Credentials, ServiceNow
from fleet.doctor.findings import Finding, State
from fleet.doctor.online.secrets import secrets
from fleet.doctor.stack_account import StackAccount
from tests.engine.doctor.conftest import AUDIT, REGION, written

NAME = "acme/servicenow"
BASIC = {"username": "backup.monitor", "password": "sandbox"}


@pytest.fixture
def session(aws: AwsServer) -> boto3.Session:
    return aws.session(AUDIT, REGION)


@pytest.fixture
def service() -> Iterator[ServiceNow]:
    started = ServiceNow(Credentials(clients={"id": "hush"}, api_keys={"key": "robot"})).start()
    yield started
    started.stop()


def found(folder: Path, session: boto3.Session, url: str, held: str) -> Finding:
    ticketing = {"url": url, "secret": NAME}
    session.client("secretsmanager").create_secret(Name=NAME, SecretString=held)
    here = StackAccount(
        settings=written(folder, "audit", ticketing=ticketing), session=session, root=folder
    )
    (finding,) = secrets(here)
    return finding


@pytest.mark.parametrize(
    "held", [BASIC, {"client_id": "id", "client_secret": "hush"}, {"api_key": "key"}]
)
def test_a_secret_that_opens_service_now_is_well(
    held: Mapping[str, str], tmp_path: Path, session: boto3.Session, service: ServiceNow
) -> None:
    tried = found(tmp_path, session, service.url, json.dumps(held))
    assert (tried.state, tried.found) == (State.FINE, f"{service.url}, and may read incidents")


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (json.dumps({**BASIC, "password": "hidden"}), "refuses it"),
        (json.dumps({"client_id": "id", "client_secret": "hidden"}), "gives it no token (401)"),
        (json.dumps({"user": "hidden"}), "nothing: it holds user"),
        ("hidden", "nothing: it is not JSON"),
    ],
)
def test_one_that_does_not_is_told_without_what_it_holds(
    held: str, said: str, tmp_path: Path, session: boto3.Session, service: ServiceNow
) -> None:
    tried = found(tmp_path, session, service.url, held)
    assert tried.state is State.CURE
    assert said in tried.found
    assert "hidden" not in repr(tried)


def test_an_instance_that_is_not_reached_is_told(tmp_path: Path, session: boto3.Session) -> None:
    tried = found(tmp_path, session, "http://127.0.0.1:9", json.dumps(BASIC))
    assert (tried.state, "is not reached from here" in tried.found) == (State.CURE, True)
