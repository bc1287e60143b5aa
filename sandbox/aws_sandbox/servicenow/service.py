"""The stand-in: incidents, who may call, faults, what was asked of it, and two plain pages."""

import json
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime
from html import escape
from ssl import SSLContext
from typing import Any

from aws_sandbox.servicenow.authentication import (
    Authenticator,
    Clock,
    Credentials,
    Fault,
    Faults,
    Kind,
    RateLimit,
)
from aws_sandbox.servicenow.configuration_items import Record
from aws_sandbox.servicenow.http import Answer, ApiRequest, RefusedError, ThreadedServer
from aws_sandbox.servicenow.incidents import CHOICES, JOURNALS, Incidents, Instance
from aws_sandbox.servicenow.table_api import TableApi

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}td,th{padding:.3rem .6rem;text-align:left;"
    "border-bottom:1px solid #ddd;vertical-align:top}th{white-space:nowrap}"
    "pre{margin:0;white-space:pre-wrap;font:inherit}td{overflow-wrap:anywhere}"
)
_COLUMNS = ("number", "state", "priority", "short_description", "correlation_id", "opened_at")


def list_page(incidents: Incidents) -> str:
    """All incidents, newest first."""
    records = list(reversed(incidents.all()))
    head = "".join(f"<th>{_label(name)}</th>" for name in _COLUMNS)
    rows = "".join(f"<tr>{''.join(_cells(record))}</tr>" for record in records)
    note = "" if records else "<p>There is no incident yet.</p>"
    return _html(f"Incidents ({len(records)})", f"<table><tr>{head}</tr>{rows}</table>{note}")


def incident_page(incidents: Incidents, record_id: str) -> str:
    """One incident with everything that is known of it."""
    record = incidents.get(record_id)
    shown = {
        **{name: _shown(record, name) for name in sorted(record) if record[name]},
        **{name: incidents.journal(record_id, name) for name in JOURNALS},
    }
    rows = "".join(
        f"<tr><th>{_label(name)}</th><td><pre>{escape(value)}</pre></td></tr>"
        for name, value in shown.items()
        if value
    )
    return _html(record["number"], f'<p><a href="/">all incidents</a></p><table>{rows}</table>')


def _cells(record: Mapping[str, str]) -> Iterable[str]:
    for name in _COLUMNS:
        text = escape(_shown(record, name))
        address = f"/nav_to.do?uri=incident.do?sys_id={record['sys_id']}"
        yield f'<td><a href="{address}">{text}</a></td>' if name == "number" else f"<td>{text}</td>"


def _shown(record: Mapping[str, str], name: str) -> str:
    return CHOICES.get(name, {}).get(record[name], record[name])


def _label(name: str) -> str:
    return escape(name.replace("_", " ").capitalize())


def _html(title: str, content: str) -> str:
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style><h1>{escape(title)}</h1>{content}</html>"
    )


