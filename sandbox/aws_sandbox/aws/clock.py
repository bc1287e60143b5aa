"""The time, which is this machine's, and the age of what is good for a while alone."""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from aws_sandbox.control import ControlApi

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


class Ageing:
    """How old credentials of STS and signatures are.

    What there is can be made older. What comes afterwards is new again: so the clocks of clients,
    which sign by their own, stay right.
    """

    def __init__(self, clock: Clock = utc_now) -> None:
        self._clock = clock
        self._advances: list[tuple[datetime, timedelta]] = []
        self._lock = threading.Lock()

    def age(self, since: datetime) -> timedelta:
        return self._clock() - since + self.added(since)

    def added(self, since: datetime) -> timedelta:
        """How much older than by itself something has been made."""
        with self._lock:
            return sum((by for at, by in self._advances if since < at), timedelta())

    def advance(self, by: timedelta) -> None:
        """Waits for the next second to begin: a signature tells its time in whole ones."""
        time.sleep(1.01 - time.time() % 1)
        with self._lock:
            self._advances.append((self._clock().replace(microsecond=0), by))

    def add_controls(self, control: ControlApi) -> None:
        """Offers `clock`, and `clock.advance` (`{"seconds": 3600}`)."""
        control.add("clock", lambda _given: self._told(), reads_only=True)
        control.add("clock.advance", self._advance)

    def _advance(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        seconds = given.get("seconds")
        if set(given) != {"seconds"} or not isinstance(seconds, int | float) or seconds <= 0:
            raise ValueError(f"clock.advance takes seconds, more than 0, not {given}")
        self.advance(timedelta(seconds=seconds))
        return self._told()

    def _told(self) -> Mapping[str, Any]:
        """The time, and the seconds of all advances so far."""
        with self._lock:
            seconds = sum(by.total_seconds() for _, by in self._advances)
        return {"now": self._clock().isoformat(), "advanced_seconds": seconds}
