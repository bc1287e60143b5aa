"""Runs a curation in DuckDB: nothing is downloaded, and memory is bounded by spilling to disk.

A report in which all is well is read once. Where DuckDB refuses anything of it, or might not read
each of its lines as one row, its lines are sifted first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from handlers.curate_reports.core import (
    DELIVERY_SQL,
    REJECTS_SQL,
    Curation,
    curation,
    quick_sql,
    reading_sql,
    repeats_sql,
    unreadable_sql,
    writing_sql,
)
from handlers.curate_reports.lines import Header, header_of, plain_lines
from handlers.curate_reports.rejects import sift
from handlers.parquet_files import connected
from reports.keys import ReportKey
from reports.templates import Template

_REFUSED = (duckdb.InvalidInputException, duckdb.ConversionException)


@dataclass(frozen=True, kw_only=True)
class Source:
    """A delivered report."""

    file: Path
    """A CSV, alone in a folder: what is made of it lies beside it."""
    report: ReportKey

    @property
    def provenance(self) -> Mapping[str, str]:
        report = self.report
        return {"plan": report.plan, "object": report.key, "date": report.date.isoformat()}

    def beside(self, name: str) -> Path:
        return self.file.with_name(name)


@dataclass(frozen=True, kw_only=True)
class Curated:
    report: Path | None = None
    """Parquet; None: the CSV is empty."""
    rejects: Path | None = None
    """Parquet of what was rejected; None: nothing."""
    rows: int = 0
    lines: int = 0
    """Below the header; blank ones too."""
    lines_rejected: int = 0
    unreadable: Mapping[str, int] = field(default_factory=dict[str, int])
    """How many values of a column were there, but not of its type: they are NULL."""
    unknown: Sequence[str] = ()
    """Headers that no column is called like."""

    @property
    def counts(self) -> Mapping[str, int]:
        """As the table of deliveries names them."""
        return {
            "rows": self.rows,
            "lines": self.lines,
            "lines_taken": self.lines - self.lines_rejected,
            "lines_rejected": self.lines_rejected,
            "unreadable_values": sum(self.unreadable.values()),
        }


def curate(template: Template, source: Source, *, memory_mb: int) -> Curated:
    """Writes a CSV report as Parquet, and what had to be rejected as another one.

    The same report makes the same bytes. Raises UnreadableHeader and MissingColumns.
    """
    header = header_of(source.file)
    if header is None:
        return Curated()
    how = curation(template, header.titles)
    with connected(source.file.parent, memory_mb) as duck:
        made = _at_once(duck, how, header, source)
    if made is None:
        with connected(source.file.parent, memory_mb) as duck:
            made = _sifted(duck, how, header, source)
    return replace(made, unknown=how.unknown)


def _at_once(
    duck: duckdb.DuckDBPyConnection, how: Curation, header: Header, source: Source
) -> Curated | None:
    """None unless each line is a row of its own, with values of their columns' types."""
    lines = plain_lines(source.file, header)
    if lines is None:
        return None
    target = source.beside("report.parquet")
    files = {"file": str(source.file), "target": str(target)}
    try:
        ((rows,),) = duck.execute(quick_sql(how), {**files, **source.provenance}).fetchall()
    except _REFUSED:
        return None
    ((repeats,),) = duck.execute(repeats_sql(how), {"file": str(target)}).fetchall()
    # A quote that nobody closes takes all further lines with it, and is no error to DuckDB.
    return Curated(report=target, rows=rows, lines=lines) if rows == lines and not repeats else None


def _sifted(
    duck: duckdb.DuckDBPyConnection, how: Curation, header: Header, source: Source
) -> Curated:
    clean, pieces = source.beside("clean.csv"), source.beside("pieces.csv")
    sifted = sift(source.file, header, how, clean=clean, pieces=pieces)
    rejects = source.beside("rejects.parquet") if sifted.lines_rejected else None
    if rejects is not None:
        files = {"file": str(pieces), "target": str(rejects)}
        duck.execute(REJECTS_SQL, {**files, **source.provenance})
    target = source.beside("report.parquet")
    duck.execute(reading_sql(how), {"file": str(clean)})
    written = {"target": str(target), **source.provenance}
    ((rows,),) = duck.execute(writing_sql(how), written).fetchall()
    return Curated(
        report=target,
        rejects=rejects,
        rows=rows,
        lines=sifted.lines,
        lines_rejected=sifted.lines_rejected,
        unreadable=_unreadable(duck, how),
    )


def _unreadable(duck: duckdb.DuckDBPyConnection, how: Curation) -> Mapping[str, int]:
    counting = unreadable_sql(how)
    if counting is None:
        return {}
    result = duck.execute(counting)
    names = [column[0] for column in result.description or []]
    counts = dict(zip(names, result.fetchall()[0], strict=True))
    return {name: count for name, count in counts.items() if count}


def note_delivery(source: Source, template: Template, made: Curated, *, memory_mb: int) -> Path:
    """Writes one row about a delivered object as Parquet."""
    target = source.beside("delivery.parquet")
    values = {**source.provenance, "template": template.name, **made.counts}
    with connected(source.file.parent, memory_mb) as duck:
        duck.execute(DELIVERY_SQL, {**values, "target": str(target)})
    return target
