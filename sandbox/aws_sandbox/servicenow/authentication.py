"""Who may call: basic, OAuth client credentials, API keys; how often; and what fails on request."""

import base64
import binascii
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hmac import compare_digest
from math import ceil
from typing import Literal, get_args
from urllib.parse import parse_qs

from aws_sandbox.servicenow.configuration_items import sys_id
from aws_sandbox.servicenow.http import Answer, ApiRequest, RefusedError, json_answer

Clock = Callable[[], float]


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What the instance accepts."""

    users: Mapping[str, str] = field(default_factory=lambda: {"backup.monitor": "sandbox"})
    """User name → password."""
    clients: Mapping[str, str] = field(default_factory=dict[str, str])
    """OAuth client id → secret; its tokens act as the user of that name, or the only user."""
    api_keys: Mapping[str, str] = field(default_factory=dict[str, str])
    """`x-sn-apikey` → user name."""
    token_seconds: int = 1800


@dataclass(frozen=True, kw_only=True)
class RateLimit:
    """A rule of an administrator: so many requests of one user in so many seconds."""

    requests: int
    seconds: int = 3600


class Authenticator:
    """Checks requests; keeps the tokens given out and the requests counted."""

    def __init__(
        self, credentials: Credentials, limit: RateLimit | None = None, clock: Clock = time.time
    ) -> None:
        self._credentials = credentials
        self._limit = limit
        self._clock = clock
        self._tokens: dict[str, tuple[str, float]] = {}
        self._counts: dict[tuple[str, int], int] = {}
        self._lock = threading.Lock()

    def user(self, call: ApiRequest) -> str:
        """The user whose credentials the request carries; RefusedError 401 without any."""
        key = call.headers.get("x-sn-apikey")
        if key is not None and key in self._credentials.api_keys:
            return self._credentials.api_keys[key]
        scheme, _, value = call.headers.get("authorization", "").partition(" ")
        if scheme.casefold() == "basic":
            name, password = _basic(value)
            known = self._credentials.users.get(name)
            if known is not None and compare_digest(known.encode(), password.encode()):
                return name
        elif scheme.casefold() == "bearer":
            with self._lock:
                name, expires = self._tokens.get(value, ("", 0.0))
            if self._clock() < expires:
                return name
        raise RefusedError(
            401,
            "User Not Authenticated",
            "Required to provide Auth information",
            {"WWW-Authenticate": 'BASIC realm="Service-now"'},
        )

    def token(self, call: ApiRequest) -> Answer:
        """`POST /oauth_token.do` with the grant client_credentials, in the body or as basic."""
        form = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
        scheme, _, value = call.headers.get("authorization", "").partition(" ")
        client, secret = (
            _basic(value)
            if scheme.casefold() == "basic"
            else (form.get("client_id", ""), form.get("client_secret", ""))
        )
        known = self._credentials.clients.get(client, "")
        if form.get("grant_type") != "client_credentials":
            return _denied("unsupported_grant_type", "the sandbox grants client_credentials only")
        if not known or not compare_digest(known.encode(), secret.encode()):
            return _denied("server_error", "access_denied")
        users = list(self._credentials.users)
        name = client if client in users or not users else users[0]
        token = secrets.token_urlsafe(48)
        with self._lock:
            self._tokens[token] = name, self._clock() + self._credentials.token_seconds
        return json_answer(
            {
                "access_token": token,
                "scope": "useraccount",
                "token_type": "Bearer",
                "expires_in": self._credentials.token_seconds - 1,
            }
        )

    def count(self, user: str) -> Mapping[str, str]:
        """Counts a request: the headers of the rule that matches; RefusedError 429 above it."""
        if self._limit is None:
            return {}
        window = int(self._clock() // self._limit.seconds)
        with self._lock:
            count = self._counts[user, window] = self._counts.get((user, window), 0) + 1
        reset = (window + 1) * self._limit.seconds
        headers = {
            "X-RateLimit-Limit": str(self._limit.requests),
            "X-RateLimit-Reset": str(reset),
            "X-RateLimit-Rule": sys_id("rate limit"),
        }
        if count <= self._limit.requests:
            return headers
        span = "hour" if self._limit.seconds == 3600 else f"{self._limit.seconds} seconds"
        raise RefusedError(
            429,
            "Rate limit exceeded",
            f"Rate limit of {self._limit.requests} requests per {span} for Table API exceeded",
            {**headers, "Retry-After": str(max(1, ceil(reset - self._clock())))},
        )


def _basic(value: str) -> tuple[str, str]:
    try:
        name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, password


def _denied(error: str, description: str) -> Answer:
    return json_answer({"error": error, "error_description": description}, 401)


Kind = Literal["status", "reset", "malformed", "lost", "late", "unfiltered"]
"""A status; a connection reset; an answer that is no JSON; `lost`: the request is carried out, but
the connection ends before the answer; `late`: it is carried out at once, and answered after
latency_seconds; `unfiltered`: the conditions of a query are dropped, as the platform drops those
that it does not understand, and more is found than was asked for."""


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
    """Waited before the fault."""
    retry_after: int | None = None
    """Seconds, told with a status in the header Retry-After."""

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"no fault {self.kind!r}; there are: {', '.join(get_args(Kind))}")
        if self.kind == "status" and not 400 <= self.status <= 599:
            raise ValueError(f"a fault's status is an error (400 to 599), not {self.status}")
        if self.retry_after is not None and self.kind != "status":
            raise ValueError(f"only a status tells when to come again, not a fault {self.kind!r}")

    @property
    def carried_out(self) -> bool:
        return self.kind in {"lost", "late", "unfiltered"}

    @property
    def silent(self) -> bool:
        """The connection ends without an answer."""
        return self.kind in {"reset", "lost"}

    def answer(self) -> Answer:
        if self.kind == "malformed":
            return Answer(status=200, body=b'{"result": {"sys_id": "')
        html = f"<html><body><h1>{self.status}</h1>the sandbox was asked to fail</body></html>"
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        if self.status in {502, 503, 504}:  # these come from a proxy before the instance
            return Answer(
                status=self.status, body=html.encode(), headers=headers, content_type="text/html"
            )
        what = "Rate limit exceeded" if self.status == 429 else "Internal Server Error"
        message = {"message": what, "detail": "the sandbox was asked to fail"}
        return json_answer({"error": message, "status": "failure"}, self.status, headers)


class Faults:
    """The faults that are still to come, in the order in which they were asked for."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._waiting.extend([fault] * fault.times)

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def take(self, call: ApiRequest) -> Fault | None:
        """The fault for this request, if there is one."""
        with self._lock:
            for position, fault in enumerate(self._waiting):
                if fault.method in {None, call.method}:
                    return self._waiting.pop(position)
            return None

    def waiting(self) -> Sequence[Fault]:
        with self._lock:
            return tuple(self._waiting)
