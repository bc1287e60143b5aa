"""The raw tables' partitions in Glue, with what this process has seen of them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from reports.partitions import Partition
from reports.raw_tables import storage_descriptor

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient


class Partitions:
    """One call for a partition not yet known, none for one just seen."""

    def __init__(self, glue: GlueClient, database: str) -> None:
        self._glue = glue
        self._database = database
        self._columns: dict[str, Sequence[str]] = {}
        self._known: set[Partition] = set()

    def columns(self, table: str) -> Sequence[str]:
        """The table's columns; asked for once, since a change of them redeploys the function."""
        if table not in self._columns:
            found = self._glue.get_table(DatabaseName=self._database, Name=table)["Table"]
            columns = found.get("StorageDescriptor", {}).get("Columns", [])
            self._columns[table] = [column["Name"] for column in columns]
        return self._columns[table]

    def knows(self, partition: Partition) -> bool:
        return partition in self._known

    def add(self, partition: Partition) -> str | None:
        """Where the partition is, if it exists and is another folder: it stays what it is."""
        described = storage_descriptor(self.columns(partition.table), partition.location)
        try:
            self._glue.create_partition(
                DatabaseName=self._database,
                TableName=partition.table,
                PartitionInput={
                    "Values": list(partition.values),
                    "StorageDescriptor": described,
                },
            )
        except self._glue.exceptions.AlreadyExistsException:
            location = self._location(partition)
            if location is not None and not partition.lies_at(location):
                return location
        self._known.add(partition)
        return None

    def withhold(self, partition: Partition) -> None:
        """Takes a partition out again, should an earlier part of its report have added it."""
        self._known.discard(partition)
        location = self._location(partition)
        if location is None or not partition.lies_at(location):
            return  # another folder's, which may be read
        with suppress(self._glue.exceptions.EntityNotFoundException):
            self._glue.delete_partition(
                DatabaseName=self._database,
                TableName=partition.table,
                PartitionValues=list(partition.values),
            )

    def _location(self, partition: Partition) -> str | None:
        """None: there is no such partition."""
        try:
            found = self._glue.get_partition(
                DatabaseName=self._database,
                TableName=partition.table,
                PartitionValues=list(partition.values),
            )
        except self._glue.exceptions.EntityNotFoundException:
            return None
        return found["Partition"].get("StorageDescriptor", {}).get("Location", "")
