"""Whether secrets open what they are for: tried by a harmless read, without printing any of them.

From where the doctor runs, which may not be where the functions do.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any, cast
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

import boto3
from botocore.exceptions import ClientError

from fleet.doctor.findings import Answer, Finding, code, ill, looked_up
from fleet.doctor.stack_account import StackAccount
from stacks import names
from stacks.settings import CentralSettings

_SECONDS = 20
_READ = "/api/now/table/incident?sysparm_limit=1&sysparm_fields=sys_id"


class _Stays(HTTPRedirectHandler):
    """Follows no redirection: credentials go nowhere else."""

    def redirect_request(  # noqa: PLR0917 - as urllib calls it
        self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> None:
        del req, fp, code, msg, headers, newurl


_HTTP = build_opener(_Stays)


class _NoCredentials(Exception):
    """What a secret holds is no credentials; says why, without any of it."""


def secrets(here: StackAccount) -> Iterator[Finding]:
    settings = here.settings
    if settings.ticketing is not None:
        name, url = settings.ticketing.secret, settings.ticketing.url
        yield looked_up(f"what {name} opens", lambda: _service_now(here, name, url))
    mail = settings.reports_mail if isinstance(settings, CentralSettings) else None
    if mail is not None and (signer := mail.link.secret) is not None:
        yield looked_up(f"what {signer} opens", lambda: _signer(here, signer))


def _service_now(here: StackAccount, name: str, url: str) -> Answer | str:
    """Reads the id of one incident."""
    try:
        headers = _authorised(_held(here, name), url)
        status = _asked(Request(f"{url}{_READ}", headers=headers))  # noqa: S310 - see ServiceUrl
    except _NoCredentials as error:
        return ill(str(error), "docs/tickets.md says what it must hold")
    except (URLError, TimeoutError) as error:
        return ill(f"{url} is not reached from here: {error}", "try it from within its network")
    if status == 200:
        return f"{url}, and may read incidents"
    if status == 401:
        put = ("secretsmanager", "put-secret-value", "--secret-id", name)
        file = f"{name.rpartition('/')[2]}.json"
        return ill(
            f"nothing: {url} refuses it",
            f"write what opens it into {file}, then:",
            here.aws(*put, "--secret-string", f"file://{file}"),
        )
    if status == 403:
        return ill(f"{url}, and may not read incidents", "give its user a role that may (itil)")
    return ill(f"{url} answers {status}", "see what ServiceNow's log says of it")


def _authorised(held: Mapping[str, Any], url: str) -> dict[str, str]:
    """In the forms that the ticket function takes."""
    if "api_key" in held:
        return {"x-sn-apikey": str(held["api_key"])}
    if {"client_id", "client_secret"} <= held.keys():
        return {"Authorization": f"Bearer {_token(held, url)}"}
    if {"username", "password"} <= held.keys():
        pair = f"{held['username']}:{held['password']}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    raise _NoCredentials(f"nothing: it holds {', '.join(sorted(held)) or 'nothing'}")


def _token(held: Mapping[str, Any], url: str) -> str:
    fields = {key: str(held[key]) for key in ("client_id", "client_secret")}
    body = urlencode({"grant_type": "client_credentials", **fields}).encode()
    try:
        request = Request(f"{url}/oauth_token.do", data=body)  # noqa: S310 - see ServiceUrl
        with _HTTP.open(request, timeout=_SECONDS) as answer:
            return str(json.load(answer)["access_token"])
    except HTTPError as error:
        raise _NoCredentials(f"nothing: {url} gives it no token ({error.code})") from None
    except (ValueError, KeyError):
        raise _NoCredentials(f"nothing: {url} answers without an access_token") from None


def _asked(request: Request) -> int:
    """HTTP's status. Raises URLError where there is none."""
    try:
        with _HTTP.open(request, timeout=_SECONDS) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code


def _signer(here: StackAccount, name: str) -> Answer | str:
    """Asks AWS whose the key is, which nobody can be refused."""
    user = names.link_role(here.settings)
    try:
        held = _held(here, name)
        key, secret = str(held["access_key_id"]), str(held["secret_access_key"])
        session = boto3.Session(key, secret, region_name=here.settings.region)
        arn = session.client("sts").get_caller_identity()["Arn"]
    except (_NoCredentials, KeyError):
        return ill("nothing: it holds no access_key_id and secret_access_key", _SIGNER)
    except ClientError as error:
        if code(error) not in {"InvalidClientTokenId", "SignatureDoesNotMatch"}:
            raise
        return ill(f"nothing: {code(error)}", _SIGNER)
    if arn.rpartition("/")[2] != user:
        return ill(f"it is a key of {arn}, not of {user}", _SIGNER)
    return f"it is a key of {user}"


_SIGNER = "put the user's key into it: docs/scheduled-reports.md, The link"


def _held(here: StackAccount, name: str) -> Mapping[str, Any]:
    text = here.session.client("secretsmanager").get_secret_value(SecretId=name).get("SecretString")
    try:
        held: Any = json.loads(text or "")
    except ValueError:
        raise _NoCredentials("nothing: it is not JSON") from None
    if not isinstance(held, dict):
        raise _NoCredentials("nothing: it is no JSON object")
    return cast("dict[str, Any]", held)
