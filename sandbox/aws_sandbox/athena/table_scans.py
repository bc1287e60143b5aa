"""The scans of a query, made ready: partitions chosen, objects staged, and a view for each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from aws_sandbox.athena.duckdb_sql import quoted, select
from aws_sandbox.athena.glue_catalog import Catalog, Format, Partition, TableColumn
from aws_sandbox.athena.opencsv import OpenCsv, SerdeError
from aws_sandbox.athena.parquet import bytes_read, column_expression, file_list, present_columns
from aws_sandbox.athena.partition_projection import is_projected, projected
from aws_sandbox.athena.predicates import Predicate
from aws_sandbox.athena.query_plan import Scan
from aws_sandbox.athena.s3_objects import ObjectReader, Staging, StoredObject, total_bytes
from aws_sandbox.athena.sql import QueryError

_BYTES_LIMIT = "Bytes scanned limit was exceeded"


class BytesLimitError(Exception):
    """The workgroup's limit for a query; Athena cancels it with this reason."""


@dataclass(kw_only=True)
class Budget:
    """How much of S3 a query has read, and may read."""

    limit: int | None
    scanned: int = 0

    def spend(self, count: int) -> None:
        self.scanned += count
        if self.limit is not None and self.scanned > self.limit:
            self.scanned = self.limit
            raise BytesLimitError(_BYTES_LIMIT)


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Makes scans ready, with the rights of the query's caller."""

    connection: duckdb.DuckDBPyConnection
    catalog: Catalog
    store: ObjectReader
    staging: Staging
    budget: Budget

    def prepare(self, scan: Scan) -> None:
        """Creates the scan's view and counts what reading its columns costs."""
        partitions = _needed_partitions(self.connection, scan, self.catalog)
        listed = self.store.under([partition.location for partition in partitions])
        if scan.table.has_lists:
            listed = self._named(listed)
        pairs = [
            (partition, item) for partition in partitions for item in listed[partition.location]
        ]
        if scan.table.format is Format.CSV:
            self.budget.spend(total_bytes(item for _, item in pairs))
            files = [self._staged_csv(scan, partition, item) for partition, item in pairs]
            columns = [
                f"f.c{number} AS {quoted(column.name)}"
                for number, column in enumerate(scan.table.columns)
            ]
        else:
            files = [self.staging.parquet(item, self.store.content) for _, item in pairs]
            columns = self._parquet_columns(scan, files, pairs)
            self.budget.spend(bytes_read(self.connection, list(dict.fromkeys(files)), scan))
        self._create_view(scan, columns, files, pairs)

    def _named(
        self, listed: Mapping[str, Sequence[StoredObject]]
    ) -> Mapping[str, Sequence[StoredObject]]:
        """The objects that lists name, by the locations of the lists, which are read too.

        As Trino finds them: in a listing of the folders that they are said to lie in."""
        self.budget.spend(total_bytes(item for items in listed.values() for item in items))
        named = {
            location: [line for item in items for line in self._lines(item)]
            for location, items in listed.items()
        }
        folders = {uri.rpartition("/")[0] for uris in named.values() for uri in uris}
        there = {
            item.uri: item for items in self.store.under(sorted(folders)).values() for item in items
        }
        for location, uris in named.items():
            if missing := [uri for uri in uris if uri not in there]:
                message = (
                    f"Manifest file from the location [{location}] contains non-existent path: "
                    f"{missing[0]}"
                )
                raise QueryError("HIVE_BAD_DATA", message)
        return {location: [there[uri] for uri in uris] for location, uris in named.items()}

    def _lines(self, item: StoredObject) -> Sequence[str]:
        return self.store.content(item).decode().splitlines()

    def _staged_csv(self, scan: Scan, partition: Partition, item: StoredObject) -> Path:
        try:
            serde = OpenCsv.from_properties(partition.serde)
        except SerdeError as error:
            raise QueryError("NOT_SUPPORTED", f"'{scan.table.name}': {error}") from error
        skip = int(partition.parameters.get("skip.header.line.count", "0"))
        if int(partition.parameters.get("skip.footer.line.count", "0")):
            message = f"the sandbox skips no footers ('{scan.table.name}')"
            raise QueryError("NOT_SUPPORTED", message)
        columns = len(scan.table.columns)
        return self.staging.csv(item, serde, columns, skip, self.store.content)

    def _parquet_columns(
        self,
        scan: Scan,
        files: Sequence[Path],
        pairs: Sequence[tuple[Partition, StoredObject]],
    ) -> Sequence[str]:
        uris: Mapping[str, str] = {
            str(file): item.uri for file, (_, item) in zip(files, pairs, strict=True)
        }
        columns = scan.table.columns
        present = present_columns(self.connection, uris, columns, scan.read) if files else ()
        return [
            f"{column_expression(column, present=column.name in present)} AS {quoted(column.name)}"
            for column in columns
        ]

    def _create_view(
        self,
        scan: Scan,
        columns: Sequence[str],
        files: Sequence[Path],
        pairs: Sequence[tuple[Partition, StoredObject]],
    ) -> None:
        keys = scan.table.partition_keys
        if not files:
            types = [*scan.table.columns, *keys]
            empty = [
                f"CAST(NULL AS {one.type.sql('duckdb')}) AS {quoted(one.name)}" for one in types
            ]
            nothing = "(SELECT 1) WHERE false"
            chosen = select(", ".join(empty), nothing)
            self.connection.execute(f"CREATE TEMP VIEW {scan.name} AS {chosen}")
            return
        table = f"{scan.name}_files"
        values = [
            [partition.values[position] for partition, _ in pairs] for position in range(len(keys))
        ]
        made = ", ".join(
            [
                "unnest(?) AS file",
                *(f"{_typed_value('unnest(?)', key)} AS {quoted(key.name)}" for key in keys),
            ]
        )
        self.connection.execute(
            f"CREATE TEMP TABLE {table} AS SELECT {made}",
            [[str(file) for file in files], *values],
        )
        unique = file_list(list(dict.fromkeys(files)))
        source = (
            f"read_parquet({unique}, filename='file', union_by_name=true) AS f "
            f"JOIN {table} AS p ON f.file = p.file"
        )
        own = [f"p.{quoted(key.name)}" for key in keys]
        chosen = ", ".join([*columns, *own])
        self.connection.execute(f"CREATE TEMP VIEW {scan.name} AS {select(chosen, source)}")


