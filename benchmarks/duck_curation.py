"""A report curated as the function does it, with the memory that it is deployed with, and copies
of it by DuckDB itself."""

from pathlib import Path

import duckdb

from handlers.curate_reports.duck import Source, curate
from handlers.curate_reports.lines import header_of
from reports.keys import parse
from reports.templates import TEMPLATES

_MEMORY_MB = 256
_REPORT = parse("Backup/crossaccount/crossregion/2026/11/21/acme/report.csv")


def curate_report(source: Path) -> int:
    """Gives the number of rows."""
    told = Source(file=source, report=_REPORT)
    return curate(TEMPLATES["backup_job"], told, memory_mb=_MEMORY_MB).rows


def copy_report(source: Path) -> int:
    """DuckDB's own copy of the CSV to Parquet as it is typed, in one thread; gives the number of
    rows."""
    return _copy(source, "$file")


def copy_text(source: Path) -> int:
    """The least that there is to do: the same with all columns text, and without a look at the CSV
    beforehand."""
    header = header_of(source)
    assert header is not None
    names = ", ".join(f"'c{n}': 'VARCHAR'" for n, _ in enumerate(header.titles))
    return _copy(source, f"$file, columns = {{{names}}}, header = true, auto_detect = false")


def _copy(source: Path, read: str) -> int:
    with duckdb.connect(config={"threads": "1"}) as duck:
        copied = duck.execute(
            f"COPY (FROM read_csv({read})) TO $target (FORMAT parquet, COMPRESSION zstd)",
            {"file": str(source), "target": str(source.with_name("copied.parquet"))},
        )
        return copied.fetchall()[0][0]
