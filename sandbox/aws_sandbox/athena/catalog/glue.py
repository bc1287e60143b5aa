"""The Glue data catalog, read and written as the caller of a query."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aws_sandbox.athena.catalog import views
from aws_sandbox.athena.catalog.tables import Format, Partition, Table, TableColumn, View
from aws_sandbox.athena.sql.errors import QueryError
from aws_sandbox.athena.sql.types import VARCHAR, from_hive

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import (
        ColumnOutputTypeDef,
        PartitionTypeDef,
        StorageDescriptorOutputTypeDef,
        TableTypeDef,
    )

_FORMATS = {
    "org.apache.hadoop.hive.serde2.OpenCSVSerde": (
        Format.CSV,
        "org.apache.hadoop.mapred.TextInputFormat",
    ),
    "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe": (
        Format.PARQUET,
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    ),
}


@dataclass(frozen=True, kw_only=True)
class GlueCatalog:
    """Tables and partitions, asked for when they are needed and kept for one query."""

    client: "GlueClient"
    _known: dict[tuple[str, str], Table | View | None] = field(
        default_factory=dict[tuple[str, str], Table | View | None]
    )

    def table(self, database: str, name: str) -> Table | View | None:
        key = database, name
        if key not in self._known:
            found = self.described(database, name)
            self._known[key] = None if found is None else _read(found, database, name)
        return self._known[key]

    def described(self, database: str, name: str) -> "TableTypeDef | None":
        """The table as Glue describes it."""
        try:
            return self.client.get_table(DatabaseName=database, Name=name)["Table"]
        except self.client.exceptions.EntityNotFoundException:
            return None

    def partitions(self, table: Table) -> Iterator[Partition]:
        """The registered partitions of a table."""
        pages = self.client.get_paginator("get_partitions").paginate(
            DatabaseName=table.database, TableName=table.name
        )
        for page in pages:
            for partition in page["Partitions"]:
                yield _partition(table, partition)


def _read(described: "TableTypeDef", database: str, name: str) -> Table | View:
    parameters = described.get("Parameters", {})
    if described.get("TableType") == "VIRTUAL_VIEW":
        if parameters.get("presto_view") != "true":
            message = f"'{database}.{name}' is a Hive view: its Parameters lack presto_view=true"
            raise QueryError("NOT_SUPPORTED", message)
        if "SerdeInfo" not in described.get("StorageDescriptor", {}):
            message = "Table storage descriptor is missing SerDe info"
            raise QueryError("HIVE_INVALID_METADATA", message)
        return views.decode(database, name, described.get("ViewOriginalText", ""))
    storage = described.get("StorageDescriptor", {})
    format_ = _format(storage, f"{database}.{name}")
    columns = _columns(storage.get("Columns", []))
    if format_ is Format.CSV and any(column.type != VARCHAR for column in columns):
        other = next(column for column in columns if column.type != VARCHAR)
        message = (
            f"the sandbox reads columns of OpenCSVSerde as string only, and '{other.name}' of "
            f"'{database}.{name}' is {other.declared}: cast it in the query or in a view"
        )
        raise QueryError("NOT_SUPPORTED", message)
    return Table(
        database=database,
        name=name,
        columns=columns,
        partition_keys=_columns(described.get("PartitionKeys", [])),
        location=storage.get("Location", ""),
        format=format_,
        serde=storage.get("SerdeInfo", {}).get("Parameters", {}),
        parameters=parameters,
    )


def _format(storage: "StorageDescriptorOutputTypeDef", name: str) -> Format:
    library = storage.get("SerdeInfo", {}).get("SerializationLibrary", "")
    if library not in _FORMATS:
        message = f"'{name}' has the serde {library!r}; the sandbox reads {', '.join(_FORMATS)}"
        raise QueryError("HIVE_UNSUPPORTED_FORMAT", message)
    format_, input_format = _FORMATS[library]
    if storage.get("InputFormat") != input_format:
        message = (
            f"Unable to create input format {storage.get('InputFormat')!r} of '{name}': "
            f"{library} goes with {input_format}"
        )
        raise QueryError("HIVE_UNSUPPORTED_FORMAT", message)
    return format_


def _columns(described: "Sequence[ColumnOutputTypeDef]") -> Sequence[TableColumn]:
    return tuple(
        TableColumn(
            name=column["Name"].lower(),
            type=from_hive(column.get("Type", "")),
            declared=column.get("Type", ""),
        )
        for column in described
    )


def _partition(table: Table, described: "PartitionTypeDef") -> Partition:
    """A partition with its own location and serde; QueryError if its columns do not fit."""
    storage = described.get("StorageDescriptor", {})
    values = tuple(described.get("Values", []))
    _check_columns(table, values, _columns(storage.get("Columns", [])))
    if storage.get("SerdeInfo") and _format(storage, f"{table.name} {values}") != table.format:
        message = f"partition {values} of '{table.name}' has another serde than its table"
        raise QueryError("HIVE_UNSUPPORTED_FORMAT", message)
    own: Mapping[str, str] = storage.get("SerdeInfo", {}).get("Parameters", {})
    return Partition(
        values=values,
        location=storage.get("Location", ""),
        serde={**table.serde, **own},
        parameters={**table.parameters, **described.get("Parameters", {})},
    )


def _check_columns(table: Table, values: Sequence[str], columns: Sequence[TableColumn]) -> None:
    """As Trino does: by position for text, by name for Parquet."""
    by_name = {column.name: column for column in columns}
    for position, wanted in enumerate(table.columns):
        if table.format is Format.PARQUET:
            found = by_name.get(wanted.name)
        else:
            found = columns[position] if position < len(columns) else None
        if found is not None and found.type != wanted.type:
            keys = zip(table.partition_keys, values, strict=False)
            partition = "/".join(f"{key.name}={value}" for key, value in keys)
            message = (
                "There is a mismatch between the table and partition schemas. The types are "
                f"incompatible and cannot be coerced. The column '{wanted.name}' in table "
                f"'{table.database}.{table.name}' is declared as type '{wanted.declared}', but "
                f"partition '{partition}' declared column '{found.name}' as type "
                f"'{found.declared}'."
            )
            raise QueryError("HIVE_PARTITION_SCHEMA_MISMATCH", message)
