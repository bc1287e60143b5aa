"""What a person sees while units of work run: a line for each that is at work, counts, time left.

On a terminal the lines move; elsewhere, such as in a log, there is a line as a unit begins and one
as it ends. All of it goes to stderr: stdout has results alone.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Generic, Self, TypeVar

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from fleet.scheduler import Ended, Result
from fleet.terminal import asides, quiet

T = TypeVar("T")
_STYLES = {Ended.DONE: "green", Ended.FAILED: "red"}
_MARKS = {Ended.DONE: "✓", Ended.FAILED: "✗", Ended.NOT_TRIED: "-", Ended.CANCELLED: "-"}


class UnitProgress(Generic[T]):
    """Takes what becomes of units, from their threads; a `Watch` of the scheduler."""

    def __init__(
        self,
        count: int,
        doing: str,
        says: Callable[[T], str] = lambda _: "",
        *,
        console: Console = asides,
    ) -> None:
        """`count` units are to come, each begins with `doing` (such as "previewing"), and `says` is
        what is told of one that is done, beside that it is."""
        self._console = console
        self._count, self._doing, self._says = count, doing, says
        self._live = console.is_terminal and not quiet()
        self._lock = threading.Lock()
        self._tasks: dict[str, TaskID] = {}
        self._ended: list[Ended] = []
        self._began = time.monotonic()
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,  # what has ended has lines that stay
            disable=not self._live,
        )
        self._total = self._bars.add_task(self._counts(), total=None)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def say(self, message: str, style: str = "") -> None:
        """A line that stays."""
        if not quiet():
            self._bars.console.print(message, highlight=False, style=style)

    def begins(self, unit: str) -> None:
        if not self._live:
            self.say(f"{unit}: {self._doing}")
            return
        with self._lock:
            self._tasks[unit] = self._bars.add_task(f"{unit}: {self._doing}", total=None)

    def shows(self, unit: str, doing: str) -> None:
        """What a unit is at now; nothing where lines do not move."""
        with self._lock:
            if unit in self._tasks:
                self._bars.update(self._tasks[unit], description=f"{unit}: {doing}")

    def ends(self, unit: str, result: Result[T]) -> None:
        with self._lock:
            self._ended.append(result.ended)
            if unit in self._tasks:
                self._bars.remove_task(self._tasks.pop(unit))
            self._bars.update(self._total, description=self._counts())
        told = f"{unit}: {result.ended}"
        if result.value is not None and (says := self._says(result.value)):
            told += f": {says}"
        if result.because:
            told += f", as {', '.join(result.because)} failed"
        if result.ended in (Ended.DONE, Ended.FAILED):
            told += f" ({seconds_text(result.seconds)})"
        if self._live:
            self.say(f"{_MARKS[result.ended]} {told}", _STYLES.get(result.ended, ""))
        else:
            self.say(f"{told}; {self._counts()}" if self._count > 1 else told)

    def _counts(self) -> str:
        """How many of how many, how many of them failed, and how long the others may take."""
        ended, failed = len(self._ended), self._ended.count(Ended.FAILED)
        told = f"{ended} of {self._count}"
        if failed:
            told += f", {failed} failed"
        if 0 < ended < self._count:
            each = (time.monotonic() - self._began) / ended
            told += f", about {seconds_text(each * (self._count - ended))} left"
        return told


def seconds_text(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3 min`, `1 h 5 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
