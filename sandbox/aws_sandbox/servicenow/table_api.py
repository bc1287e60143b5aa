"""The Table API for incidents and the CMDB: requests in, answers out."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias, cast

from aws_sandbox.servicenow.configuration_items import Record
from aws_sandbox.servicenow.http import Answer, ApiRequest, RefusedError, json_answer
from aws_sandbox.servicenow.incidents import CHOICES, REFERENCES, Incidents

Step: TypeAlias = Callable[[Sequence[Record]], Sequence[Record]]
_CONDITION = re.compile(r"(?P<field>[a-z_][a-z0-9_]*?)(?P<operator>!?=)(?P<value>.*)", re.DOTALL)
_ORDER = re.compile(r"ORDERBY(?P<descending>DESC)?(?P<field>[a-z_][a-z0-9_]*)")


def found(text: str, records: Sequence[Record], fields: Sequence[str]) -> Sequence[Record]:
    """What an encoded query (sysparm_query) finds: `active=true^state!=6^ORDERBYnumber`, all of
    whose conditions must hold; `^^` is a caret.

    Texts compare without regard to case. The platform drops a condition that it does not
    understand, which then matches more than was meant; here that, and what the sandbox does not
    carry of the platform's other operators, is refused with 400.
    """
    clauses = re.split(r"(?<!\^)\^(?!\^)", text) if text else []
    steps = [_step(clause.replace("^^", "^"), fields) for clause in clauses]
    for step in reversed(steps):  # sorting is stable: what is named first orders last
        records = step(records)
    return records


def _step(clause: str, fields: Sequence[str]) -> Step:
    match = _ORDER.fullmatch(clause) or _CONDITION.fullmatch(clause)
    name = match["field"] if match else ""
    if match is None or name not in fields or "=javascript:" in clause:
        reason = (
            "the sandbox understands <field>=<value>, <field>!=<value>, ORDERBY<field> and "
            f"ORDERBYDESC<field>, not {clause!r}"
        )
        raise RefusedError(400, "Invalid query", reason)
    if match.re is _ORDER:
        descending = match["descending"] is not None
        return lambda records: sorted(records, key=lambda each: each[name], reverse=descending)
    equal, wanted = match["operator"] == "=", match["value"].casefold()
    return lambda records: [each for each in records if (each[name].casefold() == wanted) is equal]


_PATH = re.compile(r"/api/now/(?:v[12]/)?table/(?P<table>[a-z0-9_]+)(?:/(?P<id>[^/]+))?/?")
_NUMBERS: Mapping[str, int] = {"sysparm_limit": 10_000, "sysparm_offset": 0}
_CHOICES: Mapping[str, Sequence[str]] = {
    "sysparm_display_value": ("false", "true", "all"),
    "sysparm_exclude_reference_link": ("false", "true"),
    "sysparm_suppress_pagination_header": ("false", "true"),
    "sysparm_view": ("",),
}
"""Parameter → what it takes without regard to case, its default first. No header Link is ever
sent, and no view but the default one is there."""
_PARAMETERS = {"sysparm_query", "sysparm_fields", *_NUMBERS, *_CHOICES}


class TableApi:
    """Answers for an authenticated user."""

    def __init__(self, incidents: Incidents, base_url: str) -> None:
        self._incidents = incidents
        self._base_url = base_url

    def answer(self, call: ApiRequest, user: str) -> Answer:
        match = _PATH.fullmatch(call.path)
        if match is None:
            raise RefusedError(400, "Requested URI does not represent any resource")
        table, record_id = match["table"], match["id"]
        if table != "incident" and not re.match(r"cmdb_ci(_|$)", table):
            raise RefusedError(400, f"Invalid table {table}")
        _check_media_types(call)
        _check_parameters(call)
        if table == "incident":
            return self._of_incidents(call, record_id, user)
        if (call.method, record_id) != ("GET", None):
            raise RefusedError(405, f"{call.method} method not supported")
        items = self._incidents.configuration_items
        return self._list(call, items.all(table), items.fields(table))

    def _of_incidents(self, call: ApiRequest, record_id: str | None, user: str) -> Answer:
        match call.method, record_id:
            case "GET", None:
                return self._list(call, self._incidents.all(), self._incidents.fields)
            case "POST", None:
                return self._create(call, user)
            case "GET", str(record_id):
                return self._one(call, self._incidents.get(record_id))
            case "PATCH" | "PUT", str(record_id):
                values = _values(call)
                return self._one(call, self._incidents.update(record_id, values, user))
            case _:
                raise RefusedError(405, f"{call.method} method not supported")

    def _list(self, call: ApiRequest, records: Sequence[Record], fields: Sequence[str]) -> Answer:
        asked = found(call.query.get("sysparm_query", ""), records, fields)
        start = _number(call, "sysparm_offset")
        page = asked[start : start + _number(call, "sysparm_limit")]
        shown = [self._shown(call, record) for record in page]
        return json_answer({"result": shown}, 200, {"X-Total-Count": str(len(asked))})

    def _create(self, call: ApiRequest, user: str) -> Answer:
        record = self._incidents.create(_values(call), user)
        headers = {"Location": self._link("incident", record["sys_id"])}
        return json_answer({"result": self._shown(call, record)}, 201, headers)

    def _one(self, call: ApiRequest, record: Record) -> Answer:
        return json_answer({"result": self._shown(call, record)})

    def _shown(self, call: ApiRequest, record: Mapping[str, str]) -> Mapping[str, object]:
        """The record as asked for; fields that do not exist are left out, as the platform does."""
        wanted = call.query.get("sysparm_fields", "")
        names: Iterable[str] = (each.strip() for each in wanted.split(",")) if wanted else record
        display = _choice(call, "sysparm_display_value")
        links = _choice(call, "sysparm_exclude_reference_link") == "false"
        return {
            name: self._value(name, record[name], display, links)
            for name in names
            if name in record
        }

    def _value(self, name: str, value: str, display: str, links: bool) -> object:
        """A reference is shown with a link to what it names."""
        shown = {"value": value}
        if display != "false":
            label = (
                self._incidents.references(name) if name in REFERENCES else CHOICES.get(name, {})
            )
            text = {"display_value": label.get(value, value)}
            shown = text if display == "true" else text | shown
        if name in REFERENCES and value and links:
            shown["link"] = self._link(REFERENCES[name], value)
        return shown if len(shown) > 1 else next(iter(shown.values()))

    def _link(self, table: str, record_id: str) -> str:
        return f"{self._base_url}/api/now/table/{table}/{record_id}"


def _values(call: ApiRequest) -> Mapping[str, str]:
    """The body's fields; values become texts, as the platform stores them."""
    try:
        body: Any = json.loads(call.body or b"{}")
    except ValueError as error:
        raise RefusedError(400, "Exception while reading request", str(error)) from error
    if not isinstance(body, dict):
        raise RefusedError(400, "Exception while reading request", "the body is no JSON object")
    fields = cast("dict[str, Any]", body)
    return {name: _text(name, value) for name, value in fields.items()}


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
    writes = call.method in {"POST", "PATCH", "PUT"}
    if writes and not sent.startswith("application/json"):
        raise RefusedError(415, "Unsupported Media Type", f"send application/json, not {sent!r}")


def _check_parameters(call: ApiRequest) -> None:
    if unknown := sorted(set(call.query) - _PARAMETERS):
        raise _invalid(f"the sandbox does not know {', '.join(unknown)}")
    for name in _CHOICES:
        if _choice(call, name) not in _CHOICES[name]:
            there = ", ".join(_CHOICES[name]) or "nothing"
            raise _invalid(f"{name} takes {there} here, not {call.query[name]!r}")


def _choice(call: ApiRequest, name: str) -> str:
    return call.query.get(name, _CHOICES[name][0]).casefold()


def _number(call: ApiRequest, name: str) -> int:
    text = call.query.get(name) or str(_NUMBERS[name])
    if not text.isdecimal():
        raise _invalid(f"{name} is a whole number, not {text!r}")
    return int(text)


def _invalid(detail: str) -> RefusedError:
    return RefusedError(400, "Invalid parameter", detail)
