"""The function that opens tickets, against ServiceNow's stand-in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import boto3
import pytest
from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError
from moto import mock_aws

from aws_sandbox.servicenow import Credentials, RateLimit, ServiceNow
from aws_sandbox.servicenow.http import Answer, ApiRequest, ThreadedServer, json_answer
from handlers.open_ticket import app

EVENTS = Path(__file__).resolve().parents[2] / "unit" / "handlers" / "events"
REGION = "eu-central-1"
SECRET, TABLE = "backup-org/servicenow", "ledger"
SETTINGS = {"customer": "acme", "assignment_group": "Backup Operations", "impact": "1"}
BASIC = {"username": "backup.monitor", "password": "sandbox"}
OAUTH = {"client_id": "backup", "client_secret": "of backup"}
API_KEY = {"api_key": "key of backup"}
CONTEXT = SimpleNamespace(
    function_name="f", memory_limit_in_mb=128, invoked_function_arn="arn", aws_request_id="r"
)
ACCEPTED = Credentials(
    users={BASIC["username"]: BASIC["password"]},
    clients={OAUTH["client_id"]: OAUTH["client_secret"]},
    api_keys={API_KEY["api_key"]: BASIC["username"]},
)

# One of each for all tests: what takes the time is making a client.
_client = cache(cast(Any, boto3.Session("testing", "testing", region_name=REGION)).client)


class Bench:
    """The function as one process has it, between an AWS in this process and the stand-in."""

    def __init__(self, start: Callable[..., ServiceNow], monkeypatch: pytest.MonkeyPatch) -> None:
        self._start = start
        self._env = monkeypatch.setenv
        self.secrets = _client("secretsmanager")
        self.secrets.create_secret(Name=SECRET, SecretString=json.dumps(BASIC))
        _client("dynamodb").create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "correlation_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "correlation_id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.use(start(ACCEPTED))

    def use(self, service: ServiceNow) -> ServiceNow:
        self.service = service
        self._env("SERVICE_NOW_URL", service.url)
        self.forget()
        return service

    def instance(self, *, rate_limit: RateLimit | None = None) -> ServiceNow:
        """Another instance than the one that other tests use as well."""
        return self.use(self._start(ACCEPTED, rate_limit=rate_limit))

    def forget(self) -> None:
        """As a process that starts."""
        process = cast(Any, app)
        process._desk.cache_clear()
        process._secret.cache_clear()
        process._client.cache_clear()

    def keep(self, secret: object) -> None:
        """Changes the secret; a process finds it out when it next reads it."""
        text = secret if isinstance(secret, str) else json.dumps(secret)
        self.secrets.put_secret_value(SecretId=SECRET, SecretString=text)

    def __call__(self, *messages: object) -> Sequence[str]:
        """Hands a batch over; the ids of the messages that are to be tried again."""
        bodies = [m if isinstance(m, str) else json.dumps(m) for m in messages]
        records: list[dict[str, Any]] = [
            {
                "messageId": f"m-{n}",
                "body": body,
                "messageAttributes": {},
                "eventSource": "aws:sqs",
            }
            for n, body in enumerate(bodies)
        ]
        answer = app.handler({"Records": records}, cast(Any, CONTEXT))
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def fails(self, *messages: object) -> str:
        """Hands a batch over of which every message fails: why."""
        with pytest.raises(BatchProcessingError) as caught:
            self(*messages)
        return str(caught.value)

    def states(self) -> list[str]:
        return [incident["state"] for incident in self.service.incidents()]

    def notes(self) -> int:
        """How often a work note was added."""
        requests = [r["method"] for r in self.service.requests() if r["status"] == 200]
        return requests.count("PATCH") - self.states().count("6")

    def asked(self) -> list[tuple[object, object]]:
        return [(request["method"], request["status"]) for request in self.service.requests()]


@pytest.fixture(scope="module")
def shared() -> Iterator[ServiceNow]:
    service = ServiceNow(ACCEPTED).start()
    yield service
    service.stop()


@pytest.fixture
def bench(shared: ServiceNow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Bench]:
    started: list[ServiceNow] = []

    def start(credentials: Credentials, *, rate_limit: RateLimit | None = None) -> ServiceNow:
        if rate_limit is None:
            shared.clear()
            return shared
        started.append(ServiceNow(credentials, rate_limit=rate_limit).start())
        return started[-1]

    for name, value in {
        "SERVICE_NOW_SECRET": SECRET,
        "LEDGER_TABLE": TABLE,
        "LEASE_SECONDS": "75",
        "QUEUE_URL": "queue",
        "DEAD_LETTERS_URL": "dead letters",
    }.items():
        monkeypatch.setenv(name, value)
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps(SETTINGS))
    monkeypatch.setattr(app, "_SETTINGS", settings)
    monkeypatch.setattr(app, "boto3", SimpleNamespace(client=_client))
    with mock_aws():
        yield Bench(start, monkeypatch)
    for service in started:
        service.stop()


def event(name: str, *, day: int = 21, **detail: Any) -> dict[str, Any]:
    told = json.loads((EVENTS / f"{name}.json").read_text())
    told["time"] = f"2026-11-{day}T20:15:26Z"
    told["detail"].pop("completionDate", None)
    told["detail"] |= detail
    return told


FAILED = event("backup-failed")
COMPLETED = event("backup-completed", day=22)
FAILED_AGAIN = event("backup-failed", day=23, backupJobId="third night")


Answering = Callable[[Mapping[str, object]], Bench]


@pytest.fixture
def answering(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Answering]:
    """An instance that always answers a method, or a path, in one way."""
    servers: list[ThreadedServer] = []

    def start(answers: Mapping[str, object]) -> Bench:
        def serve(call: ApiRequest) -> Answer:
            content = answers.get(call.path, answers.get(call.method))
            return json_answer(content)

        servers.append(ThreadedServer(serve, 0))
        servers[-1].start()
        monkeypatch.setenv("SERVICE_NOW_URL", servers[-1].url)
        bench.forget()
        return bench

    yield start
    for server in servers:
        server.stop()
