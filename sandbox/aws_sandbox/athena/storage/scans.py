"""The scans of a query, made ready: partitions chosen, objects staged, and a view for each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from aws_sandbox.athena.catalog.tables import Format, Partition, PartitionCatalog
from aws_sandbox.athena.opencsv import OpenCsv, SerdeError
from aws_sandbox.athena.sql.binder import quoted, select
from aws_sandbox.athena.sql.errors import QueryError
from aws_sandbox.athena.sql.scope import PATH, Scan
from aws_sandbox.athena.storage.objects import Objects, StoredObject, total_bytes
from aws_sandbox.athena.storage.parquet import (
    bytes_read,
    column_expression,
    file_list,
    present_columns,
)
from aws_sandbox.athena.storage.pruning import needed_partitions, typed_value
from aws_sandbox.athena.storage.staging import Staging

BYTES_LIMIT = "Bytes scanned limit was exceeded"


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
            raise BytesLimitError(BYTES_LIMIT)


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Makes scans ready, with the rights of the query's caller."""

    connection: duckdb.DuckDBPyConnection
    catalog: PartitionCatalog
    store: Objects
    staging: Staging
    budget: Budget

    def prepare(self, scan: Scan, read: frozenset[str]) -> None:
        """Creates the scan's view and counts what reading these columns of it costs."""
        partitions = needed_partitions(self.connection, scan, self.catalog)
        listed = self.store.under([partition.location for partition in partitions])
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
            columns = self._parquet_columns(scan, files, pairs, read)
            self.budget.spend(bytes_read(self.connection, list(dict.fromkeys(files)), scan, read))
        self._create_view(scan, columns, files, pairs)

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
        read: frozenset[str],
    ) -> Sequence[str]:
        uris: Mapping[str, str] = {
            str(file): item.uri for file, (_, item) in zip(files, pairs, strict=True)
        }
        columns = scan.table.columns
        present = present_columns(self.connection, uris, columns, read) if files else ()
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
            empty = [f"CAST(NULL AS {one.type.duckdb}) AS {quoted(one.name)}" for one in types]
            nothing = "(SELECT 1) WHERE false"
            chosen = ", ".join([*empty, f"CAST(NULL AS VARCHAR) AS {quoted(PATH)}"])
            self.connection.execute(f"CREATE TEMP VIEW {scan.name} AS {select(chosen, nothing)}")
            return
        table = f"{scan.name}_files"
        values = [
            [partition.values[position] for partition, _ in pairs] for position in range(len(keys))
        ]
        made = ", ".join(
            [
                "unnest(?) AS file",
                f"unnest(?) AS {quoted(PATH)}",
                *(f"{typed_value('unnest(?)', key)} AS {quoted(key.name)}" for key in keys),
            ]
        )
        self.connection.execute(
            f"CREATE TEMP TABLE {table} AS SELECT {made}",
            [[str(file) for file in files], [item.uri for _, item in pairs], *values],
        )
        unique = file_list(list(dict.fromkeys(files)))
        source = (
            f"read_parquet({unique}, filename='file', union_by_name=true) AS f "
            f"JOIN {table} AS p ON f.file = p.file"
        )
        own = [f"p.{quoted(key.name)}" for key in keys]
        chosen = ", ".join([*columns, *own, f"p.{quoted(PATH)}"])
        self.connection.execute(f"CREATE TEMP VIEW {scan.name} AS {select(chosen, source)}")
