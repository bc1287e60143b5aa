"""Runs deployed functions: their own archives, environment and role."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from moto.backends import get_backend

from aws_sandbox.aws.access import Access
from aws_sandbox.aws.arns import Arn
from aws_sandbox.functions.definition import Definition, read_definition
from aws_sandbox.functions.environment import Environment
from aws_sandbox.functions.errors import ThrottledError
from aws_sandbox.functions.exchange import Call, End
from aws_sandbox.functions.invocation import Invocation, error_object
from aws_sandbox.functions.logs import Logs
from aws_sandbox.functions.metrics import Metric, put_metric
from aws_sandbox.functions.pool import Pool
from aws_sandbox.functions.report import Report, report_lines, start_line, timeout_line
from aws_sandbox.journal import Journal


class Functions:
    """The functions of every account, read from moto's Lambda backends at each invocation."""

    def __init__(
        self, *, access: Access, journal: Journal, cache: Path, endpoint: Callable[[], str]
    ) -> None:
        """`endpoint` is asked when a process starts; `cache` keeps what archives unzip to."""
        self._pool = Pool(access=access, cache=cache, endpoint=endpoint)
        self._logs = Logs(access=access, journal=journal)
        self._lock = threading.Lock()
        self._running: Counter[str] = Counter()

    def invoke(self, function_arn: str, event: bytes) -> Invocation:
        """One synchronous invocation; what the handler does wrong is in the result.

        Raises an InvokeError when it reaches no handler, and moto's UnknownFunctionException.
        """
        arn = Arn.parse(function_arn)
        function = get_backend("lambda")[arn.account][arn.region].get_function(function_arn)
        definition = read_definition(function)
        with self._slot(definition):
            call = Call(
                event=event, function_arn=function_arn, timeout_seconds=definition.timeout_seconds
            )
            invocation = self._run(self._pool.take(definition), call)
        _count(definition, "Invocations", 1)
        _count(definition, "Errors", int(invocation.error != ""))
        return invocation

    def logs(self, request: Mapping[str, Any]) -> Mapping[str, Sequence[str]]:
        """The control handler: `{"function": name or ARN}` gives the lines that it printed last."""
        function = request.get("function")
        if not isinstance(function, str) or not function:
            raise ValueError('functions.logs takes {"function": <name or ARN>}')
        return {"lines": self._logs.kept(function)}

    def stop(self) -> None:
        """Ends every process, also those that are at work."""
        self._pool.stop()

    @contextmanager
    def _slot(self, definition: Definition) -> Generator[None]:
        """One of the function's concurrent invocations."""
        limit = definition.reserved_concurrency
        function = definition.unqualified_arn
        with self._lock:
            throttled = limit is not None and self._running[function] >= limit
            self._running[function] += not throttled
        if throttled:
            _count(definition, "Throttles", 1)
            raise ThrottledError(
                f"Rate Exceeded: {definition.arn} has {limit} reserved concurrent executions"
            )
        try:
            yield
        finally:
            with self._lock:
                self._running[function] -= 1

    def _run(self, environment: Environment, call: Call) -> Invocation:
        definition = environment.definition
        failure = environment.start()
        lines = [*environment.output.take(), start_line(definition, call.request_id)]
        outcome = failure or environment.run(call)
        duration_ms = (time.monotonic() - call.started) * 1000 if call.started else 0.0
        memory_mb = environment.max_memory_mb
        if failure is None and outcome.end in (End.RESPONSE, End.ERROR):
            lines += environment.output.take()
            self._pool.give_back(environment)
        else:
            self._pool.discard(environment)
            lines += environment.output.take_rest()
        if outcome.end is End.TIMEOUT:
            lines.append(timeout_line(call.request_id, definition.timeout_seconds))
        error = error_object(outcome, call.request_id, definition.timeout_seconds)
        invocation = Invocation(
            request_id=call.request_id,
            version=definition.version,
            payload=outcome.body if error is None else error,
            error="" if error is None else "Unhandled",
            duration_ms=duration_ms,
            max_memory_mb=memory_mb,
        )
        report = Report(
            request_id=call.request_id,
            duration_ms=duration_ms,
            start_ms=environment.take_start_ms(),
            max_memory_mb=memory_mb,
            failure=None if outcome.end is End.RESPONSE else outcome.end,
        )
        lines += report_lines(definition, report)
        self._logs.write(definition, environment.log_stream, lines)
        return replace(invocation, log="\n".join(lines) + "\n")


def _count(definition: Definition, name: str, value: int) -> None:
    put_metric(
        definition.account,
        definition.region,
        Metric(
            namespace="AWS/Lambda",
            name=name,
            values=[value],
            dimensions={"FunctionName": definition.name},
        ),
    )
