"""A report of a million jobs: time and peak memory of its figures, beside the same in pandas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import duck_figures, pandas_figures
from benchmarks.measure import Measure, in_own_process
from tests.support.activity import Size as Activity
from tests.support.activity import write_activity
from tests.support.figures import definition, run_of

_GOAL_MB = 512


@dataclass(frozen=True, kw_only=True)
class Size:
    accounts: int
    resources: int


FULL = Size(accounts=200, resources=33)
TINY = Size(accounts=2, resources=9)


def run(size: Size) -> Sequence[Measure]:
    """Each in a process of its own; pandas where it is installed, as `make bench` does."""
    defined = definition(size.accounts)
    with TemporaryDirectory() as name:
        folder = Path(name)
        made = Activity(accounts=size.accounts, resources=size.resources)
        jobs = in_own_process(write_activity, folder, made, run_of(defined)).result
        ours = in_own_process(duck_figures.figures_of, folder, defined)
        what = f"figures of {jobs:,} jobs"
        memory = Measure(
            what=f"{what}: peak memory",
            value=ours.peak_mb,
            unit="MB",
            baseline="the goal",
            base=_GOAL_MB,
            at_most=1,
        )
        if find_spec("pandas") is None:
            return [memory]
        theirs = in_own_process(pandas_figures.figures_of, folder, defined)
        assert theirs.result == ours.result, (theirs.result, ours.result)
    return [
        Measure(
            what=f"{what}: {jobs / ours.seconds:,.0f} jobs/s",
            value=ours.seconds,
            unit="s",
            baseline="pandas",
            base=theirs.seconds,
            at_most=1,
        ),
        memory,
        Measure(
            what=f"{what}: peak memory",
            value=ours.peak_mb,
            unit="MB",
            baseline="pandas",
            base=theirs.peak_mb,
            at_most=0.25,
        ),
    ]
