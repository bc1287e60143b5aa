"""Faults on request: the next answers fail as a ServiceNow instance, or the way to it, may fail."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from aws_sandbox.servicenow.answers import Answer, Call, json_answer

Kind = Literal["status", "reset", "timeout", "malformed", "lost"]
"""A status; a connection reset or never answered; an answer that is no JSON; and `lost`: the
request is carried out, but the connection ends before the answer."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What happens to requests of the Table API and of the token endpoint."""

    kind: Kind = "status"
    status: int = 500
    times: int = 1
    """How many requests; each is then served as if nothing had been."""
    method: str | None = None
    """Only requests with this method."""
    latency_seconds: float = 0
    """Waited before the fault, or, where `times` is 0, before every request from now on."""

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"no fault {self.kind!r}; there are: {', '.join(get_args(Kind))}")
        if self.kind == "status" and not 400 <= self.status <= 599:
            raise ValueError(f"a fault's status is an error (400 to 599), not {self.status}")

    def answer(self) -> Answer:
        if self.kind == "malformed":
            return Answer(status=200, body=b'{"result": {"sys_id": "')
        html = f"<html><body><h1>{self.status}</h1>the sandbox was asked to fail</body></html>"
        if self.status in {502, 503, 504}:  # these come from a proxy before the instance
            return Answer(status=self.status, body=html.encode(), content_type="text/html")
        message = {"message": "Internal Server Error", "detail": "the sandbox was asked to fail"}
        return json_answer({"error": message, "status": "failure"}, self.status)


class Faults:
    """The faults that are still to come, in the order in which they were asked for."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._latency_seconds = 0.0
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        with self._lock:
            if fault.times == 0:
                self._latency_seconds = fault.latency_seconds
            self._waiting.extend([fault] * fault.times)

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()
            self._latency_seconds = 0.0

    def take(self, call: Call) -> tuple[Fault | None, float]:
        """The fault for this request, if there is one, and the seconds to wait first."""
        with self._lock:
            for position, fault in enumerate(self._waiting):
                if fault.method in {None, call.method}:
                    del self._waiting[position]
                    return fault, fault.latency_seconds or self._latency_seconds
            return None, self._latency_seconds

    def waiting(self) -> Sequence[Fault]:
        with self._lock:
            return tuple(self._waiting)
