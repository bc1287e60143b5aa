"""The ticket function between a queue, a ledger and ServiceNow, on a clock of their own.

The queue hands messages out as SQS does, twice now and then; ServiceNow is the stand-in, behind a
wire that fails; the function's processes are several, and are killed between calls.
"""

from __future__ import annotations

import heapq
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import urllib3
from botocore.exceptions import ClientError
from urllib3.exceptions import (
    ConnectTimeoutError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
)

from aws_sandbox.servicenow import Fault, Instance, ServiceNow
from aws_sandbox.servicenow.http import Answer, ApiRequest
from handlers.open_ticket.desk import Desk, Outcome
from handlers.open_ticket.ledger import Ledger
from handlers.open_ticket.lookup import Lookup
from handlers.open_ticket.messages import Message
from handlers.open_ticket.service_now import Credentials
from handlers.open_ticket.service_now import ServiceNow as Client
from handlers.open_ticket.settings import TicketSettings
from tests.support.in_memory_dynamodb import InMemoryDynamoDB
from tests.support.interleaving import Killed, Schedule, Worker

FUNCTION_SECONDS = 90
LEASE_SECONDS = FUNCTION_SECONDS + 15
_VISIBILITY_SECONDS = 6 * FUNCTION_SECONDS
"""As components/ticketing.py deploys them."""
_MAX_RECEIVES = 5
_MAX_DELAY_SECONDS = 900
_POLL_SECONDS = 5.0
_DONE = {"": "noted", "2": "reopened", "6": "resolved"}
"""By the state that a PATCH sets."""


@dataclass(frozen=True, kw_only=True)
class Faults:
    """How often what goes wrong; shares of calls or messages."""

    service_now: float = 0.0
    away: tuple[float, float] | None = None
    """From and until, in seconds since 1970."""
    killed: float = 0.0
    handed_out_twice: float = 0.0
    conflicts: float = 0.0
    """Of writes, with a transaction that is at the same item."""


@dataclass
class _Record:
    """A message as the queue keeps it."""

    body: str
    attributes: Mapping[str, str]
    receives: int = 0
    gone: bool = False


class SimulatedQueue:
    """As SQS hands out: each message hidden for a while, five times, and then a dead letter."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._hidden: list[tuple[float, float, int, _Record]] = []
        self._number = 0
        self.dead: list[Message] = []

    def put(self, body: str, at: float, attributes: Mapping[str, str] | None = None) -> None:
        self._hide(_Record(body, dict(attributes or {})), at)

    def send(self, body: str, delay_seconds: int, attributes: Mapping[str, str]) -> None:
        assert 0 <= delay_seconds <= _MAX_DELAY_SECONDS
        at = self._schedule.now + delay_seconds
        self._schedule.worker.call(lambda: self.put(body, at, attributes), 0.02)

    def park(self, body: str, attributes: Mapping[str, str]) -> None:
        letter = Message(body=body, attributes=dict(attributes))
        self._schedule.worker.call(lambda: self.dead.append(letter), 0.02)

    def receive(self) -> _Record | None:
        """None: none is to be had now."""
        while self._hidden and self._hidden[0][0] <= self._schedule.now:
            *_, record = heapq.heappop(self._hidden)
            if record.gone:
                continue
            if record.receives == _MAX_RECEIVES:
                self.dead.append(Message(body=record.body, attributes=record.attributes))
                continue
            record.receives += 1
            self._hide(record, self._schedule.now + _VISIBILITY_SECONDS)
            return record
        return None

    def next_at(self) -> float | None:
        """None: there is nothing any more, and nobody works on anything."""
        while self._hidden and self._hidden[0][3].gone:
            heapq.heappop(self._hidden)
        return self._hidden[0][0] if self._hidden else None

    def _hide(self, record: _Record, until: float) -> None:
        self._number += 1
        entry = (until, self._schedule.random.random(), self._number, record)
        heapq.heappush(self._hidden, entry)


class SimulatedDynamoDB:
    """Each call takes its time, counts, and may meet another one's transaction."""

    def __init__(self, schedule: Schedule, conflicts: float) -> None:
        self._schedule, self._conflicts = schedule, conflicts
        self.table = InMemoryDynamoDB()
        self.exceptions = self.table.exceptions
        self.calls: Counter[str] = Counter()
        self.log: list[tuple[str, Mapping[str, Any], Any]] = []
        """Calls with what they were answered, errors too."""
        self._in_transactions: set[str] = set()
        """Keys of items that transactions write, so that others may meet one."""

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**asked: Any) -> Any:
            seconds = self._schedule.random.uniform(0.004, 0.02)
            return self._schedule.worker.call(lambda: self._answer(operation, asked), seconds)

        return call

    def _answer(self, operation: str, asked: Mapping[str, Any]) -> Any:
        self.calls[operation] += 1
        keys = {part.get("Item", part.get("Key"))["correlation_id"]["S"] for part in _parts(asked)}
        if "TransactItems" in asked:
            self._in_transactions |= keys
        may_meet = operation != "get_item" and keys <= self._in_transactions
        if may_meet and self._schedule.random.random() < self._conflicts:
            raise self.table.conflict(asked)
        try:
            answer = getattr(self.table, operation)(**asked)
        except ClientError as error:
            self.log.append((operation, asked, error.response))
            raise
        self.log.append((operation, asked, answer))
        return answer


