"""ServiceNow's Table API, as far as incidents need it."""

from __future__ import annotations

import base64
import json
import math
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, cast
from urllib.parse import urlencode

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError

_TIMEOUT = urllib3.Timeout(connect=5, read=20)
CALL_SECONDS = 25
"""The longest that one call takes; twice that where a token has to be fetched before."""
_TOKEN_SECONDS = 1800
"""ServiceNow's own default, where an answer names none."""
_INCIDENTS = "/api/now/table/incident"
_API_KEY = ("api_key",)
_FORMS = (_API_KEY, ("client_id", "client_secret"), ("username", "password"))
_FIELDS = "number,sys_id,state,correlation_id,sys_created_on"
RESOLVED = "6"
IN_PROGRESS = "2"


@dataclass(frozen=True, kw_only=True)
class Incident:
    number: str
    """INC…"""
    sys_id: str
    state: str
    created: str = ""
    """ServiceNow's own form, which sorts as the times do; "" where that may not be read."""

    @property
    def open(self) -> bool:
        return self.state not in {RESOLVED, "7", "8"}  # closed, cancelled


class ServiceNowError(Exception):
    """What ServiceNow refused, or answered that makes no sense."""

    def __init__(
        self, message: str, *, status: int = 0, pause_seconds: float | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        """0: it did not get so far."""
        self.pause_seconds = pause_seconds
        """For how long it asks to be spared."""


class Unauthorised(ServiceNowError):
    """The token was revoked or has run out, or the secret is not, or no longer, what opens the
    instance."""


class Unavailable(ServiceNowError):
    """Nothing was done: ServiceNow cannot be reached, is busy or has had enough for now. It is no
    fault of what was asked, and waiting helps."""


class Unknown(Unavailable):
    """As that, but it may have been done, or may still be."""


class Credentials:
    """From a secret: username and password, client_id and client_secret, or api_key."""

    def __init__(self, secret: Mapping[str, str]) -> None:
        self._secret = secret
        self._token = ""
        self._token_ends = 0.0

    @classmethod
    def read(cls, name: str, text: str | None) -> Credentials:
        """From a secret's text, None where it is binary. Raises ServiceNowError naming the secret
        and its cure, and no value of it."""
        try:
            secret: Any = json.loads(text or "")
        except ValueError:
            raise _no_credentials(name, "is not JSON" if text else "has no text") from None
        if not isinstance(secret, dict):
            raise _no_credentials(name, "is JSON, but not an object")
        values = cast("dict[str, Any]", secret)
        form = next((form for form in _FORMS if values.keys() >= set(form)), None)
        if form is None:
            held = ", ".join(sorted(values)) or "nothing"
            raise _no_credentials(name, f"holds {held}")
        if empty := [key for key in form if not isinstance(values[key], str) or not values[key]]:
            raise _no_credentials(name, f"has no text as {' and '.join(empty)}")
        if form == _API_KEY and not (
            values["api_key"].isascii() and values["api_key"].isprintable()
        ):
            raise _no_credentials(name, "has an api_key with characters that no header may have")
        return cls({key: values[key] for key in form})

    def header(self, http: urllib3.PoolManager, url: str) -> dict[str, str]:
        if "api_key" in self._secret:
            return {"x-sn-apikey": self._secret["api_key"]}
        if "client_id" in self._secret:
            return {"Authorization": f"Bearer {self._bearer(http, url)}"}
        pair = f"{self._secret['username']}:{self._secret['password']}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}

    def _bearer(self, http: urllib3.PoolManager, url: str) -> str:
        if time.monotonic() >= self._token_ends:
            with _told_apart("POST /oauth_token.do", changes=False):
                answer = http.request(
                    "POST",
                    f"{url}/oauth_token.do",
                    fields={
                        "grant_type": "client_credentials",
                        "client_id": self._secret["client_id"],
                        "client_secret": self._secret["client_secret"],
                    },
                    encode_multipart=False,
                    timeout=_TIMEOUT,
                    retries=False,
                )
            self._token, seconds = _granted(answer)
            self._token_ends = time.monotonic() + seconds - 60
        return self._token


def _no_credentials(name: str, what: str) -> ServiceNowError:
    forms = ", or ".join(" and ".join(form) for form in _FORMS)
    return ServiceNowError(f"the secret {name} {what}; it must be a JSON object of texts: {forms}")


def _granted(answer: urllib3.BaseHTTPResponse) -> tuple[str, float]:
    """A token and for how many seconds; what is wrong is told without the token."""
    what = "POST /oauth_token.do"
    granted = _object(_json(answer, what, changes=False, secret=True))
    token, told = granted.get("access_token"), granted.get("expires_in", _TOKEN_SECONDS)
    if not isinstance(token, str) or not token:
        raise ServiceNowError(f"{what} answered {answer.status} without an access_token")
    try:
        seconds = float(told)
    except (TypeError, ValueError):
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise ServiceNowError(
            f"{what} answered {answer.status} with expires_in {told!r}, which are no seconds"
        )
    return token, seconds


class ServiceNow:
    """Raises ServiceNowError. Nothing is retried here: the queue does that, with more patience than
    a function has."""

    def __init__(self, url: str, credentials: Credentials) -> None:
        self._url = url.rstrip("/")
        self._credentials = credentials
        self._http = urllib3.PoolManager()

    def incidents(self, correlation_id: str) -> Sequence[Incident]:
        """All of a correlation id, whatever their state, oldest first.

        ServiceNow drops a part of a query that it does not understand, unless
        glide.invalid_query.returns_no_rows is set, and then gives others' incidents.
        """
        what = f"GET {_INCIDENTS}"
        found = self._call(
            "GET", _INCIDENTS, query={"sysparm_query": f"correlation_id={correlation_id}"}
        )
        if not isinstance(found, list):
            raise _unexpected(what, "a list of incidents", found)
        records = cast("list[Any]", found)
        for record in records:
            if (its := _field(record, "correlation_id", what)) != correlation_id:
                raise ServiceNowError(
                    f"{what} answered with an incident of {its} when asked for {correlation_id}: "
                    "it dropped the query"
                )
        incidents = [_incident(record, what) for record in records]
        return sorted(incidents, key=lambda each: (each.created, each.number))

    def configuration_item(self, table: str, field: str, value: str) -> str:
        """The sys_id of a record of the CMDB; "" where there is none, or more than one."""
        what, path = f"GET {table}", f"/api/now/table/{table}"
        query = {
            "sysparm_query": f"{field}={value.replace('^', '^^')}",
            "sysparm_limit": "2",
        }
        found = self._call("GET", path, query=query, fields=f"sys_id,{field}")
        if not isinstance(found, list):
            raise _unexpected(what, "a list of configuration items", found)
        records = cast("list[Any]", found)
        if len(records) != 1 or _field(records[0], field, what).casefold() != value.casefold():
            return ""
        return _field(records[0], "sys_id", what)

    def create_incident(self, fields: Mapping[str, str]) -> Incident:
        return self._change("POST", _INCIDENTS, fields)

    def update_incident(self, sys_id: str, fields: Mapping[str, str]) -> Incident:
        """As it is then."""
        return self._change("PATCH", f"{_INCIDENTS}/{sys_id}", fields)

    def _change(self, method: str, path: str, fields: Mapping[str, str]) -> Incident:
        result = self._call(method, path, body=fields)
        try:
            return _incident(result, f"{method} {path}")
        except ServiceNowError as error:
            raise Unknown(str(error)) from error

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, str] | None = None,
        fields: str = _FIELDS,
    ) -> Any:
        what, changes = f"{method} {path}", method != "GET"
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            **self._credentials.header(self._http, self._url),
        }
        with _told_apart(what, changes=changes):
            answer = self._http.request(
                method,
                f"{self._url}{path}?{urlencode({**(query or {}), 'sysparm_fields': fields})}",
                body=json.dumps(body) if body is not None else None,
                headers=headers,
                timeout=_TIMEOUT,
                retries=False,
            )
        return _object(_json(answer, what, changes=changes)).get("result")


