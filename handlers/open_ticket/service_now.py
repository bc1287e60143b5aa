"""ServiceNow's Table API, as far as incidents need it."""

from __future__ import annotations

import base64
import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode

import urllib3

_TIMEOUT = urllib3.Timeout(connect=5, read=20)
_TOKEN_SECONDS = 1800
"""ServiceNow's own default, where an answer names none."""
_INCIDENTS = "/api/now/table/incident"
_API_KEY = ("api_key",)
_FORMS = (_API_KEY, ("client_id", "client_secret"), ("username", "password"))
_OPEN = "^active=true^state!=6^state!=7^state!=8"  # resolved, closed, cancelled


@dataclass(frozen=True, kw_only=True)
class Incident:
    number: str
    """INC…"""
    sys_id: str


class ServiceNowError(Exception):
    """What ServiceNow answered instead of doing it; the message is tried again later."""


class Unauthorised(ServiceNowError):
    """The token was revoked or has run out, or the secret is not, or no longer, what opens the
    instance."""


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
    granted = _object(_json(answer, what, secret=True))
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
    """Raises ServiceNowError, or urllib3's HTTPError where nothing answers. Nothing is retried
    here: the queue does that, with more patience than a function has."""

    def __init__(self, url: str, credentials: Credentials) -> None:
        self._url = url.rstrip("/")
        self._credentials = credentials
        self._http = urllib3.PoolManager()

    def open_incident(self, correlation_id: str) -> str | None:
        """The sys_id of the incident that is open for a correlation id."""
        found = self._call(
            "GET",
            _INCIDENTS,
            query={
                "sysparm_query": f"correlation_id={correlation_id}{_OPEN}",
                "sysparm_fields": "sys_id",
                "sysparm_limit": "1",
            },
        )
        if not isinstance(found, list):
            raise _unexpected(f"GET {_INCIDENTS}", "a list of incidents", found)
        records = cast("list[Any]", found)
        return _field(records[0], "sys_id", f"GET {_INCIDENTS}") if records else None

    def create_incident(self, fields: Mapping[str, str]) -> Incident:
        what = f"POST {_INCIDENTS}"
        created = self._call("POST", _INCIDENTS, body=fields)
        number, sys_id = (_field(created, name, what) for name in ("number", "sys_id"))
        return Incident(number=number, sys_id=sys_id)

    def update_incident(self, sys_id: str, fields: Mapping[str, str]) -> Incident:
        path = f"{_INCIDENTS}/{sys_id}"
        updated = self._call("PATCH", path, body=fields)
        return Incident(number=_field(updated, "number", f"PATCH {path}"), sys_id=sys_id)

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, str] | None = None,
    ) -> Any:
        answer = self._http.request(
            method,
            self._url + path + (f"?{urlencode(query)}" if query else ""),
            body=json.dumps(body) if body is not None else None,
            headers={
                "Accept": "application/json",
                "Content-Type": "application/json",
                **self._credentials.header(self._http, self._url),
            },
            timeout=_TIMEOUT,
            retries=False,
        )
        return _object(_json(answer, f"{method} {path}")).get("result")


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


def _json(answer: urllib3.BaseHTTPResponse, what: str, *, secret: bool = False) -> Any:
    """An answer that is well; `secret` where nothing of it may be told."""
    text = answer.data.decode(errors="replace")
    if answer.status >= 300:
        again = answer.headers.get("Retry-After")
        later = f", to be tried again after {again} s" if again else ""
        refusal = Unauthorised if answer.status == 401 else ServiceNowError
        raise refusal(f"{what} answered {answer.status}{later}: {text[:1000]}")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        told = "" if secret else f": {text[:200]}"
        raise ServiceNowError(f"{what} answered {answer.status} without JSON{told}") from error
