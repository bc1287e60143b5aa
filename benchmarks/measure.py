"""A measured figure beside its baseline, and processes in which to measure."""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_STATUS = Path("/proc/self/status")


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One line of the output."""

    what: str
    value: float
    unit: str
    baseline: str
    """What the figure is compared with."""
    base: float
    """The baseline's figure, in the same unit."""
    at_most: float | None = None
    """The goal: the largest ratio that meets it; None where there is none."""

    @property
    def ratio(self) -> float:
        return self.value / self.base

    @property
    def goal(self) -> str:
        if self.at_most is None:
            return ""
        outcome = "met" if self.ratio <= self.at_most else "MISSED"
        return f", goal {_figure(self.at_most)} {outcome}"

    def __str__(self) -> str:
        return (
            f"{self.what}: {_figure(self.value)} {self.unit}; "
            f"{self.baseline}: {_figure(self.base)}; ratio {self.ratio:.4f}{self.goal}"
        )


@dataclass(frozen=True, kw_only=True)
class Measured(Generic[T]):
    """What a function gave in a process of its own."""

    result: T
    seconds: float
    """Of the function alone, without the process's start and imports."""
    cpu_seconds: float
    """The same, of the processor: what else the machine does makes less of a difference."""
    peak_mb: float
    """The process's largest resident set, imports included; 1 MB is 1,000,000 bytes."""
    imported_mb: float
    """The same before the function was called."""


def beside_pandas(
    name: str,
    rate: str,
    ours: Measured[Any],
    theirs: Measured[Any] | None,
    *,
    goal_mb: float,
    of_theirs_at_most: float | None = None,
) -> list[Measure]:
    """Time and peak memory beside pandas, which may not be installed, and memory beside the goal.

    `of_theirs_at_most` is the goal for our share of pandas' peak memory.
    """
    peak = f"{name}: peak memory"
    memory = Measure(
        what=peak, value=ours.peak_mb, unit="MB", baseline="the goal", base=goal_mb, at_most=1
    )
    if theirs is None:
        return [memory]
    speed = Measure(
        what=f"{name}: {rate}",
        value=ours.seconds,
        unit="s",
        baseline="pandas",
        base=theirs.seconds,
        at_most=1,
    )
    share = Measure(
        what=peak,
        value=ours.peak_mb,
        unit="MB",
        baseline="pandas",
        base=theirs.peak_mb,
        at_most=of_theirs_at_most,
    )
    return [speed, memory, share]


def in_own_process(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Measured[T]:
    """Calls a function of a module in a new interpreter, which has imported that module alone."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        return pool.submit(_measured, function, *args, **kwargs).result()


def _measured(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Measured[T]:
    imported = _peak_mb()
    started, busy = time.perf_counter(), time.process_time()
    result = function(*args, **kwargs)
    return Measured(
        result=result,
        seconds=time.perf_counter() - started,
        cpu_seconds=time.process_time() - busy,
        peak_mb=_peak_mb(),
        imported_mb=imported,
    )


def _peak_mb() -> float:
    """Linux hands ru_maxrss of the parent on to the child, so there its own high-water mark."""
    if _STATUS.exists():
        line = next(li for li in _STATUS.read_text().splitlines() if li.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) / 1e6


def _figure(value: float) -> str:
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.2f}" if abs(value) >= 1 else f"{value:.4f}"