class ServiceNow:
    """An instance at `url`, from `start` to `stop`; https with `tls`, which a server's certificate
    is loaded into."""

    def __init__(
        self,
        credentials: Credentials | None = None,
        *,
        instance: Instance | None = None,
        rate_limit: RateLimit | None = None,
        port: int = 0,
        tls: SSLContext | None = None,
        clock: Clock = time.time,
    ) -> None:
        self._access = Authenticator(credentials or Credentials(), rate_limit, clock)
        self._incidents = Incidents(
            instance or Instance(), lambda: datetime.fromtimestamp(clock(), UTC)
        )
        self._clock = clock
        self._faults = Faults()
        self._requests: list[Mapping[str, object]] = []
        self._stopping = threading.Event()
        self._server = ThreadedServer(self.serve, port, tls)
        self.url = self._server.url
        self._table_api = TableApi(self._incidents, self.url)

    def start(self) -> "ServiceNow":
        self._server.start()
        return self

    def stop(self) -> None:
        self._stopping.set()
        self._server.stop()

    def incidents(self) -> Sequence[Record]:
        """All incidents, oldest first."""
        return self._incidents.all()

    def requests(self) -> Sequence[Mapping[str, object]]:
        """The requests served so far: method, path, user, status, ignored fields, fault."""
        return tuple(self._requests)

    def fail(self, status: int = 500, times: int = 1, *, kind: Kind = "status") -> None:
        """The next requests fail; what else a fault can be, `add_fault` takes."""
        self.add_fault(Fault(kind=kind, status=status, times=times))

    def add_fault(self, fault: Fault) -> None:
        self._faults.add(fault)

    def clear(self) -> None:
        """Forgets incidents, faults and requests."""
        self._incidents.clear()
        self._faults.clear()
        self._requests.clear()

    def control(self, request: Mapping[str, Any]) -> Mapping[str, object]:
        """The control call `servicenow`: `{"fail": {…fields of Fault}}`, `{"clear": true}`,
        `{"configuration_item": {…its fields}}` or `{}`; answers with incidents, requests and the
        faults to come. ValueError: not understood.
        """
        if unknown := set(request) - {"fail", "clear", "configuration_item"}:
            raise ValueError(f"servicenow does not know {', '.join(sorted(unknown))}")
        if request.get("clear"):
            self.clear()
        if item := request.get("configuration_item"):
            self._incidents.configuration_items.add(item)
        if wanted := request.get("fail"):
            known = {field.name for field in fields(Fault)}
            if unknown := set(wanted) - known:
                raise ValueError(f"a fault has no {', '.join(sorted(unknown))}; it has: {known}")
            self._faults.add(Fault(**wanted))
        return {
            "incidents": self.incidents(),
            "requests": self.requests(),
            "faults": [asdict(fault) for fault in self._faults.waiting()],
        }

    def serve(self, call: ApiRequest) -> Answer | None:
        """The answer to a request; None where the connection is to be reset instead."""
        if call.path in {"/", "/nav_to.do", "/incident.do"}:
            return self._page(call)
        fault = self._faults.take(call)
        if fault is None:
            answer, note = self._answer(call)
        else:
            answer, note = self._failing(call, fault)
        self._requests.append(
            {
                "time": self._clock(),
                "method": call.method,
                "path": call.path,
                "query": dict(call.query),
                "status": answer.status,
                **note,
            }
        )
        if fault is not None and fault.kind == "late":
            self._stopping.wait(fault.latency_seconds)
        return None if fault is not None and fault.silent else answer

    def _failing(self, call: ApiRequest, fault: Fault) -> tuple[Answer, dict[str, object]]:
        if fault.kind == "unfiltered":
            query = {name: text for name, text in call.query.items() if name != "sysparm_query"}
            call = replace(call, query=query)
        if fault.kind != "late":
            self._stopping.wait(fault.latency_seconds)
        answer, note = self._answer(call) if fault.carried_out else (fault.answer(), {})
        return answer, {**note, "fault": fault.kind}

    def _answer(self, call: ApiRequest) -> tuple[Answer, dict[str, object]]:
        note: dict[str, object] = {}
        limits: Mapping[str, str] = {}
        try:
            if call.path == "/oauth_token.do" and call.method == "POST":
                return self._access.token(call), note
            note["user"] = user = self._access.user(call)
            limits = self._access.count(user)
            answer = self._table_api.answer(call, user)
            if ignored := self._ignored(call):
                note["ignored"] = ignored
        except RefusedError as error:
            answer = error.answer
        headers = {**limits, **answer.headers}
        return replace(answer, headers=headers), note

    def _ignored(self, call: ApiRequest) -> Sequence[str]:
        """Fields of a write that the table does not have."""
        writes = call.method in {"POST", "PATCH", "PUT"}
        return self._incidents.unknown(json.loads(call.body or b"{}")) if writes else ()

    def _page(self, call: ApiRequest) -> Answer:
        record_id = call.query.get("sys_id") or call.query.get("uri", "").rpartition("sys_id=")[2]
        try:
            text = (
                incident_page(self._incidents, record_id)
                if record_id
                else list_page(self._incidents)
            )
        except RefusedError as error:
            return error.answer
        return Answer(status=200, body=text.encode(), content_type="text/html;charset=UTF-8")
