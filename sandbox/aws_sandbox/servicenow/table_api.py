"""The Table API for the incident table: requests in, answers out."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from aws_sandbox.servicenow.answers import Answer, Call, RefusedError, json_answer
from aws_sandbox.servicenow.encoded_query import Condition, parse
from aws_sandbox.servicenow.incidents import CHOICES, JOURNALS, REFERENCES, Incidents, Record

_PATH = re.compile(r"/api/now/(?:v[12]/)?table/(?P<table>[a-z0-9_]+)(?:/(?P<id>[^/]+))?/?")
_PARAMETERS = {
    "sysparm_query",
    "sysparm_fields",
    "sysparm_limit",
    "sysparm_offset",
    "sysparm_display_value",
    "sysparm_exclude_reference_link",
    "sysparm_input_display_value",
}
_DEFAULT_LIMIT = 10_000


class TableApi:
    """Answers for an authenticated user."""

    def __init__(self, incidents: Incidents, base_url: str) -> None:
        self._incidents = incidents
        self._base_url = base_url

    def answer(self, call: Call, user: str) -> Answer:
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
            case (("PATCH" | "PUT"), str(record_id)):
                values = self._values(call)
                return self._one(call, self._incidents.update(record_id, values, user))
            case "DELETE", str(record_id):
                self._incidents.delete(record_id)
                return Answer(status=204)
            case _:
                raise RefusedError(405, f"{call.method} method not supported")

    def _list(self, call: Call) -> Answer:
        query = parse(call.query.get("sysparm_query", ""), self._incidents.fields)
        equal = [
            Condition(field=name, operator="=", value=value)
            for name, value in call.query.items()
            if not name.startswith("sysparm_")
        ]
        found = [
            record
            for record in query.run(self._incidents.all())
            if all(condition.matches(record) for condition in equal)
        ]
        start = _number(call, "sysparm_offset", 0)
        page = found[start : start + _number(call, "sysparm_limit", _DEFAULT_LIMIT)]
        shown = [self._shown(call, record) for record in page]
        return json_answer({"result": shown}, 200, {"X-Total-Count": str(len(found))})

    def _create(self, call: Call, user: str) -> Answer:
        record = self._incidents.create(self._values(call), user)
        headers = {"Location": self._link("incident", record["sys_id"])}
        return json_answer({"result": self._shown(call, record)}, 201, headers)

    def _one(self, call: Call, record: Record) -> Answer:
        return json_answer({"result": self._shown(call, record)})

    def _shown(self, call: Call, record: Mapping[str, str]) -> Mapping[str, object]:
        """The record as asked for; fields that do not exist are left out, as the platform does."""
        wanted = call.query.get("sysparm_fields", "")
        names: Sequence[str] = [name.strip() for name in wanted.split(",")] if wanted else [*record]
        return {name: self._value(call, record, name) for name in names if name in record}

    def _value(self, call: Call, record: Mapping[str, str], name: str) -> object:
        mode = call.query.get("sysparm_display_value", "false")
        value, display = record[name], self._display(record, name)
        refers = name in REFERENCES and value
        link = refers and call.query.get("sysparm_exclude_reference_link", "false") != "true"
        where = {"link": self._link("sys_user", value)} if link else {}
        if mode == "all":
            return {"display_value": display, "value": value, **where}
        if mode == "true":
            return {"display_value": display, **where} if link else display
        return {**where, "value": value} if link else value

    def _display(self, record: Mapping[str, str], name: str) -> str:
        value = record[name]
        if name in JOURNALS:
            return self._incidents.journal(record["sys_id"], name)
        if name in REFERENCES:
            return self._incidents.instance.references(name).get(value, "")
        return CHOICES.get(name, {}).get(value, value)

    def _link(self, table: str, record_id: str) -> str:
        return f"{self._base_url}/api/now/table/{table}/{record_id}"

    def _values(self, call: Call) -> Mapping[str, str]:
        """The body's fields; values become texts, as the platform stores them."""
        try:
            body: Any = json.loads(call.body or b"{}")
        except ValueError as error:
            raise RefusedError(400, "Exception while reading request", str(error)) from error
        if not isinstance(body, dict):
            raise RefusedError(400, "Exception while reading request", "the body is no JSON object")
        fields = cast("dict[str, Any]", body)
        by_label = call.query.get("sysparm_input_display_value") == "true"
        return {name: _text(name, value, by_label=by_label) for name, value in fields.items()}

    def _check_parameters(self, call: Call) -> None:
        allowed = _PARAMETERS | set(self._incidents.fields)
        if unknown := sorted(set(call.query) - allowed):
            raise RefusedError(
                400, "Invalid parameter", f"the sandbox does not know {', '.join(unknown)}"
            )


def _text(name: str, value: Any, *, by_label: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, (str, int, float)):
        raise RefusedError(400, "Exception while reading request", f"{name} is no plain value")
    labels = {label: key for key, label in CHOICES.get(name, {}).items()} if by_label else {}
    return labels.get(str(value), str(value))


def _check_media_types(call: Call) -> None:
    accepted = call.headers.get("accept", "*/*")
    if not any(kind in accepted for kind in ("application/json", "application/*", "*/*")):
        raise RefusedError(406, "Not Acceptable", f"the sandbox answers JSON only, not {accepted}")
    sent = call.headers.get("content-type", "")
    if call.method in {"POST", "PUT", "PATCH"} and not sent.startswith("application/json"):
        raise RefusedError(415, "Unsupported Media Type", f"send application/json, not {sent!r}")


def _number(call: Call, name: str, default: int) -> int:
    text = call.query.get(name, "")
    if text and not text.isdecimal():
        raise RefusedError(400, "Invalid parameter", f"{name} is a whole number, not {text!r}")
    return int(text or default)
