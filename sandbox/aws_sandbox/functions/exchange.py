"""What passes between an invocation and the one process that serves it."""

import threading
import time
import uuid
from dataclasses import dataclass, field
from enum import Enum


class End(Enum):
    """How an invocation, or a process's start, ended."""

    RESPONSE = "the handler returned"
    ERROR = "the handler raised, or could not be imported"
    EXIT = "the process ended"
    TIMEOUT = "the time was up"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    end: End
    body: bytes = b""
    """The response, the error object, or what the process's end is called."""


@dataclass(kw_only=True)
class Call:
    """One event on its way through a process."""

    event: bytes
    function_arn: str
    timeout_seconds: float
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started: float = 0.0
    """When the process took it, on the monotonic clock: from then on its timeout counts."""
    deadline_ms: int = 0
    """Milliseconds since 1970."""


class Exchange:
    """Hands calls to a process and outcomes back; every method may be called from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._started = False
        self._closed = False
        self._call: Call | None = None
        self._taken: Call | None = None
        self._outcome: Outcome | None = None

    # The runner's side.

    def wait_started(self, timeout_seconds: float) -> Outcome | None:
        """Waits until the process asks for its first call; the outcome is why it never will."""
        with self._changed:
            self._changed.wait_for(lambda: self._started or self._outcome, timeout_seconds)
            if self._started or self._outcome:
                return self._outcome
            return Outcome(end=End.TIMEOUT)

    def run(self, call: Call) -> Outcome:
        """Gives a call to the process and waits for what becomes of it, no longer than allowed."""
        with self._changed:
            if self._outcome is None:
                self._call = call
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._outcome or call.started, call.timeout_seconds)
                remaining = call.started + call.timeout_seconds - time.monotonic()
                self._changed.wait_for(lambda: self._outcome, max(remaining, 0))
            outcome, self._outcome, self._taken = self._outcome, None, None
            return outcome or Outcome(end=End.TIMEOUT)

    def close(self) -> None:
        """No further call comes: a process that waits for one is let go."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    # The process's side.

    def take(self) -> Call | None:
        """The next call, as soon as there is one; None when there will be none."""
        with self._changed:
            self._started = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._call or self._closed)
            if self._closed or self._call is None:
                return None
            call, self._call = self._call, None
            self._taken = call
            call.started = time.monotonic()
            call.deadline_ms = int((time.time() + call.timeout_seconds) * 1000)
            self._changed.notify_all()
            return call

    def finish(self, request_id: str, outcome: Outcome) -> bool:
        """The taken call's outcome; False for any other call, which the process does not have."""
        with self._changed:
            if self._taken is None or self._taken.request_id != request_id:
                return False
            self._end(outcome)
            return True

    def fail(self, outcome: Outcome) -> None:
        """The process could not start, or is no more; what was said first stands."""
        with self._changed:
            if self._outcome is None:
                self._end(outcome)

    def _end(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self._changed.notify_all()
