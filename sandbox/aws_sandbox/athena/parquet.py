"""What Parquet files hold, and how much of them a query has to read."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import duckdb
from sqlglot import exp

from aws_sandbox.athena.duckdb_sql import quoted, select, text_literal
from aws_sandbox.athena.glue_catalog import TableColumn
from aws_sandbox.athena.query_plan import Scan
from aws_sandbox.athena.sql import QueryError
from aws_sandbox.athena.sql_types import type_name

_TRAILER_BYTES = 8
"""The footer's length and the magic number, which end every file."""
_READ_WHOLE_BYTES = 3 * 2**20
"""Up to this size Trino reads a file at once: `parquet.small-file-threshold`."""
_PHYSICAL: Mapping[exp.DType, Sequence[str]] = {
    exp.DType.BOOLEAN: ("BOOLEAN",),
    exp.DType.BIGINT: ("INT32", "INT64"),
    exp.DType.DOUBLE: ("FLOAT", "DOUBLE"),
    exp.DType.VARCHAR: ("BYTE_ARRAY",),
    exp.DType.TIMESTAMP: ("INT64", "INT96"),
}
"""The physical types of Parquet that Trino reads each type from."""


def file_list(files: Sequence[Path]) -> str:
    return f"[{', '.join(text_literal(str(file)) for file in files)}]"


def present_columns(
    connection: duckdb.DuckDBPyConnection,
    uris: Mapping[str, str],
    columns: Sequence[TableColumn],
    read: frozenset[str],
) -> frozenset[str]:
    """The columns that any file has, as their declared type.

    `uris` has the files and where they come from. QueryError where a file has another type for a
    column that is read.
    """
    found: set[str] = set()
    by_name = {column.name: column for column in columns}
    for uri, fields in _top_fields(connection, uris):
        for name, physical in fields:
            column = by_name.get(name)
            if column is None:
                continue
            if physical in _PHYSICAL[column.type.this]:
                found.add(name)
            elif name in read:
                message = (
                    f"Field {name}'s type {physical or 'group'} in parquet file {uri} is "
                    f"incompatible with type {type_name(column.type)} defined in table schema"
                )
                raise QueryError("HIVE_BAD_DATA", message)
    return frozenset(found)


def _top_fields(
    connection: duckdb.DuckDBPyConnection, uris: Mapping[str, str]
) -> Iterator[tuple[str, Sequence[tuple[str, str]]]]:
    """Each file's fields, not those within them: lower-case name and physical type, if plain."""
    source = f"parquet_schema({file_list([Path(file) for file in uris])})"
    query = select("file_name, lower(name), coalesce(type, ''), num_children", source)
    for file, rows in groupby(connection.execute(query).fetchall(), key=itemgetter(0)):
        fields: list[tuple[str, str]] = []
        nested = 0
        for position, (_, name, physical, children) in enumerate(rows):
            if position and not nested:
                fields.append((str(name), str(physical)))
            if position:
                nested = max(0, nested - 1) + (children or 0)
        yield uris[str(file)], fields


def bytes_read(connection: duckdb.DuckDBPyConnection, files: Sequence[Path], scan: Scan) -> int:
    """Of small files everything, of others footers, and the chunks of the columns read in row
    groups that may have matching rows."""
    sizes = {file: file.stat().st_size for file in files}
    small = {file: size for file, size in sizes.items() if size <= _READ_WHOLE_BYTES}
    return sum(small.values()) + _needed(
        connection, [one for one in files if one not in small], scan
    )


def _needed(connection: duckdb.DuckDBPyConnection, files: Sequence[Path], scan: Scan) -> int:
    if not files:
        return 0
    listed = file_list(files)
    footers = select(f"sum(footer_size + {_TRAILER_BYTES})", f"parquet_file_metadata({listed})")
    total = _number(connection, footers)
    read = scan.read - {key.name for key in scan.table.partition_keys}
    if read:
        chunk = "lower(split_part(path_in_schema, ', ', 1))"
        names = ", ".join(text_literal(name) for name in read)
        conditions = [f"{chunk} IN ({names})"]
        if skipped := _skipped_row_groups(scan, listed):
            conditions.append(f"(file_name, row_group_id) NOT IN ({skipped})")
        chunks = f"parquet_metadata({listed}) WHERE {' AND '.join(conditions)}"
        total += _number(connection, select("sum(total_compressed_size)", chunks))
    return total


def _skipped_row_groups(scan: Scan, listed: str) -> str:
    """A query for the row groups whose statistics exclude a condition; empty without any."""
    types = {column.name: column.type.sql("duckdb") for column in scan.table.columns}
    queries: list[str] = []
    for predicate in scan.predicates:
        (name, *others) = sorted(predicate.columns)
        if others or name not in types or predicate.bounds is None:
            continue
        low, high = (f"TRY_CAST(stats_{end}_value AS {types[name]})" for end in ("min", "max"))
        condition = predicate.bounds.replace("{low}", low).replace("{high}", high)
        groups = f"parquet_metadata({listed}) WHERE lower(path_in_schema) = {text_literal(name)}"
        known = "stats_min_value IS NOT NULL AND stats_max_value IS NOT NULL"
        queries.append(
            select("file_name, row_group_id", f"{groups} AND {known} AND NOT ({condition})")
        )
    return " UNION ".join(queries)


def _number(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0] or 0) if row else 0


def column_expression(column: TableColumn, *, present: bool) -> str:
    """SQL for a column of a Parquet table, as its declared type; NULL where no file has it."""
    type_ = column.type.sql("duckdb")
    if not present:
        return f"CAST(NULL AS {type_})"
    value = f"CAST(f.{quoted(column.name)} AS {type_})"
    return (
        f"date_trunc('milliseconds', {value})"
        if column.type.is_type(exp.DType.TIMESTAMP)
        else value
    )
