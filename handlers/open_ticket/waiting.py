"""Why a message has to wait, and how long all wait where ServiceNow wants to be spared.

Waiting costs no try: the message goes back to the queue as a new one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from handlers.open_ticket.table import Change, Conflict, Refused, Table, Value
from reports.ticket_ledger import PAUSE_KEY

_SHORTEST_SECONDS, _LONGEST_SECONDS = 15, 900
_LONGEST_ASKED_SECONDS = 3600
"""ServiceNow's limits are by the hour; a longer one is found out again."""
_PROBE_SECONDS = 60
_SPARED = "ServiceNow wants to be spared, or does not answer"
_OF_ALL = 3
"""Calls that fail in a row: then it is no matter of one of them."""


class Later(Exception):
    """To be tried again at that time."""

    def __init__(self, until: datetime, reason: str, *, on_purpose: bool = False) -> None:
        super().__init__(reason)
        self.until = until
        self.on_purpose = on_purpose
        """It waits because it was so decided, and nothing is wrong."""


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One message's turn."""

    now: datetime
    remaining_seconds: Callable[[], float]
    """That the function may still run."""

    def needs(self, seconds: float) -> None:
        """Raises Later where that much time is not left."""
        if self.remaining_seconds() < seconds:
            raise Later(self.now + timedelta(seconds=1), "the function's time is nearly up")


class Pauses:
    """One pause for all; after it one asks, and where that goes well all go on.

    A pause that was read is not read again before its end: others may make it longer, which is
    found out then, and it ends no earlier but by one who was told of its end."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._known_until = datetime.min.replace(tzinfo=UTC)
        self._probing: datetime | None = None
        """The turn's time, of the one that asks."""
        self._in_a_row = 0

    def wait_if_known(self, now: datetime) -> None:
        """Raises Later in a pause that this process knows of. Asks nobody."""
        if self._known_until > now:
            raise Later(self._known_until, _SPARED)

    def wait(self, now: datetime) -> None:
        """Raises Later in a pause."""
        self.wait_if_known(now)
        if self._probing == now:
            return
        item = self._table.get(PAUSE_KEY)
        self._probing, self._in_a_row = None, int(item.get("in_a_row", 0))
        if "paused_until" not in item:
            return
        until = datetime.fromtimestamp(int(item["paused_until"]), UTC)
        if until > now:
            self._known_until = until
            raise Later(until, _SPARED)
        epoch = int(now.timestamp())
        probe = Change(
            key=PAUSE_KEY,
            set={"probe_ends": epoch + _PROBE_SECONDS},
            given="attribute_not_exists(probe_ends) OR probe_ends < :now",
            values={"now": epoch},
        )
        try:
            self._table.update(probe)
        except (Refused, Conflict) as error:
            soon = now + timedelta(seconds=_PROBE_SECONDS)
            raise Later(soon, "another asks whether ServiceNow is back") from error
        self._probing = now

    def begin(self, now: datetime, asked_seconds: float | None) -> datetime:
        """Until when; each in a row is twice as long, where ServiceNow does not say how long. One
        call alone may fail for a reason of its own: then nobody else has to wait."""
        item = self._table.get(PAUSE_KEY)
        in_a_row = int(item.get("in_a_row", 0))
        seconds = min(_LONGEST_SECONDS, _SHORTEST_SECONDS * 2**in_a_row)
        if asked_seconds is not None:
            seconds = min(_LONGEST_ASKED_SECONDS, max(1, asked_seconds))
        until = max(int(item.get("paused_until", 0)), int(now.timestamp() + seconds))
        known: dict[str, Value] = {"in_a_row": min(in_a_row + 1, 10)}
        if asked_seconds is not None or in_a_row + 1 >= _OF_ALL:
            known["paused_until"] = until
        self._table.update(Change(key=PAUSE_KEY, set=known, remove=["probe_ends"]))
        return datetime.fromtimestamp(until, UTC)

    def end(self) -> None:
        """ServiceNow has answered."""
        if self._probing is not None:
            over = ["paused_until", "in_a_row", "probe_ends"]
        elif self._in_a_row:
            over = ["in_a_row"]
        else:
            return
        self._probing, self._in_a_row = None, 0
        self._table.update(Change(key=PAUSE_KEY, remove=over))
