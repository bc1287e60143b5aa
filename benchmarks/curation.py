"""Time and peak memory of curating a report of 50 MB, beside DuckDB's bare copy and pandas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from aws_sandbox.reports.files import Template, csv_files, fields, rows
from aws_sandbox.reports.report_plans import example
from aws_sandbox.reports.rows import Profile, Window
from benchmarks import duck_curation, pandas_curation
from benchmarks.measure import Measure, Measured, beside_pandas, in_own_process

_GOAL_MB = 300
_RUNS = 5


@dataclass(frozen=True, kw_only=True)
class Size:
    accounts: int
    jobs_per_day: int


FULL = Size(accounts=100, jobs_per_day=190)
TINY = Size(accounts=1, jobs_per_day=3)


def run(size: Size) -> Sequence[Measure]:
    """Each in processes of their own; pandas where it is installed, as `make bench` does."""
    with TemporaryDirectory() as folder:
        source = Path(folder) / "report.csv"
        source.write_bytes(_report(size))
        megabytes = source.stat().st_size / 1e6
        ours = _fastest(duck_curation.curate_report, source)
        copies = {
            "DuckDB's bare copy to Parquet": _fastest(duck_curation.copy_report, source),
            "the same, all text and without a look at it": _fastest(
                duck_curation.copy_text, source
            ),
        }
        theirs = (
            in_own_process(
                pandas_curation.curate_report, source, source.with_name("pandas.parquet")
            )
            if find_spec("pandas")
            else None
        )
        assert all(copy.result == ours.result for copy in copies.values()), (copies, ours)
        assert theirs is None or theirs.result == ours.result, (theirs, ours)
    report = f"a backup job report of {megabytes:.1f} MB, {ours.result:,} rows"
    copied = [
        Measure(
            what=f"{report}: CPU time, smallest of {_RUNS}",
            value=ours.cpu_seconds,
            unit="s",
            baseline=baseline,
            base=copy.cpu_seconds,
            at_most=1.3,
        )
        for baseline, copy in copies.items()
    ]
    rate = f"{megabytes / ours.seconds:.1f} MB/s"
    return [*copied, *beside_pandas(report, rate, ours, theirs, goal_mb=_GOAL_MB)]


def _fastest(function: Callable[[Path], int], source: Path) -> Measured[int]:
    runs = (in_own_process(function, source) for _ in range(_RUNS))
    return min(runs, key=lambda run: run.cpu_seconds)


def _report(size: Size) -> bytes:
    """The first part, which is all of it under 50 MB."""
    template = Template.BACKUP_JOB_REPORT
    content = rows(
        template,
        example(size.accounts),
        Profile(jobs_per_day=size.jobs_per_day),
        Window(end=datetime(2026, 11, 21, 2, tzinfo=UTC)),
    )
    return next(csv_files(content, fields(template)))
