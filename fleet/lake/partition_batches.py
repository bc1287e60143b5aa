"""Raw tables' partitions in Glue, read whole and written a hundred a call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fleet.errors import ToldError
from reports.partitions import Partition
from reports.raw_tables import storage_descriptor

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

_A_CALL = 100
"""As many as BatchCreatePartition and BatchUpdatePartition take."""


class BackfillFailed(ToldError):
    """What an API refused; what was made until then stays, and need not be made again."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A partition that is there."""

    values: tuple[str, ...]
    location: str
    columns: Sequence[str]
    """Empty where they were not asked for."""


def standing(
    glue: GlueClient, database: str, table: str, *, with_columns: bool
) -> Iterator[Standing]:
    """A table's partitions."""
    pages = glue.get_paginator("get_partitions").paginate(
        DatabaseName=database, TableName=table, ExcludeColumnSchema=not with_columns
    )
    for page in pages:
        for partition in page["Partitions"]:
            described = partition.get("StorageDescriptor", {})
            yield Standing(
                values=tuple(partition.get("Values", [])),
                location=described.get("Location", ""),
                columns=[column["Name"] for column in described.get("Columns", [])],
            )


class PartitionBatches:
    """Writes as soon as a call is full; `flush` writes what is left."""

    def __init__(
        self, glue: GlueClient, database: str, columns: Callable[[str], Sequence[str]]
    ) -> None:
        """`columns` gives a table's."""
        self._glue = glue
        self._database = database
        self._columns = columns
        self._new: dict[str, list[Partition]] = {}
        self._old: dict[str, list[Partition]] = {}
        self.created = 0
        self.updated = 0

    def create(self, partition: Partition) -> None:
        self._put(partition, self._new, self._create)

    def update(self, partition: Partition) -> None:
        """Gives a partition that is there its table's columns."""
        self._put(partition, self._old, self._update)

    def flush(self) -> None:
        for waiting, write in ((self._new, self._create), (self._old, self._update)):
            while waiting:
                write(*waiting.popitem())

    def _put(
        self,
        partition: Partition,
        waiting: dict[str, list[Partition]],
        write: Callable[[str, Sequence[Partition]], None],
    ) -> None:
        some = waiting.setdefault(partition.table, [])
        some.append(partition)
        if len(some) == _A_CALL:
            write(partition.table, waiting.pop(partition.table))

    def _create(self, table: str, partitions: Sequence[Partition]) -> None:
        columns = self._columns(table)
        answer = self._glue.batch_create_partition(
            DatabaseName=self._database,
            TableName=table,
            PartitionInputList=[
                {
                    "Values": list(partition.values),
                    "StorageDescriptor": storage_descriptor(columns, partition.location),
                }
                for partition in partitions
            ],
        )
        self.created += len(partitions)
        for error in answer.get("Errors", []):
            self.created -= 1
            detail = error.get("ErrorDetail", {})
            if detail.get("ErrorCode") != "AlreadyExistsException":
                raise BackfillFailed(f"{table} {error.get('PartitionValues')}: {detail}")

    def _update(self, table: str, partitions: Sequence[Partition]) -> None:
        columns = self._columns(table)
        answer = self._glue.batch_update_partition(
            DatabaseName=self._database,
            TableName=table,
            Entries=[
                {
                    "PartitionValueList": list(partition.values),
                    "PartitionInput": {
                        "Values": list(partition.values),
                        "StorageDescriptor": storage_descriptor(columns, partition.location),
                    },
                }
                for partition in partitions
            ],
        )
        for error in answer.get("Errors", []):
            raise BackfillFailed(
                f"{table} {error.get('PartitionValueList')}: {error.get('ErrorDetail')}"
            )
        self.updated += len(partitions)
