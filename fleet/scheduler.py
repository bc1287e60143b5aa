"""Units of work in parallel, each after those before it: the failure of one stops what depends on
it, and nothing else."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter
from typing import Any, Generic, Protocol, TypeVar

from fleet.errors import ToldError
from fleet.interrupts import asked, held

T = TypeVar("T")


class Ended(StrEnum):
    """What became of a unit."""

    DONE = "done"
    FAILED = "failed"
    NOT_TRIED = "not tried"
    """What it waits for failed, or nothing more was to begin after a failure."""
    CANCELLED = "cancelled"
    """The end was asked for before it began, or while it was at work and failed by that."""


@dataclass(frozen=True, kw_only=True)
class Result(Generic[T]):
    """What became of a unit, and why."""

    ended: Ended
    value: T | None = None
    """What its act returned, where it is done."""
    error: Exception | None = None
    """What its act raised, where it failed, or where it was cancelled at work."""
    because: tuple[str, ...] = ()
    """The failed units that kept it from being tried."""
    seconds: float = 0


class Watch(Protocol[T]):
    """Hears of units as they begin, in their own threads, and as they end, in the caller's."""

    def begins(self, unit: str, /) -> None: ...

    def ends(self, unit: str, result: Result[T], /) -> None: ...


class NoWatch:
    """For whom a unit's beginning and end are nothing."""

    def begins(self, unit: str, /) -> None: ...

    def ends(self, unit: str, result: Result[Any], /) -> None: ...


def run_units(
    before: Mapping[str, Collection[str]],
    act: Callable[[str], T],
    *,
    workers: int,
    fail_fast: bool = False,
    on: Watch[T] | None = None,
) -> dict[str, Result[T]]:
    """Acts on every unit of `before` once those that it names there are done; other names in it are
    nothing. What `act` raises is that unit's failure. The results are in the order of `before`.

    With `fail_fast` nothing more begins after a failure. Once interrupted nothing more begins
    either, what is at work is waited for, and the results are returned as ever; a second
    interruption goes through. Raises ToldError where units wait for one another in a circle.
    """
    run = _Run(before, act, on or NoWatch(), fail_fast=fail_fast)
    pool = ThreadPoolExecutor(max_workers=max(1, workers))
    try:
        while True:
            try:
                if not run.goes_on(pool, max(1, workers)):
                    return run.results()
            except KeyboardInterrupt:
                if run.cancelled:
                    raise
                run.cancelled = True
    finally:
        pool.shutdown(wait=False)


class _Run(Generic[T]):
    def __init__(
        self,
        before: Mapping[str, Collection[str]],
        act: Callable[[str], T],
        on: Watch[T],
        *,
        fail_fast: bool,
    ) -> None:
        self.cancelled = False
        self._before = {unit: [b for b in first if b in before] for unit, first in before.items()}
        self._act = act
        self._on = on
        self._fail_fast = fail_fast
        self._sorter = TopologicalSorter(self._before)
        try:
            self._sorter.prepare()
        except CycleError as error:
            raise ToldError(f"these wait for one another: {', '.join(error.args[1])}") from error
        self._ready: deque[str] = deque()
        self._running: dict[Future[Result[T]], str] = {}
        self._results: dict[str, Result[T]] = {}

    def goes_on(self, pool: ThreadPoolExecutor, workers: int) -> bool:
        """Begins what may begin and waits for the next end; False where nothing is at work."""
        self._ready.extend(self._sorter.get_ready())
        while self._ready and len(self._running) < workers and not self._stops():
            with held():  # what has begun is never lost sight of
                unit = self._ready.popleft()
                self._running[pool.submit(self._tried, unit)] = unit
        if not self._running:
            return False
        done, _ = wait(self._running, return_when=FIRST_COMPLETED)
        for future in done:
            with held():
                self._take(self._running.pop(future), future.result())
        return True

    def results(self) -> dict[str, Result[T]]:
        """Of all units, those too that were not tried."""
        for unit in self._before.keys() - self._results.keys():
            self._results[unit] = self._untried(unit)
            self._on.ends(unit, self._results[unit])
        return {unit: self._results[unit] for unit in self._before}

    def _stops(self) -> bool:
        self.cancelled = self.cancelled or asked()
        return self.cancelled or (self._fail_fast and bool(self._failed()))

    def _failed(self) -> list[str]:
        return [unit for unit, result in self._results.items() if result.ended is Ended.FAILED]

    def _tried(self, unit: str) -> Result[T]:
        self._on.begins(unit)
        started = time.monotonic()
        try:
            value = self._act(unit)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this unit's
            seconds = time.monotonic() - started
            return Result(ended=Ended.FAILED, error=error, seconds=seconds)
        return Result(ended=Ended.DONE, value=value, seconds=time.monotonic() - started)

    def _take(self, unit: str, result: Result[T]) -> None:
        if result.ended is Ended.DONE:
            self._sorter.done(unit)
        elif self.cancelled or asked():
            result = replace(result, ended=Ended.CANCELLED)
        self._results[unit] = result
        self._on.ends(unit, result)

    def _untried(self, unit: str) -> Result[T]:
        if because := self._failed_before(unit):
            return Result(ended=Ended.NOT_TRIED, because=tuple(sorted(because)))
        if self.cancelled:
            return Result(ended=Ended.CANCELLED)
        return Result(ended=Ended.NOT_TRIED, because=tuple(self._failed()))

    def _failed_before(self, unit: str) -> set[str]:
        """The failed units without which this one cannot be tried."""
        failed = set(self._failed())
        return {
            name
            for first in self._before[unit]
            for name in ({first} if first in failed else self._failed_before(first))
        }
