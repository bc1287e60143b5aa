"""Functions that events invoke: nobody waits for them, so what cannot start is remembered."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from moto.awslambda.exceptions import UnknownFunctionException

from aws_sandbox.events.work import Work
from aws_sandbox.functions.definition import InvokeError
from aws_sandbox.functions.runner import Functions, InvocationResult
from aws_sandbox.journal import Journal, JournalEntry

_RETRY_WAITS = (60.0, 120.0)
"""Seconds before the second and the third attempt of an asynchronous invocation."""


@dataclass(frozen=True, kw_only=True)
class _Attempt:
    """An event in a function's own queue."""

    function_arn: str
    event: bytes
    source: str
    number: int = 1


class Invocations:
    """Invokes now, for a batch of a queue, or asynchronously, with Lambda's own retries."""

    def __init__(self, *, functions: Functions, journal: Journal, work: Work) -> None:
        self._functions = functions
        self._journal = journal
        self._work = work
        self._lock = threading.Lock()
        self._not_started: dict[str, str] = {}

    def now(self, function_arn: str, event: bytes) -> InvocationResult:
        """Raises InvokeError, and moto's UnknownFunctionException, where there is no handler."""
        try:
            result = self._functions.invoke(function_arn, event)
        except InvokeError as error:
            self._remember(function_arn, str(error))
            raise
        if not result.started:
            self._remember(function_arn, result.reason)
        return result

    def later(self, function_arn: str, event: bytes, source: str) -> None:
        """Lambda's Invoke with InvocationType Event; `source` is told in the journal."""
        self._submit(_Attempt(function_arn=function_arn, event=event, source=source))

    def take_not_started(self) -> Mapping[str, str]:
        """Functions that could not start since the last call, with the reason."""
        with self._lock:
            taken, self._not_started = self._not_started, {}
            return taken

    def _remember(self, function_arn: str, reason: str) -> None:
        with self._lock:
            self._not_started[function_arn] = reason

    def _submit(self, attempt: _Attempt, wait_seconds: float = 0.0) -> None:
        label = f"an event for {attempt.function_arn} (attempt {attempt.number})"
        self._work.later(wait_seconds, label, lambda: self._attempt(attempt))

    def _attempt(self, attempt: _Attempt) -> None:
        try:
            reason = self.now(attempt.function_arn, attempt.event).reason
        except UnknownFunctionException as error:
            self._record(attempt, "failed", f"{error}; the event is dropped")
            return
        except InvokeError as error:
            reason = str(error)
        self._record(attempt, "failed" if reason else "carried", reason)
        if reason and attempt.number <= len(_RETRY_WAITS):
            wait = _RETRY_WAITS[attempt.number - 1]
            self._submit(replace(attempt, number=attempt.number + 1), wait)

    def _record(
        self, attempt: _Attempt, outcome: Literal["carried", "failed"], reason: str
    ) -> None:
        self._journal.record(
            JournalEntry(
                source=attempt.source,
                target=attempt.function_arn,
                outcome=outcome,
                reason=reason,
                detail={"attempt": attempt.number},
            )
        )
