"""The function that opens tickets, against ServiceNow's stand-in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import boto3
import pytest
from moto import mock_aws

from aws_sandbox.servicenow import Credentials, RateLimit, ServiceNow
from aws_sandbox.servicenow.http import Answer, ApiRequest, ThreadedServer, json_answer
from handlers.open_ticket import app
from handlers.open_ticket.desk import Desk, Outcome
from handlers.open_ticket.lookup import Lookup, NoLookup
from handlers.open_ticket.messages import Message
from handlers.open_ticket.service_now import Credentials as ClientCredentials
from handlers.open_ticket.service_now import ServiceNow as Client
from tests.support.in_memory_dynamodb import LEDGER

EVENTS = Path(__file__).resolve().parents[2] / "unit" / "handlers" / "events"
REGION = "eu-central-1"
SECRET, TABLE = "backup-org/servicenow", "ledger"
SETTINGS = {"customer": "acme", "assignment_group": "Backup Operations", "impact": "1"}
BASIC = {"username": "backup.monitor", "password": "sandbox"}
OAUTH = {"client_id": "backup", "client_secret": "of backup"}
API_KEY = {"api_key": "key of backup"}
ACCEPTED = Credentials(
    users={BASIC["username"]: BASIC["password"]},
    clients={OAUTH["client_id"]: OAUTH["client_secret"]},
    api_keys={API_KEY["api_key"]: BASIC["username"]},
)

# One of each for all tests: what takes the time is making a client.
_client = cache(cast(Any, boto3.Session("testing", "testing", region_name=REGION)).client)


class Queue:
    """What the function puts back, and what it parks."""

    def __init__(self) -> None:
        self.back: list[Message] = []
        self.delays: list[int] = []
        self.parked: list[Message] = []

    def send(self, body: str, delay_seconds: int, attributes: Mapping[str, str]) -> None:
        self.back.append(Message(body=body, attributes=attributes))
        self.delays.append(delay_seconds)

    def park(self, body: str, attributes: Mapping[str, str]) -> None:
        self.parked.append(Message(body=body, attributes=attributes))


def _noted(take: Callable[..., Outcome], outcomes: list[Outcome]) -> Callable[..., Outcome]:
    def noting(*args: Any) -> Outcome:
        outcomes.append(take(*args))
        return outcomes[-1]

    return noting


class Bench:
    """The function as one process has it, between an AWS in this process and the stand-in."""

    def __init__(
        self,
        start: Callable[..., ServiceNow],
        monkeypatch: pytest.MonkeyPatch,
        settings: Path,
    ) -> None:
        self._start, self._settings = start, settings
        self.set()
        self.queue = Queue()
        self.now = datetime.now(UTC)
        monkeypatch.setattr(app, "SqsQueue", self._its_queue)
        monkeypatch.setattr(app, "_now", lambda: self.now)
        self.lookup: Lookup = NoLookup()
        monkeypatch.setattr(app, "member_lookup", self._its_lookup)
        self.outcomes: list[Outcome] = []
        monkeypatch.setattr(Desk, "take", _noted(Desk.take, self.outcomes))
        self.env = monkeypatch.setenv
        self.remaining_seconds = 90.0
        self.secrets = _client("secretsmanager")
        self.secrets.create_secret(Name=SECRET, SecretString=json.dumps(BASIC))
        _client("dynamodb").create_table(**LEDGER, TableName=TABLE)
        self.use(start(ACCEPTED))

    def _its_lookup(self, *_: object) -> Lookup:
        return self.lookup

    def _its_queue(self, *_: object) -> Queue:
        return self.queue

    def use(self, service: ServiceNow) -> ServiceNow:
        self.service = service
        self.env("SERVICE_NOW_URL", service.url)
        self.forget()
        return service

    def instance(self, *, rate_limit: RateLimit | None = None) -> ServiceNow:
        """Another instance than the one that other tests use as well."""
        return self.use(self._start(ACCEPTED, rate_limit=rate_limit))

    def set(self, **settings: object) -> None:
        """Before the function's first message, or with `forget`."""
        self._settings.write_text(json.dumps({**SETTINGS, **settings}))

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

    def __call__(self, *messages: object) -> None:
        """Hands messages over, one after another; none of them may break the function."""
        for message in messages:
            body = message if isinstance(message, str) else json.dumps(message)
            self._hand_over(Message(body=body))

    def _hand_over(self, message: Message) -> None:
        attributes = {
            name: {"dataType": "String", "stringValue": text}
            for name, text in message.attributes.items()
        }
        record = {
            "messageId": "m-0",
            "body": message.body,
            "messageAttributes": attributes,
            "eventSource": "aws:sqs",
        }
        context = SimpleNamespace(
            function_name="f",
            memory_limit_in_mb=128,
            invoked_function_arn="arn",
            aws_request_id="r",
            get_remaining_time_in_millis=lambda: (self.remaining_seconds + 5) * 1000,
        )
        answer = app.handler({"Records": [record]}, cast(Any, context))
        assert answer == {"batchItemFailures": []}

    def later(self, **time: float) -> None:
        """Lets time pass, and hands over what was put back."""
        self.now += timedelta(**time)
        back, self.queue.back = self.queue.back, []
        self.queue.delays.clear()
        for message in back:
            self._hand_over(message)

    def fails(self, *messages: object) -> str:
        """Hands messages over, each of which is put back at the cost of a try, or parked: why."""
        told: list[str] = []
        for message in messages:
            self(message)
            if self.queue.parked:
                told.append(self.queue.parked.pop().attributes["Reason"])
            else:
                assert self.queue.back.pop().attributes["Tries"] == "1"
                told.append(self.outcomes[-1].reason)
        return "\n".join(told)

    def waits(self, message: object) -> str:
        """Hands a message over that is put back and costs no try: why."""
        self(message)
        assert "Tries" not in self.queue.back[-1].attributes
        return self.outcomes[-1].reason

    def client(self) -> Client:
        """Of somebody else, who works in the same instance."""
        return Client(self.service.url, ClientCredentials(BASIC))

    def no_more_faults(self) -> None:
        cast(Any, self.service)._faults.clear()

    def journal(self, sys_id: str) -> str:
        return cast(Any, self.service)._incidents.journal(sys_id, "work_notes")

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
        "JOB_READER_ROLE": "reader",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(app, "_SETTINGS", tmp_path / "settings.json")
    monkeypatch.setattr(app, "boto3", SimpleNamespace(client=_client, Session=boto3.Session))
    with mock_aws():
        yield Bench(start, monkeypatch, tmp_path / "settings.json")
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
