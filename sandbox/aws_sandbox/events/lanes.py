"""Jobs of which no more than a few may run at once, such as functions on this machine."""

import os
import threading
from collections import deque
from collections.abc import Sequence

from aws_sandbox.events.work import Job, Work

PROCESSES = min(5, max(2, os.cpu_count() or 2))
"""Functions at once of one kind: Lambda begins with five; a small machine gains nothing by more
processes than it has processors."""


class Lane:
    """Hands jobs to the workers in order, so many at a time; the others wait in no thread."""

    def __init__(self, work: Work, width: int = PROCESSES) -> None:
        self._work = work
        self._width = width
        self._lock = threading.Lock()
        self._running = 0
        self._waiting: deque[tuple[str, Job]] = deque()
        work.watch(self._labels)

    def submit(self, label: str, job: Job) -> None:
        with self._lock:
            if self._running == self._width:
                self._waiting.append((label, job))
                return
            self._running += 1
        self._begin(label, job)

    def _begin(self, label: str, job: Job) -> None:
        def run() -> None:
            try:
                job()
            finally:
                self._next()

        self._work.submit(label, run)

    def _next(self) -> None:
        with self._lock:
            if not self._waiting:
                self._running -= 1
                return
            label, job = self._waiting.popleft()
        self._begin(label, job)

    def _labels(self) -> Sequence[str]:
        with self._lock:
            return [label for label, _ in self._waiting]
