"""The Lambda Runtime API (2018-06-01) for one process, and what passes through it.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import re
import socket
import sys
import threading
import time
import uuid
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_BASE = "/2018-06-01/runtime"
_INVOCATION = re.compile(rf"{_BASE}/invocation/([0-9a-f-]+)/(response|error)")


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
class Invocation:
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
    """Hands invocations to a process and outcomes back; called from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._started = False
        self._closed = False
        self._next: Invocation | None = None
        self._taken: Invocation | None = None
        self._outcome: Outcome | None = None

    # The runner's side.

    def wait_started(self, timeout_seconds: float) -> Outcome | None:
        """Waits until the process asks for its first event; the outcome is why it never will."""
        with self._changed:
            self._changed.wait_for(lambda: self._started or self._outcome, timeout_seconds)
            if self._started or self._outcome:
                return self._outcome
            return Outcome(end=End.TIMEOUT)

    def run(self, invocation: Invocation) -> Outcome:
        """Gives an event to the process and waits for its outcome, no longer than allowed."""
        limit = invocation.timeout_seconds
        with self._changed:
            if self._outcome is None:
                self._next = invocation
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._outcome or invocation.started, limit)
                remaining = invocation.started + limit - time.monotonic()
                self._changed.wait_for(lambda: self._outcome, max(remaining, 0))
            outcome, self._outcome, self._taken = self._outcome, None, None
            return outcome or Outcome(end=End.TIMEOUT)

    def close(self) -> None:
        """No further event comes: a process that waits for one is let go."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    # The process's side.

    def take(self) -> Invocation | None:
        """The next invocation, as soon as there is one; None when there will be none."""
        with self._changed:
            self._started = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._next or self._closed)
            if self._closed or self._next is None:
                return None
            taken, self._next = self._next, None
            self._taken = taken
            taken.started = time.monotonic()
            taken.deadline_ms = int((time.time() + taken.timeout_seconds) * 1000)
            self._changed.notify_all()
            return taken

    def finish(self, request_id: str, outcome: Outcome) -> bool:
        """The taken event's outcome; False for any other event, which the process does not have."""
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


class RuntimeApi(ThreadingHTTPServer):
    """Serves one process's exchange, on a port of its own on 127.0.0.1, until it is closed."""

    daemon_threads = True

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.exchange = exchange
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="runtime-api", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """host:port, as `AWS_LAMBDA_RUNTIME_API` holds it."""
        return f"127.0.0.1:{self.server_port}"

    def close(self) -> None:
        self._closed = True
        self.exchange.close()
        socket.create_connection(("127.0.0.1", self.server_port)).close()  # wakes the wait below
        self._thread.join()
        self.server_close()

    def _serve(self) -> None:
        while not self._closed:  # unlike serve_forever, nothing here polls
            self.handle_request()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that a killed process left behind is no error."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One write a response and no Nagle: else delayed acknowledgements cost 40 ms a call.
    wbufsize = -1
    disable_nagle_algorithm = True

    @property
    def _exchange(self) -> Exchange:
        assert isinstance(self.server, RuntimeApi)
        return self.server.exchange

    def do_GET(self) -> None:
        if self.path != f"{_BASE}/invocation/next":
            return self._answer(HTTPStatus.NOT_FOUND)
        taken = self._exchange.take()
        if taken is None:
            self.close_connection = True
            return None
        return self._answer(
            HTTPStatus.OK,
            taken.event,
            {
                "Content-Type": "application/json",
                "Lambda-Runtime-Aws-Request-Id": taken.request_id,
                "Lambda-Runtime-Deadline-Ms": str(taken.deadline_ms),
                "Lambda-Runtime-Invoked-Function-Arn": taken.function_arn,
                "Lambda-Runtime-Trace-Id": _trace_id(taken.request_id),
            },
        )

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.path == f"{_BASE}/init/error":
            self._exchange.fail(Outcome(end=End.ERROR, body=body))
            return self._answer(HTTPStatus.ACCEPTED)
        invocation = _INVOCATION.fullmatch(self.path)
        if invocation is None:
            return self._answer(HTTPStatus.NOT_FOUND)
        end = End.RESPONSE if invocation[2] == "response" else End.ERROR
        known = self._exchange.finish(invocation[1], Outcome(end=end, body=body))
        return self._answer(HTTPStatus.ACCEPTED if known else HTTPStatus.BAD_REQUEST)

    def _answer(
        self, status: HTTPStatus, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response_only(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _trace_id(request_id: str) -> str:
    digits = request_id.replace("-", "")
    return f"Root=1-{digits[:8]}-{digits[8:]};Parent={digits[:16]};Sampled=0"
