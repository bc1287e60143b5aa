"""A report of a million jobs: time and peak memory of its figures, beside the same in pandas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import duck_figures, pandas_figures
from benchmarks.measure import Measure, beside_pandas, in_own_process
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
        theirs = (
            in_own_process(pandas_figures.figures_of, folder, defined)
            if find_spec("pandas")
            else None
        )
        assert theirs is None or theirs.result == ours.result, (theirs, ours)
    return beside_pandas(
        f"figures of {jobs:,} jobs",
        f"{jobs / ours.seconds:,.0f} jobs/s",
        ours,
        theirs,
        goal_mb=_GOAL_MB,
        of_theirs_at_most=0.25,
    )