def _parts(asked: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    whole: Sequence[Mapping[str, Any]] | None = asked.get("TransactItems")
    return [asked] if whole is None else [next(iter(part.values())) for part in whole]


class Wire:
    """In place of urllib3's pool: carries requests to the stand-in, and fails."""

    def __init__(self, schedule: Schedule, service: ServiceNow, faults: Faults) -> None:
        self._schedule, self._service, self._faults = schedule, service, faults
        self.calls: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self.done: list[tuple[float, str, str]] = []
        """What ServiceNow carried out: when; opened, noted, reopened or resolved; the body."""

    def request(self, method: str, url: str, **options: Any) -> urllib3.HTTPResponse:
        self.calls[method] += 1
        split = urlsplit(url)
        headers: Mapping[str, str] = options.get("headers") or {}
        request = ApiRequest(
            method=method,
            path=split.path,
            query=dict(parse_qsl(split.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in headers.items()},
            body=(options.get("body") or "").encode(),
        )
        timeout: urllib3.Timeout = options["timeout"]
        random, start, end = self._schedule.random, *(self._faults.away or (0.0, 0.0))
        if start <= self._schedule.now < end:
            fail = random.choice((self._refused, self._unreachable, self._unavailable))
        elif random.random() < self._faults.service_now:
            fail = random.choice(
                (
                    self._limited,
                    self._broken,
                    self._unavailable,
                    self._broken_after,
                    self._dropped,
                    self._dropped_after,
                    self._late,
                    self._never,
                    self._cut_short,
                )
            )
        else:
            return self._answered(self._carried(request))
        self.failures[fail.__name__.strip("_")] += 1
        return fail(request, timeout)

    def _carried(self, request: ApiRequest) -> Answer:
        seconds = self._schedule.random.uniform(0.1, 1.5)
        return self._schedule.worker.call(lambda: self._serve(request), seconds)

    def _serve(self, request: ApiRequest) -> Answer:
        answer = self._service.serve(request)
        assert answer is not None
        if request.method != "GET" and answer.status < 300:
            state = json.loads(request.body).get("state", "")
            what = "opened" if request.method == "POST" else _DONE[state]
            self.done.append((self._schedule.now, what, request.body.decode()))
        return answer

    def _answered(self, answer: Answer) -> urllib3.HTTPResponse:
        headers = {"Content-Type": answer.content_type, **answer.headers}
        return urllib3.HTTPResponse(body=answer.body, status=answer.status, headers=headers)

    def _pass(self, seconds: float) -> None:
        self._schedule.worker.call(lambda: None, seconds)

    def _limited(self, *_: object) -> urllib3.HTTPResponse:
        self._pass(0.1)
        again = self._schedule.random.choice((None, 20, 90))
        return self._answered(Fault(status=429, retry_after=again).answer())

    def _broken(self, *_: object) -> urllib3.HTTPResponse:
        self._pass(0.5)
        return self._answered(Fault(status=500).answer())

    def _unavailable(self, *_: object) -> urllib3.HTTPResponse:
        self._pass(0.2)
        return self._answered(Fault(status=503).answer())

    def _broken_after(self, request: ApiRequest, _timeout: object) -> urllib3.HTTPResponse:
        self._carried(request)
        return self._answered(Fault(status=502).answer())

    def _cut_short(self, request: ApiRequest, _timeout: object) -> urllib3.HTTPResponse:
        self._carried(request)
        return self._answered(Fault(kind="malformed").answer())

    def _dropped(self, *_: object) -> urllib3.HTTPResponse:
        self._pass(0.3)
        raise ProtocolError("Connection aborted.", ConnectionResetError(104, "reset by peer"))

    def _dropped_after(self, request: ApiRequest, _timeout: object) -> urllib3.HTTPResponse:
        self._carried(request)
        raise ProtocolError("Connection aborted.", ConnectionResetError(104, "reset by peer"))

    def _late(self, request: ApiRequest, timeout: urllib3.Timeout) -> urllib3.HTTPResponse:
        """Committed while the lease still stands, maybe long after nobody waits any more."""
        ends = self._schedule.worker.started + LEASE_SECONDS - 1
        at = self._schedule.random.uniform(self._schedule.now, ends)
        self._schedule.at(at, lambda: self._serve(request) and None)
        return self._never(request, timeout)

    def _never(self, _request: ApiRequest, timeout: urllib3.Timeout) -> urllib3.HTTPResponse:
        seconds = timeout.read_timeout
        assert isinstance(seconds, (int, float))
        self._pass(seconds)
        raise ReadTimeoutError(cast(Any, None), "/", f"Read timed out. (read timeout={seconds})")

    def _refused(self, *_: object) -> urllib3.HTTPResponse:
        self._pass(0.1)
        raise NewConnectionError(cast(Any, None), "[Errno 111] Connection refused")

    def _unreachable(self, _request: ApiRequest, timeout: urllib3.Timeout) -> urllib3.HTTPResponse:
        seconds = timeout.connect_timeout
        assert isinstance(seconds, (int, float))
        self._pass(seconds)
        raise ConnectTimeoutError(None, f"connect timeout={seconds}", cast(Any, TimeoutError()))


@dataclass(kw_only=True)
class Simulation:
    """`consumers` processes of the function; `lookup` answers for the members' accounts."""

    seed: int
    starts: datetime
    settings: TicketSettings
    lookup: Lookup
    faults: Faults = Faults()
    consumers: int = 4
    outcomes: Counter[str] = field(default_factory=Counter[str])
    errors: Counter[str] = field(default_factory=Counter[str])
    """What the function failed with, by class and beginning of the text."""
    invocations: int = 0

    def __post_init__(self) -> None:
        self.schedule = Schedule(Random(self.seed), self.starts.timestamp())  # noqa: S311
        self.queue = SimulatedQueue(self.schedule)
        self.dynamodb = SimulatedDynamoDB(self.schedule, self.faults.conflicts)
        self.service = ServiceNow(instance=Instance(), clock=lambda: self.schedule.now).start()
        self.wire = Wire(self.schedule, self.service, self.faults)

    def close(self) -> None:
        self.service.stop()

    def put(self, body: str, at: float) -> None:
        """A message that the topic delivers, maybe twice."""
        self.queue.put(body, at)
        if self.schedule.random.random() < self.faults.handed_out_twice:
            self.queue.put(body, at + self.schedule.random.uniform(0, 3))

    def run(self) -> None:
        """Until the queue is empty."""
        for _ in range(self.consumers):
            self.schedule.start(self._consume, killing=self.faults.killed)
        self.schedule.run()

    def replay(self) -> int:
        """Puts the dead letters back, and works them off without faults; how many they were."""
        letters, self.queue.dead = self.queue.dead, []
        for letter in letters:
            self.queue.put(letter.body, self.schedule.now)
        self.faults = Faults()
        self.wire = Wire(self.schedule, self.service, self.faults)
        self.run()
        return len(letters)

    def _consume(self, worker: Worker) -> None:
        desk = self._desk()
        while (due := self.queue.next_at()) is not None:
            record = self.queue.receive()
            if record is None:
                worker.sleep(min(max(due - self.schedule.now, 0.001), _POLL_SECONDS))
                continue
            self.invocations += 1
            worker.begin(FUNCTION_SECONDS)
            try:
                outcome = self._invoke(desk, record)
            except Killed:
                self.outcomes["Killed"] += 1
                desk = self._desk()
            except Exception as error:  # noqa: BLE001 - as Lambda, which hands the message out again
                self.errors[f"{type(error).__name__}: {str(error)[:60]}"] += 1
            else:
                record.gone = True
                self.outcomes[outcome.what] += 1
            worker.end()

    def _desk(self) -> Desk:
        """As a process that has just begun: it remembers nothing."""
        client = Client("https://acme.service-now.com", Credentials.read("s", _SECRET))
        cast(Any, client)._http = self.wire
        return Desk(
            self.settings,
            ledger=Ledger(cast(Any, self.dynamodb), "ledger", lease_seconds=LEASE_SECONDS),
            service_now=lambda: client,
            queue=self.queue,
            lookup=self.lookup,
        )

    def _invoke(self, desk: Desk, record: _Record) -> Outcome:
        now = datetime.fromtimestamp(self.schedule.now, UTC)
        worker = self.schedule.worker
        message = Message(body=record.body, attributes=record.attributes)
        return desk.take(message, now, lambda: worker.remaining_seconds - 5)


_SECRET = json.dumps({"username": "backup.monitor", "password": "sandbox"})
