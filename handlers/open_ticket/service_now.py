"""ServiceNow's Table API, as far as incidents need it."""

import base64
import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import urllib3

_TIMEOUT = urllib3.Timeout(connect=5, read=20)
_OPEN = "^active=true^state!=6^state!=7^state!=8"  # resolved, closed, cancelled


class ServiceNowError(Exception):
    """What ServiceNow answered instead of doing it; the message is tried again later."""


class Unauthorised(ServiceNowError):
    """The token was revoked or has run out, or the secret is not, or no longer, what opens the
    instance."""


class Credentials:
    """From a secret: username and password, client_id and client_secret, or api_key."""

    def __init__(self, secret: Mapping[str, str]) -> None:
        kinds = ({"username", "password"}, {"client_id", "client_secret"}, {"api_key"})
        if not any(kind <= secret.keys() for kind in kinds):
            found = ", ".join(sorted(secret)) or "nothing"
            raise ServiceNowError(
                "the secret must hold username and password, client_id and client_secret, "
                f"or api_key; it holds {found}"
            )
        self._secret = secret
        self._token = ""
        self._token_ends = 0.0

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
            granted = _json(answer, "POST /oauth_token.do")
            self._token = granted["access_token"]
            self._token_ends = time.monotonic() + float(granted.get("expires_in", 1800)) - 60
        return self._token


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
            "/api/now/table/incident",
            query={
                "sysparm_query": f"correlation_id={correlation_id}{_OPEN}",
                "sysparm_fields": "sys_id",
                "sysparm_limit": "1",
            },
        )
        return found[0]["sys_id"] if found else None

    def create_incident(self, fields: Mapping[str, str]) -> str:
        """Its number: INC…"""
        return self._call("POST", "/api/now/table/incident", body=fields)["number"]

    def update_incident(self, sys_id: str, fields: Mapping[str, str]) -> str:
        return self._call("PATCH", f"/api/now/table/incident/{sys_id}", body=fields)["number"]

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
        return _json(answer, f"{method} {path}")["result"]


def _json(answer: urllib3.BaseHTTPResponse, what: str) -> Any:
    text = answer.data.decode(errors="replace")
    if answer.status >= 300:
        again = answer.headers.get("Retry-After")
        later = f", to be tried again after {again} s" if again else ""
        refusal = Unauthorised if answer.status == 401 else ServiceNowError
        raise refusal(f"{what} answered {answer.status}{later}: {text[:1000]}")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ServiceNowError(
            f"{what} answered {answer.status} without JSON: {text[:200]}"
        ) from error
