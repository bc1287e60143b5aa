"""What Lambda's platform itself writes to a function's log, before and after each invocation."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from aws_sandbox.functions.definition import Definition
from aws_sandbox.functions.exchange import End

_STATUS = {End.ERROR: "error", End.EXIT: "error", End.TIMEOUT: "timeout"}


@dataclass(frozen=True, kw_only=True)
class Report:
    """The figures of one invocation."""

    request_id: str
    duration_ms: float
    start_ms: float | None
    """Of the process, when this invocation was its first."""
    max_memory_mb: int | None
    failure: End | None
    """None when the handler returned."""


def start_line(definition: Definition, request_id: str) -> str:
    if definition.logging.json:
        return _event("platform.start", {"requestId": request_id, "version": definition.version})
    return f"START RequestId: {request_id} Version: {definition.version}"


def timeout_line(request_id: str, timeout_seconds: int) -> str:
    return f"{_now()} {request_id} Task timed out after {timeout_seconds:.2f} seconds"


def report_lines(definition: Definition, report: Report) -> list[str]:
    billed_ms = max(1, -int(-report.duration_ms // 1))
    status = "success" if report.failure is None else _STATUS[report.failure]
    if definition.logging.json:
        metrics = {
            "durationMs": round(report.duration_ms, 3),
            "billedDurationMs": billed_ms,
            "memorySizeMB": definition.memory_mb,
            "maxMemoryUsedMB": report.max_memory_mb,
            "initDurationMs": report.start_ms and round(report.start_ms, 3),
        }
        known = {name: value for name, value in metrics.items() if value is not None}
        record = {"requestId": report.request_id, "metrics": known, "status": status}
        return [_event("platform.report", record)]
    figures = [
        f"REPORT RequestId: {report.request_id}",
        f"Duration: {report.duration_ms:.2f} ms",
        f"Billed Duration: {billed_ms} ms",
        f"Memory Size: {definition.memory_mb} MB",
    ]
    if report.max_memory_mb is not None:
        figures.append(f"Max Memory Used: {report.max_memory_mb} MB")
    if report.start_ms is not None:
        figures.append(f"Init Duration: {report.start_ms:.2f} ms")
    if report.failure is not None:
        figures.append(f"Status: {status}")
    return [f"END RequestId: {report.request_id}", "\t".join(figures)]


def _event(kind: str, record: Mapping[str, object]) -> str:
    return json.dumps({"time": _now(), "type": kind, "record": record})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
