"""Where a function's output goes: its CloudWatch log group, and the metrics within it."""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from moto.backends import get_backend

from aws_sandbox.aws.access import Access
from aws_sandbox.functions.definition import Definition
from aws_sandbox.functions.metrics import EmbeddedMetricError, embedded_metrics, put_metric
from aws_sandbox.journal import Journal, JournalEntry

_KEPT_LINES = 10_000


class Logs:
    """Writes as the function's role may: what it may not write is kept here alone."""

    def __init__(self, *, access: Access, journal: Journal) -> None:
        self._access = access
        self._journal = journal
        self._lock = threading.Lock()
        self._kept: defaultdict[str, deque[str]] = defaultdict(lambda: deque(maxlen=_KEPT_LINES))

    def answer(self, request: Mapping[str, Any]) -> Mapping[str, Sequence[str]]:
        """The control handler: `{"function": name or ARN}` gives the lines that it printed last.

        Also those that CloudWatch never got; of all functions of a name.
        """
        function = request.get("function")
        if not isinstance(function, str) or not function:
            raise ValueError('functions.logs takes {"function": <name or ARN>}')
        with self._lock:
            found = [
                lines
                for arn, lines in self._kept.items()
                if function in (arn, arn.rpartition(":")[2])
            ]
            return {"lines": [line for lines in found for line in lines]}

    def write(self, definition: Definition, stream: str, lines: Sequence[str]) -> None:
        """Puts the lines into the log stream, and the metrics that they embed into CloudWatch."""
        with self._lock:
            self._kept[definition.arn].extend(lines)
            if lines and self._may_write(definition, stream):
                self._put(definition, stream, lines)
                self._embedded(definition, lines)

    def _may_write(self, definition: Definition, stream: str) -> bool:
        group = definition.log_group
        arn = f"arn:aws:logs:{definition.region}:{definition.account}:log-group:{group}"
        backend = get_backend("logs")[definition.account][definition.region]
        actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
        if group not in backend.groups:
            actions.insert(0, "logs:CreateLogGroup")
        for action in actions:
            decision = self._access.check_role(
                definition.role, action, f"{arn}:log-stream:{stream}"
            )
            if not decision.allowed:
                reason = f"its role may not {action}: {decision.reason}"
                self._record(definition, "refused", reason)
                return False
        return True

    def _put(self, definition: Definition, stream: str, lines: Sequence[str]) -> None:
        backend = get_backend("logs")[definition.account][definition.region]
        backend.ensure_log_group(definition.log_group)
        backend.ensure_log_stream(definition.log_group, stream)
        now = int(time.time() * 1000)
        backend.put_log_events(
            definition.log_group,
            stream,
            [{"timestamp": now, "message": line} for line in lines],
        )

    def _embedded(self, definition: Definition, lines: Sequence[str]) -> None:
        for line in lines:
            try:
                metrics = embedded_metrics(line)
            except EmbeddedMetricError as error:
                self._record(definition, "failed", f"no metric is taken from a line: {error}")
                continue
            for metric in metrics:
                put_metric(definition.account, definition.region, metric)

    def _record(
        self, definition: Definition, outcome: Literal["refused", "failed"], reason: str
    ) -> None:
        target = f"log group {definition.log_group}"
        self._journal.record(
            JournalEntry(source=definition.arn, target=target, outcome=outcome, reason=reason)
        )
