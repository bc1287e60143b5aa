"""Runs a curation in DuckDB: nothing is downloaded, and memory is bounded by spilling to disk."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from handlers.curate_reports.core import (
    DELIVERY_SQL,
    Curation,
    reading_sql,
    unreadable_sql,
    writing_sql,
)
from handlers.parquet_files import connected
from reports.keys import ReportKey


@dataclass(frozen=True, kw_only=True)
class Curated:
    rows: int
    unreadable: Mapping[str, int]
    """How many values of a column were there, but not of its type: they are NULL."""


def header_of(path: Path) -> Sequence[str] | None:
    """A CSV's header; None for an empty file."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        return next(csv.reader(file), None)


def curate(
    how: Curation, source: Path, target: Path, *, report: ReportKey, memory_mb: int
) -> Curated:
    """Writes a CSV report as Parquet; the same report makes the same bytes."""
    with connected(target.parent, memory_mb) as duck:
        duck.execute(reading_sql(how), {"file": str(source)})
        duck.execute(writing_sql(how), {"target": str(target), **_provenance(report)})
        rows = duck.execute("SELECT count(*) FROM report").fetchall()[0][0]
        counting = unreadable_sql(how)
        if counting is None:
            return Curated(rows=rows, unreadable={})
        result = duck.execute(counting)
        names = [column[0] for column in result.description or []]
        counts = dict(zip(names, result.fetchall()[0], strict=True))
        return Curated(rows=rows, unreadable={name: n for name, n in counts.items() if n})


def note_delivery(
    target: Path, *, report: ReportKey, template: str, rows: int, memory_mb: int
) -> None:
    """Writes one row about a delivered object as Parquet."""
    values = {**_provenance(report), "template": template, "rows": rows}
    with connected(target.parent, memory_mb) as duck:
        duck.execute(DELIVERY_SQL, {**values, "target": str(target)})


def _provenance(report: ReportKey) -> Mapping[str, str]:
    return {"plan": report.plan, "object": report.key, "date": report.date.isoformat()}
