"""The Table API for the incident table: requests in, answers out."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, cast

from aws_sandbox.servicenow.http import Answer, ApiRequest, RefusedError, json_answer
from aws_sandbox.servicenow.incidents import REFERENCES, Incidents, Record

Test: TypeAlias = Callable[[Record], bool]
_CONDITION = re.compile(r"(?P<field>[a-z_][a-z0-9_]*?)(?P<operator>!?=)(?P<value>.*)", re.DOTALL)


def conditions(text: str, fields: Sequence[str]) -> Sequence[Test]:
    """What an encoded query (sysparm_query) asks: `active=true^state!=6`, all of which must hold;
    `^^` is a caret.

    Texts compare without regard to case. The platform drops a condition that it does not
    understand, which then matches more than was meant; here that, and what the sandbox does not
    carry of the platform's other operators, is refused with 400.
    """
    clauses = re.split(r"(?<!\^)\^(?!\^)", text) if text else []
    return [_condition(clause.replace("^^", "^"), fields) for clause in clauses]


def _condition(clause: str, fields: Sequence[str]) -> Test:
    match = _CONDITION.fullmatch(clause)
    if match is None or match["field"] not in fields or match["value"].startswith("javascript:"):
        reason = f"the sandbox understands <field>=<value> and <field>!=<value>, not {clause!r}"
        raise RefusedError(400, "Invalid query", reason)
    name, equal, wanted = match["field"], match["operator"] == "=", match["value"].casefold()
    return lambda record: (record[name].casefold() == wanted) is equal


_PATH = re.compile(r"/api/now/(?:v[12]/)?table/(?P<table>[a-z0-9_]+)(?:/(?P<id>[^/]+))?/?")
_PARAMETERS = ("sysparm_query", "sysparm_fields", "sysparm_limit")
_DEFAULT_LIMIT = 10_000


class TableApi:
    """Answers for an authenticated user."""

    def __init__(self, incidents: Incidents, base_url: str) -> None:
        self._incidents = incidents
        self._base_url = base_url

    def answer(self, call: ApiRequest, user: str) -> Answer:
        match = _PATH.fullmatch(call.path)
        if match is None:
            raise RefusedError(400, "Requested URI does not represent any resource")
        if match["table"] != "incident":
            raise RefusedError(400, f"Invalid table {match['table']}")
        _check_media_types(call)
        self._check_parameters(call)
        match call.method, match["id"]:
            case "GET", None:
                return self._list(call)
            case "POST", None:
                return self._create(call, user)
            case "GET", str(record_id):
                return self._one(call, self._incidents.get(record_id))
            case "PATCH", str(record_id):
                values = self._values(call)
                return self._one(call, self._incidents.update(record_id, values, user))
            case _:
                raise RefusedError(405, f"{call.method} method not supported")

    def _list(self, call: ApiRequest) -> Answer:
        asked = conditions(call.query.get("sysparm_query", ""), self._incidents.fields)
        found = [each for each in self._incidents.all() if all(test(each) for test in asked)]
        page = found[: _limit(call)]
        shown = [self._shown(call, record) for record in page]
        return json_answer({"result": shown}, 200, {"X-Total-Count": str(len(found))})

    def _create(self, call: ApiRequest, user: str) -> Answer:
        record = self._incidents.create(self._values(call), user)
        headers = {"Location": self._link("incident", record["sys_id"])}
        return json_answer({"result": self._shown(call, record)}, 201, headers)

    def _one(self, call: ApiRequest, record: Record) -> Answer:
        return json_answer({"result": self._shown(call, record)})

    def _shown(self, call: ApiRequest, record: Mapping[str, str]) -> Mapping[str, object]:
        """The record as asked for; fields that do not exist are left out, as the platform does."""
        wanted = call.query.get("sysparm_fields", "")
        names: Sequence[str] = [name.strip() for name in wanted.split(",")] if wanted else [*record]
        return {name: self._value(record, name) for name in names if name in record}

    def _value(self, record: Mapping[str, str], name: str) -> object:
        """A reference is shown with a link to what it names."""
        value = record[name]
        refers = name in REFERENCES and value
        return {"link": self._link("sys_user", value), "value": value} if refers else value

    def _link(self, table: str, record_id: str) -> str:
        return f"{self._base_url}/api/now/table/{table}/{record_id}"

    def _values(self, call: ApiRequest) -> Mapping[str, str]:
        """The body's fields; values become texts, as the platform stores them."""
        try:
            body: Any = json.loads(call.body or b"{}")
        except ValueError as error:
            raise RefusedError(400, "Exception while reading request", str(error)) from error
        if not isinstance(body, dict):
            raise RefusedError(400, "Exception while reading request", "the body is no JSON object")
        fields = cast("dict[str, Any]", body)
        return {name: _text(name, value) for name, value in fields.items()}

    @staticmethod
    def _check_parameters(call: ApiRequest) -> None:
        if unknown := sorted(set(call.query) - set(_PARAMETERS)):
            raise RefusedError(
                400, "Invalid parameter", f"the sandbox does not know {', '.join(unknown)}"
            )


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, (str, int, float)):
        raise RefusedError(400, "Exception while reading request", f"{name} is no plain value")
    return str(value)


def _check_media_types(call: ApiRequest) -> None:
    accepted = call.headers.get("accept", "*/*")
    if not any(kind in accepted for kind in ("application/json", "application/*", "*/*")):
        raise RefusedError(406, "Not Acceptable", f"the sandbox answers JSON only, not {accepted}")
    sent = call.headers.get("content-type", "")
    if call.method in {"POST", "PATCH"} and not sent.startswith("application/json"):
        raise RefusedError(415, "Unsupported Media Type", f"send application/json, not {sent!r}")


def _limit(call: ApiRequest) -> int:
    text = call.query.get("sysparm_limit") or str(_DEFAULT_LIMIT)
    if not text.isdecimal():
        reason = f"sysparm_limit is a whole number, not {text!r}"
        raise RefusedError(400, "Invalid parameter", reason)
    return int(text)
