"""Tables and views as queries need them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from aws_sandbox.athena.sql.types import Type


class Format(StrEnum):
    """How a table's objects are read."""

    CSV = "OpenCSVSerde"
    PARQUET = "Parquet"


@dataclass(frozen=True, kw_only=True)
class TableColumn:
    """A column as it is declared; names are lower case."""

    name: str
    type: Type
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
    columns: Sequence[TableColumn]


class Catalog(Protocol):
    """Where tables are looked up."""

    def table(self, database: str, name: str) -> Table | View | None:
        """The table or view of these lower-case names, None if there is none."""
        ...


class PartitionCatalog(Catalog, Protocol):
    """Where partitions are looked up too."""

    def partitions(self, table: Table) -> Iterable[Partition]:
        """The registered partitions of a table."""
        ...
