"""One query from its start to its end, and what GetQueryExecution tells of it."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import uuid4

import duckdb
from moto.athena.models import WorkGroup

from aws_sandbox.athena.results import Result
from aws_sandbox.athena.workgroups import ENGINE, Terms

State = Literal["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"]
_CATEGORY_USER, _ERROR_TYPE_QUERY = 2, 1100


@dataclass(kw_only=True, eq=False)
class QueryExecution:
    """A query, and how far it has come; changed by the thread that runs it."""

    query: str
    context: Mapping[str, str]
    workgroup: WorkGroup
    terms: Terms
    id: str = field(default_factory=lambda: str(uuid4()))
    state: State = "QUEUED"
    reason: str = ""
    result: Result | None = None
    scanned: int = 0
    submitted: float = field(default_factory=time.time)
    started: float = 0.0
    ended: float = 0.0
    connection: duckdb.DuckDBPyConnection | None = None
    done: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def output_location(self) -> str:
        return f"{self.terms.results['OutputLocation']}{self.id}.csv"

    def begin(self) -> bool:
        """False when the query was stopped while it waited."""
        with self._lock:
            if self.state != "QUEUED":
                return False
            self.state = "RUNNING"
            self.started = time.time()
            return True

    def end(self, state: State, reason: str = "") -> None:
        """The end; a query that has ended already stays as it is."""
        with self._lock:
            if not self.done.is_set():
                self.state, self.reason = state, reason
                self.ended = time.time()
                self.started = self.started or self.ended
                self.connection = None
                self.done.set()

    def stop(self) -> None:
        """StopQueryExecution: whatever the query is doing comes to nothing."""
        with self._lock:
            connection = self.connection
        self.end("CANCELLED", "Query cancelled by user")
        if connection is not None:
            connection.interrupt()

    def described(self) -> Mapping[str, Any]:
        """The QueryExecution structure; times in seconds since 1970."""
        status: dict[str, Any] = {"State": self.state, "SubmissionDateTime": self.submitted}
        if self.done.is_set():
            status["CompletionDateTime"] = self.ended
        if self.reason:
            status["StateChangeReason"] = self.reason
        if self.state == "FAILED":
            status["AthenaError"] = {
                "ErrorCategory": _CATEGORY_USER,
                "ErrorType": _ERROR_TYPE_QUERY,
                "Retryable": False,
                "ErrorMessage": self.reason,
            }
        return {
            "QueryExecutionId": self.id,
            "Query": self.query,
            "StatementType": "DML",
            "SubstatementType": "SELECT",
            "ResultConfiguration": {
                **self.terms.results,
                "OutputLocation": self.output_location,
            },
            "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": False}},
            "QueryExecutionContext": self.context,
            "Status": status,
            "Statistics": self.statistics(),
            "WorkGroup": self.workgroup.name,
            "EngineVersion": ENGINE,
        }

    def statistics(self) -> Mapping[str, Any]:
        now = self.ended or time.time()
        started = self.started or now
        return {
            "EngineExecutionTimeInMillis": _milliseconds(now - started),
            "DataScannedInBytes": self.scanned,
            "TotalExecutionTimeInMillis": _milliseconds(now - self.submitted),
            "QueryQueueTimeInMillis": _milliseconds(started - self.submitted),
            "ServicePreProcessingTimeInMillis": 0,
            "QueryPlanningTimeInMillis": 0,
            "ServiceProcessingTimeInMillis": 0,
            "ResultReuseInformation": {"ReusedPreviousResult": False},
        }


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
