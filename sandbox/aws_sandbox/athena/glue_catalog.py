"""The Glue data catalog as Athena reads it: tables, their partitions, and views."""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from sqlglot import exp

from aws_sandbox.athena.sql import QueryError
from aws_sandbox.athena.sql_types import glue_type, type_name

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import (
        ColumnOutputTypeDef,
        PartitionTypeDef,
        StorageDescriptorOutputTypeDef,
        TableTypeDef,
    )


SYMLINKS = "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat"
"""Of a table in whose folders lie lists of its objects, as Athena reads Amazon S3 Inventory."""


class Format(StrEnum):
    """How a table's objects are read."""

    CSV = "OpenCSVSerde"
    PARQUET = "Parquet"


_FORMATS = {
    "org.apache.hadoop.hive.serde2.OpenCSVSerde": (
        Format.CSV,
        ("org.apache.hadoop.mapred.TextInputFormat",),
    ),
    "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe": (
        Format.PARQUET,
        ("org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat", SYMLINKS),
    ),
}
_PREFIX, _SUFFIX = "/* Presto View: ", " */"


@dataclass(frozen=True, kw_only=True)
class TableColumn:
    """A column as it is declared; names are lower case."""

    name: str
    type: exp.DataType
    declared: str
    """The type as Glue has it."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table over objects in S3."""

    database: str
    name: str
    columns: Sequence[TableColumn]
    partition_keys: Sequence[TableColumn]
    location: str
    format: Format
    serde: Mapping[str, str]
    """Serde parameters, such as `separatorChar`."""
    parameters: Mapping[str, str]
    """Table properties, such as `skip.header.line.count` and `projection.enabled`."""
    has_lists: bool = False
    """Whether lists of its objects, a line for each, lie where else its objects do."""


@dataclass(frozen=True, kw_only=True)
class Partition:
    """A folder of a table, with the values of its partition keys as texts."""

    values: Sequence[str]
    location: str
    serde: Mapping[str, str]
    parameters: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class View:
    """A stored query."""

    database: str
    name: str
    sql: str
    schema: str
    """The database that its bare table names mean."""
    columns: Sequence[tuple[str, exp.DataType]]
    """With the types that they were stored with."""


class Catalog(Protocol):
    """Where tables and partitions are looked up."""

    def table(self, database: str, name: str) -> Table | View | None:
        """The table or view of these lower-case names, None if there is none."""
        ...

    def partitions(self, table: Table) -> Iterator[Partition]:
        """The registered partitions of a table."""
        ...


@dataclass(frozen=True, kw_only=True)
class GlueCatalog:
    """Asked as the caller of a query; tables are kept for one query."""

    client: "GlueClient"
    _known: dict[tuple[str, str], Table | View | None] = field(
        default_factory=dict[tuple[str, str], Table | View | None]
    )

    def table(self, database: str, name: str) -> Table | View | None:
        key = database, name
        if key not in self._known:
            self._known[key] = self._table(database, name)
        return self._known[key]

    def partitions(self, table: Table) -> Iterator[Partition]:
        pages = self.client.get_paginator("get_partitions").paginate(
            DatabaseName=table.database, TableName=table.name
        )
        for page in pages:
            for partition in page["Partitions"]:
                yield _partition(table, partition)

    def _table(self, database: str, name: str) -> Table | View | None:
        try:
            found = self.client.get_table(DatabaseName=database, Name=name)["Table"]
        except self.client.exceptions.EntityNotFoundException:
            return None
        if found.get("TableType") == "VIRTUAL_VIEW":
            return _view(found, database, name)
        return _read(found, database, name)


def _read(described: "TableTypeDef", database: str, name: str) -> Table:
    storage = described.get("StorageDescriptor", {})
    format_ = _format(storage, f"{database}.{name}")
    columns = _columns(storage.get("Columns", []))
    texts = {column.name for column in columns if column.declared == "string"}
    if format_ is Format.CSV and len(texts) < len(columns):
        other = next(column for column in columns if column.name not in texts)
        message = (
            f"the sandbox reads columns of OpenCSVSerde as string only, and '{other.name}' of "
            f"'{database}.{name}' is {other.declared}"
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
        parameters=described.get("Parameters", {}),
        has_lists=storage.get("InputFormat") == SYMLINKS,
    )