@contextmanager
def _told_apart(what: str, *, changes: bool) -> Generator[None]:
    """What could not be sent was not done; of what was sent and not answered nobody knows."""
    try:
        yield
    except (ConnectTimeoutError, NewConnectionError, SSLError) as error:
        raise Unavailable(f"{what} was not sent: {error}") from error
    except HTTPError as error:
        kind = Unknown if changes else Unavailable
        raise kind(f"{what} was not answered: {error}") from error


def _incident(record: Any, what: str) -> Incident:
    return Incident(
        number=_field(record, "number", what),
        sys_id=_field(record, "sys_id", what),
        state=_field(record, "state", what),
        created=str(_object(record).get("sys_created_on") or ""),
    )


def _object(value: Any) -> Mapping[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _field(record: Any, name: str, what: str) -> str:
    value = _object(record).get(name)
    if not isinstance(value, str) or not value:
        raise _unexpected(what, f"an incident's {name}", record)
    return value


def _unexpected(what: str, wanted: str, result: Any) -> ServiceNowError:
    """What is no such answer must not pass for "no incident is open"."""
    found = json.dumps(result)[:200]
    return ServiceNowError(f"{what} answered without {wanted}: its result is {found}")


def _json(
    answer: urllib3.BaseHTTPResponse, what: str, *, changes: bool, secret: bool = False
) -> Any:
    """An answer that is well; `changes` where it may have been done all the same, `secret` where
    nothing of it may be told."""
    text = answer.data.decode(errors="replace")
    if answer.status >= 300:
        raise _refusal(answer, f"{what} answered {answer.status}: {text[:1000]}", changes=changes)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        # So does an instance that hibernates, or a proxy before it.
        told = "" if secret else f": {text[:200]}"
        kind = Unknown if changes else Unavailable
        raise kind(f"{what} answered {answer.status} without JSON{told}") from error


def _refusal(answer: urllib3.BaseHTTPResponse, message: str, *, changes: bool) -> ServiceNowError:
    status = answer.status
    if status == 429 or status >= 500:
        kind = Unknown if changes and status >= 500 else Unavailable
        return kind(message, status=status, pause_seconds=_pause_seconds(answer, time.time()))
    return (Unauthorised if status == 401 else ServiceNowError)(message, status=status)


def _pause_seconds(answer: urllib3.BaseHTTPResponse, now: float) -> float | None:
    """Retry-After has seconds or a date; X-RateLimit-Reset, of a limit that was reached, seconds
    since 1970."""
    again = answer.headers.get("Retry-After", "").strip()
    reset = answer.headers.get("X-RateLimit-Reset", "").strip() if answer.status == 429 else ""
    try:
        if again:
            until = now + float(again) if again.isdecimal() else _date(again)
        else:
            until = float(reset)
    except (TypeError, ValueError):
        return None
    return max(0.0, until - now)


def _date(text: str) -> float:
    return parsedate_to_datetime(text).timestamp()
