"""Functions invoked asynchronously, with Lambda's own retries."""

import json
import uuid
from dataclasses import dataclass, replace
from typing import Literal

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import LambdaFunction
from moto.backends import get_backend

from aws_sandbox.aws.arns import Arn
from aws_sandbox.events.destinations import Condition, Destinations, Ended, invoke_settings
from aws_sandbox.events.lanes import Lane
from aws_sandbox.events.work import Work
from aws_sandbox.functions.errors import InvokeError, ThrottledError
from aws_sandbox.functions.invocation import Invocation
from aws_sandbox.functions.runner import Functions
from aws_sandbox.journal import Hop, Journal

_RETRY_WAITS = (60.0, 120.0)
"""Seconds before the second and the third attempt."""
_THROTTLE_WAIT, _THROTTLE_WAIT_LIMIT = 1.0, 300.0
"""Seconds that a throttled event waits, doubled each time up to the limit."""
_AGE_LIMIT = 6 * 3600


@dataclass(frozen=True, kw_only=True)
class _Attempt:
    """An event in a function's own queue."""

    function_arn: str
    event: bytes
    source: str
    number: int = 1
    throttled: int = 0
    age_seconds: float = 0.0
    """As AWS would count it: the waits, undivided."""


class Asynchronous:
    """Takes events for functions and keeps each until it is dealt with."""

    def __init__(
        self, *, functions: Functions, destinations: Destinations, journal: Journal, work: Work
    ) -> None:
        self._functions = functions
        self._destinations = destinations
        self._journal = journal
        self._work = work
        self._lane = Lane(work)

    def invoke_later(self, function_arn: str, event: bytes, source: str) -> None:
        """Lambda's Invoke with InvocationType Event; `source` is told in the journal."""
        self._submit(_Attempt(function_arn=function_arn, event=event, source=source))

    def _submit(self, attempt: _Attempt, wait_seconds: float = 0.0) -> None:
        label = f"an event for {attempt.function_arn} (attempt {attempt.number})"

        def attempt_now() -> None:
            self._lane.submit(label, lambda: self._attempt(attempt))

        if wait_seconds:
            self._work.later(wait_seconds, label, attempt_now)
        else:
            attempt_now()

    def _attempt(self, attempt: _Attempt) -> None:
        arn = Arn.parse(attempt.function_arn)
        backend = get_backend("lambda")[arn.account][arn.region]
        try:
            function = backend.get_function(attempt.function_arn)
        except UnknownFunctionException as error:
            self._record(attempt, "failed", f"{error}; the event is dropped")
            return
        try:
            invocation = self._functions.invoke(attempt.function_arn, attempt.event)
        except ThrottledError as error:
            self._throttled(attempt, function, error)
        except InvokeError as error:
            self._failed(attempt, function, _no_invocation(function, error))
        else:
            if invocation.error:
                self._failed(attempt, function, invocation)
            else:
                self._record(attempt, "carried", "")
                self._end(Condition.SUCCESS, attempt, function, invocation)

    def _throttled(
        self, attempt: _Attempt, function: LambdaFunction, error: ThrottledError
    ) -> None:
        """Goes back into the queue, without counting as an attempt, until it is too old."""
        self._record(attempt, "failed", str(error))
        wait = min(_THROTTLE_WAIT * 2**attempt.throttled, _THROTTLE_WAIT_LIMIT)
        again = replace(attempt, throttled=attempt.throttled + 1)
        self._retry(again, function, _no_invocation(function, error), wait)

    def _failed(self, attempt: _Attempt, function: LambdaFunction, invocation: Invocation) -> None:
        self._record(attempt, "failed", invocation.reason)
        retries = invoke_settings(function).get("MaximumRetryAttempts", len(_RETRY_WAITS))
        if attempt.number > retries:
            self._end(Condition.RETRIES_EXHAUSTED, attempt, function, invocation)
        else:
            wait = _RETRY_WAITS[attempt.number - 1]
            self._retry(replace(attempt, number=attempt.number + 1), function, invocation, wait)

    def _retry(
        self, again: _Attempt, function: LambdaFunction, last: Invocation, wait_seconds: float
    ) -> None:
        age = again.age_seconds + wait_seconds
        if age > invoke_settings(function).get("MaximumEventAgeInSeconds", _AGE_LIMIT):
            self._end(Condition.EVENT_AGE_EXCEEDED, again, function, last)
        else:
            self._submit(replace(again, age_seconds=age), wait_seconds)

    def _end(
        self,
        condition: Condition,
        attempt: _Attempt,
        function: LambdaFunction,
        invocation: Invocation,
    ) -> None:
        self._destinations.tell(
            Ended(
                function=function,
                condition=condition,
                event=attempt.event,
                attempts=attempt.number,
                invocation=invocation,
            )
        )

    def _record(
        self, attempt: _Attempt, outcome: Literal["carried", "failed"], reason: str
    ) -> None:
        self._journal.record(
            Hop(
                source=attempt.source,
                target=attempt.function_arn,
                outcome=outcome,
                reason=reason,
                detail={"attempt": attempt.number},
            )
        )


def _no_invocation(function: LambdaFunction, error: InvokeError) -> Invocation:
    """What stands for the last invocation of an event that reached no handler."""
    return Invocation(
        request_id=str(uuid.uuid4()),
        version=str(function.version),
        payload=json.dumps({"errorType": error.code, "errorMessage": str(error)}).encode(),
        error="Unhandled",
    )
