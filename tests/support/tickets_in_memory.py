"""The ticket desk between a queue, a ledger and ServiceNow that are lists in this process."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from handlers.open_ticket.accounts import Organization
from handlers.open_ticket.desk import Desk, Outcome
from handlers.open_ticket.ledger import Ledger
from handlers.open_ticket.lookup import Lookup, NoLookup
from handlers.open_ticket.messages import Message
from handlers.open_ticket.service_now import Incident, ServiceNow
from handlers.open_ticket.settings import TicketSettings
from tests.support.in_memory_dynamodb import InMemoryDynamoDB

START = datetime(2026, 11, 22, 6, tzinfo=UTC)


@dataclass
class Instance:
    """In place of the client of ServiceNow."""

    fields: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    calls: list[str] = field(default_factory=list[str])

    def incidents(self, correlation_id: str) -> Sequence[Incident]:
        self.calls.append("GET")
        return [
            self._incident(sys_id)
            for sys_id, fields in self.fields.items()
            if fields["correlation_id"] == correlation_id
        ]

    def create_incident(self, fields: Mapping[str, str]) -> Incident:
        self.calls.append("POST")
        sys_id = str(len(self.fields))
        self.fields[sys_id] = {"state": "1", **fields}
        return self._incident(sys_id)

    def update_incident(self, sys_id: str, fields: Mapping[str, str]) -> Incident:
        self.calls.append("PATCH")
        self.fields[sys_id] |= fields
        return self._incident(sys_id)

    def _incident(self, sys_id: str) -> Incident:
        state = self.fields[sys_id]["state"]
        return Incident(number=f"INC{sys_id}", sys_id=sys_id, state=state, created=sys_id.zfill(9))

    @property
    def open(self) -> list[str]:
        """Correlation ids, without the episode."""
        return sorted(
            fields["correlation_id"].rpartition("-")[0]
            for fields in self.fields.values()
            if fields["state"] in "123"
        )


class Counted:
    """A client whose calls are noted."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.exceptions = client.exceptions
        self.calls: list[str] = []

    def __getattr__(self, operation: str) -> Any:
        self.calls.append(operation)
        return getattr(self._client, operation)


class Bureau:
    """A desk with its surroundings, on a clock that is moved by hand."""

    def __init__(
        self,
        settings: TicketSettings,
        lookup: Lookup | None = None,
        organization: Organization | None = None,
        dynamodb: Any = None,
    ) -> None:
        self.now = START
        self.service_now = Instance()
        self.dynamodb = InMemoryDynamoDB()
        self.ledger_calls = Counted(dynamodb or self.dynamodb)
        self.parked: list[Message] = []
        self._waiting: list[tuple[datetime, int, Message]] = []
        self._count = 0
        self.desk = Desk(
            settings,
            ledger=Ledger(cast(Any, self.ledger_calls), "ledger", lease_seconds=105),
            service_now=lambda: cast(ServiceNow, self.service_now),
            queue=self,
            lookup=lookup or NoLookup(),
            organization=organization,
        )

    def send(self, body: str, delay_seconds: int, attributes: Mapping[str, str]) -> None:
        assert 0 <= delay_seconds <= 900
        self._count += 1
        message = Message(body=body, attributes=attributes)
        due = self.now + timedelta(seconds=delay_seconds)
        heapq.heappush(self._waiting, (due, self._count, message))

    def park(self, body: str, attributes: Mapping[str, str]) -> None:
        self.parked.append(Message(body=body, attributes=attributes))

    def take(self, body: str) -> Outcome:
        return self.desk.take(Message(body=body), self.now)

    def wait(self, **time: float) -> None:
        """Hands over what comes back meanwhile, when it comes."""
        until = self.now + timedelta(**time)
        while self._waiting and self._waiting[0][0] <= until:
            self.now, _, message = heapq.heappop(self._waiting)
            self.desk.take(message, self.now)
        self.now = until

    def finish(self) -> None:
        """Until nothing waits any more."""
        while self._waiting:
            self.wait(seconds=(self._waiting[0][0] - self.now).total_seconds())

    @property
    def waiting(self) -> list[Message]:
        return [message for _, _, message in self._waiting]
