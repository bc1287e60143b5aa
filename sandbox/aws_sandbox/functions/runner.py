"""Runs deployed functions: which process takes an invocation, and what it came to."""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from moto.backends import get_backend

from aws_sandbox.aws.access import Access, AccessDeniedError
from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.principals import Session
from aws_sandbox.functions.definition import Archives, Definition, InvokeError, read_definition
from aws_sandbox.functions.environment import Environment
from aws_sandbox.functions.logs import Logs
from aws_sandbox.functions.metrics import Metric, put_metric
from aws_sandbox.functions.runtime_api import End, Invocation, Outcome
from aws_sandbox.functions.runtimes import runtime_folder
from aws_sandbox.journal import Journal

RESPONSE_LIMIT = 6_291_556
"""Bytes of a synchronous response, as Lambda's own error names the limit."""

_IDLE_SECONDS = 300
_SESSION_SECONDS = 12 * 3600
_SESSION_MARGIN = timedelta(minutes=30)
"""More than an invocation can take: 15 minutes."""


@dataclass(frozen=True, kw_only=True)
class InvocationResult:
    """A handler's response, or the error that took its place."""

    payload: bytes
    """The response as JSON, or Lambda's error object."""
    error: str = ""
    """`Unhandled` when the payload is an error."""
    started: bool = True
    """False where no process came so far that it took the event."""

    @property
    def content(self) -> Any:
        return json.loads(self.payload or b"null")

    @property
    def reason(self) -> str:
        """Why it failed, in one line; "" when it did not."""
        if not self.error:
            return ""
        return f"{self.content.get('errorType', '')}: {self.content.get('errorMessage', '')}"


class Functions:
    """The functions of every account, read from moto's Lambda backends at each invocation.

    Each concurrent invocation has a process, kept warm for the next one of the same definition.
    """

    def __init__(
        self, *, access: Access, journal: Journal, cache: Path, endpoint: Callable[[], str]
    ) -> None:
        """`endpoint` is asked when a process starts; `cache` keeps what archives unzip to."""
        self.logs = Logs(access=access, journal=journal)
        self._access = access
        self._cache = cache
        self.endpoint = endpoint
        self._archives = Archives(cache)
        self._lock = threading.Lock()
        self._idle: defaultdict[str, list[Environment]] = defaultdict(list)
        self._all: set[Environment] = set()
        self._stopped = False

    def invoke(self, function_arn: str, event: bytes) -> InvocationResult:
        """One synchronous invocation; what the handler does wrong is in the result.

        Raises an InvokeError when it reaches no handler, and moto's UnknownFunctionException.
        """
        arn = Arn.parse(function_arn)
        function = get_backend("lambda")[arn.account][arn.region].get_function(function_arn)
        definition = read_definition(function)
        environment = self._take(definition)
        result = self._run(environment, event)
        if result.error:
            dimensions = {"FunctionName": definition.name}
            errors = Metric(
                namespace="AWS/Lambda", name="Errors", values=[1], dimensions=dimensions
            )
            put_metric(definition.account, definition.region, errors)
        return result

    def stop(self) -> None:
        """Ends every process, also those at work, and any that would still be started."""
        with self._lock:
            self._stopped = True
            environments = list(self._all)
        for environment in environments:
            self._discard(environment)

    def _run(self, environment: Environment, event: bytes) -> InvocationResult:
        definition = environment.definition
        limit = definition.timeout_seconds
        invocation = Invocation(event=event, function_arn=definition.arn, timeout_seconds=limit)
        not_started = environment.start()
        outcome = not_started or environment.run(invocation)
        if not_started is None and outcome.end in (End.RESPONSE, End.ERROR):
            lines = environment.output.take()
            with self._lock:
                self._idle[definition.arn].append(environment)
        else:
            self._discard(environment)
            lines = environment.output.take_rest()
        error = _error_object(outcome, invocation)
        if outcome.end is End.TIMEOUT:
            lines.append(f"{invocation.request_id} Task timed out after {limit:.2f} seconds")
        self.logs.write(definition, environment.log_stream, lines)
        return InvocationResult(
            payload=outcome.body if error is None else error,
            error="" if error is None else "Unhandled",
            started=not_started is None,
        )

    def _take(self, definition: Definition) -> Environment:
        """The process used last of exactly this definition, or a new one."""
        fit, unfit = self._choose(definition)
        for environment in unfit:
            self._discard(environment)
        if fit is not None:
            return fit
        environment = Environment(
            definition,
            runtime_folder=runtime_folder(self._cache),
            archives=self._archives,
            session=self._session(definition),
            endpoint=self.endpoint(),
        )
        with self._lock:
            self._all.add(environment)
            stopped = self._stopped
        if stopped:
            self._discard(environment)
        return environment

    def _choose(self, definition: Definition) -> tuple[Environment | None, list[Environment]]:
        """The fit process used last, and all that nothing will use again."""
        fingerprint = definition.fingerprint
        unfit: list[Environment] = []
        with self._lock:
            for arn, idle in self._idle.items():
                for environment in list(idle):
                    outdated = (
                        arn == definition.arn and environment.definition.fingerprint != fingerprint
                    )
                    if outdated or _worn(environment):
                        idle.remove(environment)
                        unfit.append(environment)
            same = self._idle[definition.arn]
            return (same.pop() if same else None), unfit

    def _discard(self, environment: Environment) -> None:
        """Ends a process, unless that is done already."""
        with self._lock:
            there = environment in self._all
            self._all.discard(environment)
        if there:
            environment.stop()

    def _session(self, definition: Definition) -> Session:
        try:
            return self._access.assume_for_service(
                definition.role,
                "lambda.amazonaws.com",
                definition.name,
                duration_seconds=_SESSION_SECONDS,
            )
        except AccessDeniedError as error:
            message = f"The role defined for {definition.arn} cannot be assumed by Lambda: {error}"
            raise InvokeError("AccessDeniedException", 403, message) from error


def _worn(environment: Environment) -> bool:
    """Also one from before the clock was advanced: of credentials that its code keeps, its own
    clock does not say that they have ended."""
    session = environment.session
    return (
        not environment.alive
        or time.monotonic() - environment.last_used > _IDLE_SECONDS
        or session.left < _SESSION_MARGIN
        or session.ageing.added(session.issued) > timedelta()
    )


def _error_object(outcome: Outcome, invocation: Invocation) -> bytes | None:
    """The error that Lambda answers with; None when the outcome is a response."""
    request_id = invocation.request_id
    match outcome.end:
        case End.RESPONSE:
            size = len(outcome.body)
            if size <= RESPONSE_LIMIT:
                return None
            error = {
                "errorType": "Function.ResponseSizeTooLarge",
                "errorMessage": f"Response payload size ({size} bytes) exceeded maximum allowed "
                f"payload size ({RESPONSE_LIMIT} bytes).",
            }
        case End.ERROR:
            error = json.loads(outcome.body) | {"requestId": request_id}
        case End.EXIT:
            error = {
                "errorType": "Runtime.ExitError",
                "errorMessage": f"RequestId: {request_id} Error: {outcome.body.decode()}",
            }
        case End.TIMEOUT:
            error = {
                "errorType": "Sandbox.Timedout",
                "errorMessage": f"RequestId: {request_id} Error: Task timed out after "
                f"{invocation.timeout_seconds:.2f} seconds",
            }
    return json.dumps(error).encode()
