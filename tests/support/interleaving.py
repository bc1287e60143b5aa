"""Workers that run one at a time, on a clock that stands still while they work: which of them goes
on is drawn by chance from a seed, at each of their calls, and the same again with the same seed."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")
_greenlet: Any = import_module("greenlet")  # which tells no types


class Killed(BaseException):
    """The process of a worker is gone; nothing that it does after has an effect."""


@dataclass(order=True)
class _Due:
    at: float
    tie: float
    number: int
    action: Callable[[], None] = field(compare=False)


class Schedule:
    """What is due when; `now` in seconds."""

    def __init__(self, random: Random, now: float) -> None:
        self.random = random
        self.now = now
        self._due: list[_Due] = []
        self._number = 0
        self._running: Worker | None = None

    @property
    def worker(self) -> Worker:
        """Whose turn it is."""
        assert self._running is not None
        return self._running

    def at(self, moment: float, action: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._due, _Due(moment, self.random.random(), self._number, action))

    def run(self) -> None:
        """Until nothing is due any more."""
        while self._due:
            due = heapq.heappop(self._due)
            self.now = max(self.now, due.at)
            due.action()

    def start(self, work: Callable[[Worker], None], *, killing: float) -> Worker:
        worker = Worker(self, work, killing)
        self.at(self.now, worker.go_on)
        return worker

    def turn(self, worker: Worker) -> None:
        self._running = worker


class Worker:
    """Runs `work`, which stands still whenever it is not its turn."""

    def __init__(self, schedule: Schedule, work: Callable[[Worker], None], killing: float) -> None:
        self._schedule = schedule
        self._killing = killing
        self._greenlet = _greenlet.greenlet(lambda: work(self))
        self.started = schedule.now
        """When its process began with what it is at."""
        self._dies_at = float("inf")
        self._dead = False

    @property
    def remaining_seconds(self) -> float:
        """That its process may still run."""
        return self._dies_at - self._schedule.now

    def go_on(self) -> None:
        """One turn, until it waits or ends; raises what it raised."""
        self._schedule.turn(self)
        self._greenlet.switch()

    def begin(self, seconds: float) -> None:
        """A process begins, which may run for so long."""
        self._dead, self.started = False, self._schedule.now
        self._dies_at = self.started + seconds

    def end(self) -> None:
        self._dies_at = float("inf")

    def sleep(self, seconds: float) -> None:
        self._schedule.at(self._schedule.now + seconds, self.go_on)
        self._greenlet.parent.switch()

    def call(self, effect: Callable[[], T], seconds: float) -> T:
        """A call that takes so long; the process may be killed before it and after, and is when
        its time is up."""
        self._perhaps_killed()
        if self._schedule.now + seconds >= self._dies_at:
            self.sleep(self._dies_at - self._schedule.now)
            self._dead = True
        else:
            self.sleep(seconds)
        if self._dead:
            raise Killed
        result = effect()
        self._perhaps_killed()
        return result

    def _perhaps_killed(self) -> None:
        self._dead = self._dead or self._schedule.random.random() < self._killing
        if self._dead:
            raise Killed
