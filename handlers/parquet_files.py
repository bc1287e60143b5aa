"""Parquet by DuckDB: nothing is downloaded, and memory is bounded by spilling to disk."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from reports.curated_tables import CuratedTable

ROW_GROUP = 20_480
"""Rows: smaller groups take more bytes, larger ones more memory while they are written."""


@contextmanager
def connected(scratch: Path, memory_mb: int) -> Generator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "memory_limit": f"{memory_mb}MB",
            "temp_directory": str(scratch / "spill"),
            "threads": "1",
        }
    ) as duck:
        duck.execute("SET TimeZone = 'UTC'")
        yield duck


def compact(
    duck: duckdb.DuckDBPyConnection, table: CuratedTable, files: Sequence[Path], target: Path
) -> None:
    """Writes the rows of some files of a table into one, sorted; the same files make the same
    bytes. Columns that a file has not, since it is older than they are, are NULL."""
    rows = (
        "FROM read_parquet($files, union_by_name = true, filename = true, file_row_number = true) "
        "SELECT * EXCLUDE (filename, file_row_number) "
        f"ORDER BY {', '.join([*table.order, 'filename', 'file_row_number'])}"
    )
    _copy(duck, rows, target, {"files": [str(file) for file in sorted(files)]})


def without_object(
    duck: duckdb.DuckDBPyConnection, file: Path, target: Path, report_object: str
) -> None:
    """Writes the rows of a file, in their order, without those of a delivered object."""
    rows = "FROM read_parquet($file) WHERE report_object <> $object"
    _copy(duck, rows, target, {"file": str(file), "object": report_object})


def _copy(
    duck: duckdb.DuckDBPyConnection, sql: str, target: Path, parameters: dict[str, object]
) -> None:
    duck.execute(
        f"COPY ({sql}) TO $target (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})",
        {**parameters, "target": str(target)},
    )
