"""The stand-in: incidents, who may call, faults, and what was asked of it."""

import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from typing import Any

from aws_sandbox.servicenow import pages
from aws_sandbox.servicenow.access import Access, Credentials, RateLimit
from aws_sandbox.servicenow.answers import Answer, Call, RefusedError, json_answer
from aws_sandbox.servicenow.faults import Fault, Faults, Kind
from aws_sandbox.servicenow.http import HttpServer
from aws_sandbox.servicenow.incidents import Incidents, Record
from aws_sandbox.servicenow.instance import Instance
from aws_sandbox.servicenow.table_api import TableApi

_UNANSWERED_SECONDS = 300.0
"""How long a request is held that is never to be answered: longer than clients wait."""


class ServiceNow:
    """An instance at `url`, from `start` to `stop`."""

    def __init__(
        self,
        credentials: Credentials | None = None,
        *,
        instance: Instance | None = None,
        rate_limit: RateLimit | None = None,
        port: int = 0,
    ) -> None:
        self._access = Access(credentials or Credentials(), rate_limit)
        self._incidents = Incidents(instance or Instance())
        self._faults = Faults()
        self._requests: list[Mapping[str, object]] = []
        self._stopping = threading.Event()
        self._server = HttpServer(self.serve, port)
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
        """The control call `servicenow`: `{"fail": {…fields of Fault}}`, `{"clear": true}` or
        `{}`; answers with incidents, requests and the faults to come. ValueError: not understood.
        """
        if unknown := set(request) - {"fail", "clear"}:
            raise ValueError(f"servicenow does not know {', '.join(sorted(unknown))}")
        if request.get("clear"):
            self.clear()
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

    def serve(self, call: Call) -> Answer | None:
        """The answer to a request; None where the connection is to be reset instead."""
        if call.path.startswith("/_sandbox/"):
            return self._sandbox(call)
        if call.path in {"/", "/nav_to.do", "/incident.do"}:
            return self._page(call)
        fault, seconds = self._faults.take(call)
        if fault is not None and fault.kind == "timeout":
            seconds = _UNANSWERED_SECONDS
        if seconds:
            self._stopping.wait(seconds)
        if fault is None or fault.kind == "lost":
            answer, note = self._answer(call)
        else:
            answer, note = fault.answer(), {}
        note |= {"fault": fault.kind} if fault else {}
        self._requests.append(
            {
                "time": time.time(),
                "method": call.method,
                "path": call.path,
                "query": dict(call.query),
                "status": answer.status,
                **note,
            }
        )
        silent = fault is not None and fault.kind in {"reset", "timeout", "lost"}
        return None if silent else answer

    def _answer(self, call: Call) -> tuple[Answer, dict[str, object]]:
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

    def _ignored(self, call: Call) -> Sequence[str]:
        """Fields of a write that the table does not have."""
        writes = call.method in {"POST", "PUT", "PATCH"}
        return self._incidents.unknown(json.loads(call.body or b"{}")) if writes else ()

    def _sandbox(self, call: Call) -> Answer:
        name = call.path.removeprefix("/_sandbox/")
        try:
            body: Mapping[str, Any] = json.loads(call.body) if call.body else {}
            match call.method, name:
                case "GET", ("incidents" | "requests" | "faults"):
                    return json_answer(self.control({})[name])
                case "POST", "faults":
                    return json_answer(self.control({"fail": body})["faults"])
                case "POST", "clear":
                    return json_answer(self.control({"clear": True}))
                case _:
                    return json_answer({"error": f"no {call.method} /_sandbox/{name}"}, 404)
        except ValueError as error:
            return json_answer({"error": str(error)}, 400)

    def _page(self, call: Call) -> Answer:
        record_id = call.query.get("sys_id") or call.query.get("uri", "").rpartition("sys_id=")[2]
        try:
            text = (
                pages.incident(self._incidents, record_id)
                if record_id
                else pages.incident_list(self._incidents)
            )
        except RefusedError as error:
            return error.answer
        return Answer(status=200, body=text.encode(), content_type="text/html;charset=UTF-8")
