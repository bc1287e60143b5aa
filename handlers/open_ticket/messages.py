"""The messages that the desk takes from its queue, and the two places where it may put one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

TRIES = "Tries"
"""Message attribute: how many tries were spent before this one."""
SINCE = "Since"
"""Message attribute: when the message first came, or was to come back where it waited on purpose;
in epoch seconds."""
DUE = "Due"
"""Message attribute: when it is to come again, as the ledger knows it; in epoch seconds."""
KEYS = "Keys"
"""Message attribute: under which keys what it tells of is in the ledger by now."""
ERRORS = "Errors"
"""Message attribute: how often ServiceNow answered 500 to what it tells of."""
REASON = "Reason"
"""Message attribute of a dead letter: why it was parked."""


@dataclass(frozen=True, kw_only=True)
class Message:
    body: str
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])


class Queue(Protocol):
    def send(self, body: str, delay_seconds: int, attributes: Mapping[str, str]) -> None:
        """Puts a message back, as a new one that is handed out after at most 900 s."""

    def park(self, body: str, attributes: Mapping[str, str]) -> None:
        """Into the dead-letter queue, at once."""
