"""Where a function's output goes: its CloudWatch log group, and the metrics within it."""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Sequence
from typing import Literal

from moto.backends import get_backend

from aws_sandbox.aws.access import Access
from aws_sandbox.functions.definition import Definition
from aws_sandbox.functions.emf import EmbeddedMetricError, embedded_metrics
from aws_sandbox.functions.metrics import put_metric
from aws_sandbox.journal import Hop, Journal

_KEPT_LINES = 10_000


class Logs:
    """Writes as the function's role may: what it may not write is kept here alone."""

    def __init__(self, *, access: Access, journal: Journal) -> None:
        self._access = access
        self._journal = journal
        self._lock = threading.Lock()
        self._kept: defaultdict[str, deque[str]] = defaultdict(lambda: deque(maxlen=_KEPT_LINES))

    def kept(self, function: str) -> Sequence[str]:
        """The last lines of a function by its ARN, or of all functions of a name.

        Also those that CloudWatch never got.
        """
        with self._lock:
            found = [
                lines
                for arn, lines in self._kept.items()
                if function in (arn, arn.rpartition(":")[2])
            ]
            return [line for lines in found for line in lines]

    def write(self, definition: Definition, stream: str, lines: Sequence[str]) -> None:
        """Puts the lines into the log stream, and the metrics that they embed into CloudWatch."""
        with self._lock:
            self._kept[definition.unqualified_arn].extend(lines)
            if lines and self._may_write(definition, stream):
                self._put(definition, stream, lines)
                self._embedded(definition, lines)

    def _may_write(self, definition: Definition, stream: str) -> bool:
        group = definition.logging.group
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
        backend.ensure_log_group(definition.logging.group)
        backend.ensure_log_stream(definition.logging.group, stream)
        now = int(time.time() * 1000)
        backend.put_log_events(
            definition.logging.group,
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
        target = f"log group {definition.logging.group}"
        self._journal.record(
            Hop(source=definition.arn, target=target, outcome=outcome, reason=reason)
        )