def _format(storage: "StorageDescriptorOutputTypeDef", name: str) -> Format:
    library = storage.get("SerdeInfo", {}).get("SerializationLibrary", "")
    if library not in _FORMATS:
        message = f"'{name}' has the serde {library!r}; the sandbox reads {', '.join(_FORMATS)}"
        raise QueryError("HIVE_UNSUPPORTED_FORMAT", message)
    format_, input_formats = _FORMATS[library]
    if storage.get("InputFormat") not in input_formats:
        message = (
            f"Unable to create input format {storage.get('InputFormat')!r} of '{name}': "
            f"{library} goes with {' or '.join(input_formats)}"
        )
        raise QueryError("HIVE_UNSUPPORTED_FORMAT", message)
    return format_


def _columns(described: "Sequence[ColumnOutputTypeDef]") -> Sequence[TableColumn]:
    return tuple(
        TableColumn(
            name=column["Name"].lower(),
            type=glue_type(column.get("Type", "")),
            declared=column.get("Type", ""),
        )
        for column in described
    )


def _partition(table: Table, described: "PartitionTypeDef") -> Partition:
    """A partition with its own location and serde; QueryError if its columns do not fit."""
    storage = described.get("StorageDescriptor", {})
    values = tuple(described.get("Values", []))
    _check_columns(table, values, storage.get("Columns", []))
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


def _check_columns(
    table: Table, values: Sequence[str], columns: "Sequence[ColumnOutputTypeDef]"
) -> None:
    """As Trino does: by position for text, by name for Parquet."""
    by_name = {column["Name"].lower(): column for column in columns}
    for position, wanted in enumerate(table.columns):
        if table.format is Format.PARQUET:
            found = by_name.get(wanted.name)
        else:
            found = columns[position] if position < len(columns) else None
        if found is not None and found.get("Type") != wanted.declared:
            keys = zip(table.partition_keys, values, strict=False)
            partition = "/".join(f"{key.name}={value}" for key, value in keys)
            message = (
                "There is a mismatch between the table and partition schemas. The types are "
                f"incompatible and cannot be coerced. The column '{wanted.name}' in table "
                f"'{table.database}.{table.name}' is declared as type '{wanted.declared}', but "
                f"partition '{partition}' declared column '{found['Name']}' as type "
                f"'{found.get('Type')}'."
            )
            raise QueryError("HIVE_PARTITION_SCHEMA_MISMATCH", message)


def _view(described: "TableTypeDef", database: str, name: str) -> View:
    """The view in a Glue table's ViewOriginalText; QueryError where Athena, or Trino over the same
    catalog, would find none."""
    if described.get("Parameters", {}).get("presto_view") != "true":
        message = f"'{database}.{name}' is a Hive view: its Parameters lack presto_view=true"
        raise QueryError("NOT_SUPPORTED", message)
    if "SerdeInfo" not in described.get("StorageDescriptor", {}):
        message = "Table storage descriptor is missing SerDe info"
        raise QueryError("HIVE_INVALID_METADATA", message)
    if described.get("Description"):
        message = f"'{database}.{name}' is no view: its Description hides the comment of views"
        raise QueryError("TABLE_NOT_FOUND", message)
    if not described.get("Owner"):
        raise QueryError("INVALID_VIEW", f"Owner of '{database}.{name}' must be present")
    invalid = f"Invalid view JSON of '{database}.{name}'"
    text = described.get("ViewOriginalText", "").strip()
    if not (text.startswith(_PREFIX) and text.endswith(_SUFFIX)):
        message = f"{invalid}: ViewOriginalText is no '{_PREFIX}…{_SUFFIX}'"
        raise QueryError("INVALID_VIEW", message)
    try:
        content = base64.b64decode(text.removeprefix(_PREFIX).removesuffix(_SUFFIX), validate=True)
        definition: Any = json.loads(content)
        return View(
            database=database,
            name=name,
            sql=definition["originalSql"],
            schema=definition.get("schema") or database,
            columns=[
                (column["name"].lower(), exp.DataType.build(column["type"], dialect="trino"))
                for column in definition["columns"]
            ],
        )
    except (ValueError, KeyError, TypeError) as error:
        message = f"{invalid}: {type(error).__name__}: {error}"
        raise QueryError("INVALID_VIEW", message) from error


def check_view(view: View, query: exp.Select) -> None:
    """QueryError where a view's typed query no longer gives the columns that it was stored with."""
    found = [(one.alias_or_name, type_name(one.type)) for one in query.selects]
    if found != [(name, type_name(type_)) for name, type_ in view.columns]:
        listed = ", ".join(f"{column} {type_}" for column, type_ in found)
        message = (
            f"View '{view.database}.{view.name}' is stale or in invalid state: "
            f"its query now gives ({listed})"
        )
        raise QueryError("VIEW_IS_STALE", message)
