"""A report's figures as handlers/make_report works them out, with as much memory as there."""

import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from reports.digest.definition import Definition
from reports.digest.loading import loaded
from reports.digest.measuring import Known, figures
from tests.support.figures import NOW, run_of

_MEMORY_MB = 256

Figures = Mapping[str, int | tuple[int, int] | Mapping[date, tuple[int, int, int, int]]]
"""What both implementations are held to."""


def figures_of(folder: Path, defined: Definition) -> Figures:
    # DuckDB imports what is there of these: a function's layer has neither.
    sys.modules |= dict.fromkeys(("pandas", "pyarrow", "numpy"))
    run = run_of(defined)
    with (
        TemporaryDirectory() as scratch,
        loaded(folder, defined, run, scratch=Path(scratch), memory_mb=_MEMORY_MB) as duck,
    ):
        found = figures(duck, defined, run, Known(made_at=NOW, unprotected=True))
    headline = found.headline
    return {
        "failures": headline.failures,
        "success_rate": (headline.success_rate.met, headline.success_rate.of),
        "sla": (headline.sla.met, headline.sla.of),
        "three_in_a_row": headline.three_in_a_row,
        "three_two_one": (headline.three_two_one.met, headline.three_two_one.of),
        "protected": headline.protected,
        "unprotected": headline.unprotected or 0,
        "days": {
            day.day: (day.succeeded, day.failed, day.with_issues, day.size_bytes)
            for day in found.days
        },
        "heat_map": len(found.heat_map),
        "causes": min(len(found.causes), 200),
        "newly_failing": min(len(found.newly_failing), 200),
        "restore_tests": min(len(found.restore_tests), 200),
    }
