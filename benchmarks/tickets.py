"""What `handlers/open_ticket` costs: time beside the HTTP calls alone, and calls of ServiceNow and
DynamoDB in a storm of repeats and for a job that changes nothing.

ServiceNow is the sandbox's stand-in: over HTTP in a process of its own where time is measured, else
on a clock that is not this machine's. DynamoDB is answered from memory, behind boto3's own client.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, cast
from unittest.mock import patch

import boto3
import urllib3
from botocore.awsrequest import AWSResponse, HTTPHeaders
from botocore.exceptions import ClientError

from aws_sandbox.servicenow import ServiceNow as StandIn
from benchmarks.measure import Measure
from handlers.open_ticket.desk import Desk
from handlers.open_ticket.ledger import Ledger
from handlers.open_ticket.lookup import NoLookup
from handlers.open_ticket.messages import Message
from handlers.open_ticket.service_now import Credentials, ServiceNow
from handlers.open_ticket.settings import TicketSettings
from tests.engine.tickets.happenings import Job
from tests.engine.tickets.simulation import LEASE_SECONDS, Simulation
from tests.support.in_memory_dynamodb import InMemoryDynamoDB

_START = datetime(2026, 11, 21, tzinfo=UTC)
_SETTINGS = TicketSettings(customer="acme", storm=None)
_SECRET = {"username": "backup.monitor", "password": "sandbox"}


@dataclass(frozen=True, kw_only=True)
class Size:
    events: int
    """Of as many resources, for the time of one."""
    repeats: int
    minutes: int
    """Within which they come."""


FULL = Size(events=1_000, repeats=10_000, minutes=30)
TINY = Size(events=10, repeats=100, minutes=3)


def run(size: Size) -> Sequence[Measure]:
    return [_seconds(size), *_storm(size), _of_what_changes_nothing()]


def _job(number: int, *, failed: bool, at: float = 0, resource: int = 0) -> Job:
    ended = _START.timestamp() + at
    return Job(
        id=f"{number:08x}-0000-4000-8000-000000000000",
        kind="backup",
        resource=f"arn:aws:ec2:eu-central-1:111111111111:instance/i-{resource:08x}",
        vault="standard",
        rule="daily",
        failed=failed,
        ended=ended,
        told=ended,
        terse=False,
        known=True,
        message="The key is disabled" if failed else "",
    )


def _seconds(size: Size) -> Measure:
    """CPU time of this process: each event opens an incident."""
    jobs = [_job(number, failed=True, resource=number) for number in range(size.events)]
    with _stand_in() as url:
        desk, noting = _desk(url)
        ours = _cpu(lambda: [desk.take(Message(body=job.event()), _START) for job in jobs])
        alone = _cpu(lambda: _again(noting.requests))
    return Measure(
        what=f"{size.events:,} failures, {size.events / ours:,.0f} a second on one core",
        value=ours,
        unit="s of CPU",
        baseline="the same HTTP calls alone",
        base=alone,
    )


@contextmanager
def _stand_in() -> Generator[str]:
    spawn = get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    yield ours.recv()
    ours.send("stop")
    process.join()


def _serve(connection: Connection) -> None:
    service = StandIn().start()
    connection.send(service.url)
    connection.recv()
    service.stop()


def _desk(url: str) -> tuple[Desk, _Noting]:
    """With the requests that it makes of ServiceNow."""
    noting = _Noting()
    with patch.object(urllib3, "PoolManager", lambda: noting):
        client = ServiceNow(url, Credentials.read("secret", json.dumps(_SECRET)))
    desk = Desk(
        _SETTINGS,
        ledger=Ledger(_dynamodb(), "ledger", lease_seconds=LEASE_SECONDS),
        service_now=lambda: client,
        queue=cast(Any, None),
        lookup=NoLookup(),
    )
    return desk, noting


class _Noting(urllib3.PoolManager):
    """Notes what is asked through it."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[tuple[str, str, Mapping[str, Any]]] = []

    def request(self, method: str, url: str, *_: Any, **options: Any) -> urllib3.BaseHTTPResponse:
        self.requests.append((method, url, options))
        return super().request(method, url, **options)


def _dynamodb() -> Any:
    """boto3's client, whose requests are answered from memory."""
    table = InMemoryDynamoDB()
    session: Any = boto3.Session("testing", "testing", region_name="eu-central-1")
    client = session.client("dynamodb")

    def answer(request: Any, **_: Any) -> AWSResponse:
        operation = request.headers["X-Amz-Target"].decode().rpartition(".")[2]
        call = getattr(table, _SNAKE[operation])
        try:
            status, content = 200, call(**json.loads(request.body))
        except ClientError as error:
            told: Any = error.response
            kind = {"__type": f"com.amazonaws.dynamodb.v20120810#{told['Error']['Code']}"}
            status, content = (
                400,
                {**kind, **{name: told[name] for name in told if name != "Error"}},
            )
        raw: Any = _Raw(json.dumps(content).encode())
        return AWSResponse(request.url, status, HTTPHeaders(), raw)

    client.meta.events.register("before-send.dynamodb", answer)
    return client


_SNAKE = {
    "GetItem": "get_item",
    "UpdateItem": "update_item",
    "TransactWriteItems": "transact_write_items",
}


class _Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        yield self._body


def _cpu(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _again(requests: Sequence[tuple[str, str, Mapping[str, Any]]]) -> None:
    """By another connection, as the first one's stays the desk's."""
    http = urllib3.PoolManager()
    for method, url, options in requests:
        answer = http.request(method, url, **options)
        assert answer.status < 300, answer.data


def _storm(size: Size) -> Sequence[Measure]:
    """One thing fails again and again. The message is the same, and each job another."""
    simulation = _simulation()
    last = size.minutes * 60
    jobs = [
        _job(number, failed=True, at=last * number / size.repeats)
        for number in range(size.repeats + 1)
    ]
    for job in jobs:
        simulation.put(job.event(), job.told)
    with _closing(simulation):
        simulation.run()
    calls = simulation.wire.calls.total()
    counted = f"({size.repeats + 1} times"
    right = next(at for at, _, body in simulation.wire.done if counted in body)
    return [
        Measure(
            what=f"{size.repeats:,} repeats in {size.minutes} minutes, {calls} ServiceNow calls",
            value=calls,
            unit="calls",
            baseline="2 and one a minute",
            base=2 + size.minutes,
            at_most=1,
        ),
        Measure(
            what="from the last of them to the right count in ServiceNow",
            value=max(0.0, right - jobs[-1].told),
            unit="s",
            baseline="two minutes",
            base=120,
            at_most=1,
        ),
    ]


def _of_what_changes_nothing() -> Measure:
    simulation = _simulation()
    job = _job(1, failed=False)
    simulation.put(job.event(), job.told)
    with _closing(simulation):
        simulation.run()
    assert simulation.wire.calls.total() == 0
    return Measure(
        what="a completed job that changes nothing",
        value=simulation.dynamodb.calls.total(),
        unit="calls of DynamoDB",
        baseline="one",
        base=1,
        at_most=1,
    )


def _simulation() -> Simulation:
    return Simulation(seed=1, starts=_START, settings=_SETTINGS, lookup=NoLookup(), consumers=2)


@contextmanager
def _closing(simulation: Simulation) -> Generator[None]:
    try:
        yield
    finally:
        simulation.close()
