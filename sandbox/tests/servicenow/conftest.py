import base64
import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from aws_sandbox.servicenow import Credentials, Instance, RateLimit, ServiceNow

TABLE = "/api/now/table/incident"
BASIC = "Basic " + base64.b64encode(b"backup.monitor:sandbox").decode()


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def result(self) -> Any:
        return self.json["result"]

    @property
    def error(self) -> Any:
        assert self.json["status"] == "failure"
        return self.json["error"]


class Client:
    """A caller of one instance, with basic authentication unless a header says otherwise."""

    def __init__(self, service: ServiceNow) -> None:
        self.service = service

    def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 5,
    ) -> Reply:
        netloc = urlsplit(self.service.url).netloc
        connection = http.client.HTTPConnection(netloc, timeout=timeout)
        sent = {"Authorization": BASIC, "Content-Type": "application/json", **(headers or {})}
        content = body if isinstance(body, str) else None if body is None else json.dumps(body)
        try:
            connection.request(
                method, path, content, {name: value for name, value in sent.items() if value}
            )
            answer = connection.getresponse()
            return Reply(answer.status, dict(answer.headers), answer.read().decode())
        finally:
            connection.close()

    def create(self, **values: object) -> Any:
        reply = self("POST", TABLE, {"short_description": "x", **values})
        assert reply.status == 201, reply.text
        return reply.result

    def change(self, sys_id: str, **values: object) -> Reply:
        return self("PATCH", f"{TABLE}/{sys_id}", values)

    def find(self, query: str, **parameters: str) -> Reply:
        return self("GET", f"{TABLE}?{urlencode({'sysparm_query': query, **parameters})}")


Start = Callable[..., Client]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts instances, and stops them after the test."""
    running: list[ServiceNow] = []

    def started(
        *,
        credentials: Credentials | None = None,
        instance: Instance | None = None,
        rate_limit: RateLimit | None = None,
    ) -> Client:
        service = ServiceNow(credentials, instance=instance, rate_limit=rate_limit).start()
        running.append(service)
        return Client(service)

    yield started
    for service in running:
        service.stop()


@pytest.fixture(scope="session")
def shared() -> Iterator[Client]:
    service = ServiceNow().start()
    yield Client(service)
    service.stop()


@pytest.fixture
def call(shared: Client) -> Client:
    """An instance as it is by itself, with nothing in it yet."""
    shared.service.clear()
    return shared
