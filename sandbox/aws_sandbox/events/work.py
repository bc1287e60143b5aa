"""What the pump has under way: jobs on worker threads, jobs due later, and when all is done."""

import heapq
import itertools
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

log = logging.getLogger(__name__)

Job = Callable[[], None]

_WORKERS = 32
_LOOK_AGAIN_SECONDS = 0.02
_NAMED = 5


class PumpCrashedError(Exception):
    """A job failed in a way that nothing expects: what it carried may be lost."""


class UnsettledError(TimeoutError):
    """Something was still on its way when the time was up; the message says what."""


class Work:
    """Runs jobs, counts them, and tells when none is left."""

    def __init__(self, *, time_scale: float) -> None:
        """`time_scale` divides every wait that AWS would make."""
        if time_scale <= 0:
            raise ValueError(f"time_scale is a positive number, not {time_scale}")
        self.time_scale = time_scale
        self._changed = threading.Condition()
        self._running: Counter[str] = Counter()
        self._moment = 0
        self._timers: list[tuple[float, int, str, Job]] = []
        self._order = itertools.count()
        self._watched: list[Callable[[], Sequence[str]]] = []
        self._crash: BaseException | None = None
        self._stopped = False
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="pump")
        self._clock = threading.Thread(target=self._keep_time, name="pump-clock", daemon=True)

    def start(self) -> None:
        self._clock.start()

    def stop(self) -> None:
        """Waits for the jobs that run; those that wait for their time are dropped."""
        with self._changed:
            self._stopped = True
            self._timers.clear()
            self._changed.notify_all()
        self._clock.join()
        self._workers.shutdown(wait=True, cancel_futures=True)

    def submit(self, label: str, job: Job) -> None:
        """Runs a job as soon as a worker is free; `label` says what is on its way where."""
        with self._changed:
            if self._stopped:
                return
            self._running[label] += 1
            self._moment += 1
            self._hand_over(label, job)

    def later(self, aws_seconds: float, label: str, job: Job) -> None:
        """Runs a job after as long as AWS would wait, divided by the time scale."""
        due = time.monotonic() + aws_seconds / self.time_scale
        with self._changed:
            if not self._stopped:
                heapq.heappush(self._timers, (due, next(self._order), label, job))
                self._moment += 1
                self._changed.notify_all()

    @property
    def moment(self) -> int:
        """Another number after each job that begins or ends, and after each `touch`.

        What waits for a change, and has looked for it in vain at this moment, waits in vain until
        there is another one.
        """
        with self._changed:
            return self._moment

    def touch(self) -> None:
        """Something happened that is no job."""
        with self._changed:
            self._moment += 1

    def watch(self, on_their_way: Callable[[], Sequence[str]]) -> None:
        """Adds what else is to be waited for, such as messages in a queue with a consumer."""
        self._watched.append(on_their_way)

    def crash(self, label: str, error: BaseException) -> None:
        """Makes an unexpected error known: in the log now, and to whoever settles."""
        log.error("the event pump crashed over %s", label, exc_info=error)
        with self._changed:
            self._crash = self._crash or error

    def settle(self, timeout_seconds: float) -> None:
        """Waits until nothing is on its way.

        Raises PumpCrashedError when a job crashed, UnsettledError when the time is up.
        """
        deadline = time.monotonic() + timeout_seconds
        self.touch()
        while left := self._left():
            if time.monotonic() >= deadline:
                named = "; ".join(left[:_NAMED])
                more = f" and {len(left) - _NAMED} more" if len(left) > _NAMED else ""
                raise UnsettledError(f"still on its way after {timeout_seconds:g} s: {named}{more}")
            with self._changed:
                self._changed.wait(_LOOK_AGAIN_SECONDS)

    def _left(self) -> Sequence[str]:
        """Jobs and watched things; asked anew when something happened while they were looked at."""
        while True:
            with self._changed:
                if self._crash is not None:
                    raise PumpCrashedError("a job of the event pump crashed") from self._crash
                moment = self._moment
                left = [*self._running.elements(), *(label for _, _, label, _ in self._timers)]
            if left:
                return left
            left = [label for watched in self._watched for label in watched()]
            with self._changed:
                if self._moment == moment:
                    return left

    def _hand_over(self, label: str, job: Job) -> None:
        self._workers.submit(job).add_done_callback(lambda done: self._done(label, done))

    def _done(self, label: str, done: Future[None]) -> None:
        error = None if done.cancelled() else done.exception()
        if error is not None:
            self.crash(label, error)
        with self._changed:
            self._running -= Counter({label: 1})
            self._moment += 1
            self._changed.notify_all()

    def _keep_time(self) -> None:
        with self._changed:
            while not self._stopped:
                now = time.monotonic()
                while self._timers and self._timers[0][0] <= now:
                    _, _, label, job = heapq.heappop(self._timers)
                    self._running[label] += 1
                    self._hand_over(label, job)
                self._changed.wait(self._timers[0][0] - now if self._timers else None)
