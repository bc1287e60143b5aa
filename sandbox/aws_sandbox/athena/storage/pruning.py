"""Which partitions a query needs: those whose values the conditions on them allow."""

from collections.abc import Sequence

import duckdb

from aws_sandbox.athena.catalog.projection import is_projected, projected
from aws_sandbox.athena.catalog.tables import Partition, PartitionCatalog, TableColumn
from aws_sandbox.athena.sql.binder import quoted, select
from aws_sandbox.athena.sql.errors import QueryError
from aws_sandbox.athena.sql.scope import Predicate, Scan

DEFAULT_PARTITION = "__HIVE_DEFAULT_PARTITION__"
"""What a partition's value of NULL is written as."""


def needed_partitions(
    connection: duckdb.DuckDBPyConnection, scan: Scan, catalog: PartitionCatalog
) -> Sequence[Partition]:
    """The partitions to read; a table without partition keys is one of them itself."""
    table = scan.table
    if not table.partition_keys:
        return [
            Partition(
                values=(), location=table.location, serde=table.serde, parameters=table.parameters
            )
        ]

    def choose(key: TableColumn, candidates: Sequence[str]) -> Sequence[str]:
        alone = [one for one in scan.predicates if one.columns == frozenset({key.name})]
        kept = _allowed(connection, [key], [[value] for value in candidates], alone)
        return [candidates[number] for number in kept]

    def injected(key: TableColumn) -> Sequence[str]:
        return _given(connection, key, scan.predicates)

    if is_projected(table):
        found = list(projected(table, choose, injected))
    else:
        found = list(catalog.partitions(table))
    names = {key.name for key in table.partition_keys}
    conditions = [one for one in scan.predicates if one.columns <= names]
    rows = [partition.values for partition in found]
    return [
        found[number] for number in _allowed(connection, table.partition_keys, rows, conditions)
    ]


def typed_value(parameter: str, key: TableColumn) -> str:
    """SQL for the value of a partition key, given as a text."""
    return f"CAST(nullif({parameter}, '{DEFAULT_PARTITION}') AS {key.type.duckdb})"


def _allowed(
    connection: duckdb.DuckDBPyConnection,
    keys: Sequence[TableColumn],
    rows: Sequence[Sequence[str]],
    conditions: Sequence[Predicate],
) -> Sequence[int]:
    """The numbers of the rows that fulfil all conditions."""
    if not conditions or not rows:
        return range(len(rows))
    chosen = [f"{typed_value('unnest(?)', key)} AS {quoted(key.name)}" for key in keys]
    source = f"({' '.join(('SELECT', ', '.join([*chosen, 'unnest(?) AS row_number'])))})"
    where = " AND ".join(condition.sql for condition in conditions)
    values = [list(column) for column in zip(*rows, strict=True)]
    query = select("row_number", f"{source} WHERE {where} ORDER BY 1")
    found = connection.execute(query, [*values, list(range(len(rows)))]).fetchall()
    return [int(row[0]) for row in found]


def _given(
    connection: duckdb.DuckDBPyConnection, key: TableColumn, predicates: Sequence[Predicate]
) -> Sequence[str]:
    """The values that the query itself names for an injected key."""
    for predicate in predicates:
        if predicate.columns == frozenset({key.name}) and predicate.equals:
            texts = ", ".join(f"CAST({value} AS VARCHAR)" for value in predicate.equals)
            row = connection.execute(" ".join(("SELECT", texts))).fetchone() or ()
            return [str(value) for value in row]
    raise QueryError(
        "CONSTRAINT_VIOLATION",
        f"For the injected projected partition column {key.name}, the WHERE clause must contain "
        "only static equality conditions, and at least one such condition must be present.",
    )