def _needed_partitions(
    connection: duckdb.DuckDBPyConnection, scan: Scan, catalog: Catalog
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

    if is_projected(table):
        found = list(projected(table, choose))
    else:
        found = list(catalog.partitions(table))
    names = {key.name for key in table.partition_keys}
    conditions = [one for one in scan.predicates if one.columns <= names]
    rows = [partition.values for partition in found]
    return [
        found[number] for number in _allowed(connection, table.partition_keys, rows, conditions)
    ]


def _typed_value(parameter: str, key: TableColumn) -> str:
    """SQL for the value of a partition key, given as a text."""
    return f"CAST({parameter} AS {key.type.sql('duckdb')})"


def _allowed(
    connection: duckdb.DuckDBPyConnection,
    keys: Sequence[TableColumn],
    rows: Sequence[Sequence[str]],
    conditions: Sequence[Predicate],
) -> Sequence[int]:
    """The numbers of the rows that fulfil all conditions."""
    if not conditions or not rows:
        return range(len(rows))
    chosen = [f"{_typed_value('unnest(?)', key)} AS {quoted(key.name)}" for key in keys]
    source = f"({' '.join(('SELECT', ', '.join([*chosen, 'unnest(?) AS row_number'])))})"
    where = " AND ".join(condition.sql for condition in conditions)
    values = [list(column) for column in zip(*rows, strict=True)]
    query = select("row_number", f"{source} WHERE {where} ORDER BY 1")
    found = connection.execute(query, [*values, list(range(len(rows)))]).fetchall()
    return [int(row[0]) for row in found]
