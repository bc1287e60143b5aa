"""The raw tables' partitions in Glue."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from reports.partitions import Partition
from reports.raw_tables import storage_descriptor

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient


class Partitions:
    """Remembers none: whatever this process has seen, another may have taken out since."""

    def __init__(self, glue: GlueClient, database: str) -> None:
        self._glue = glue
        self._database = database
        self._columns: dict[str, Sequence[str]] = {}

    def columns(self, table: str) -> Sequence[str]:
        """The table's columns; asked for once, since a change of them redeploys the function."""
        if table not in self._columns:
            found = self._glue.get_table(DatabaseName=self._database, Name=table)["Table"]
            columns = found.get("StorageDescriptor", {}).get("Columns", [])
            self._columns[table] = [column["Name"] for column in columns]
        return self._columns[table]

    def location(self, partition: Partition) -> str | None:
        """Where the partition of this plan and day is; None: there is none."""
        try:
            found = self._glue.get_partition(
                DatabaseName=self._database,
                TableName=partition.table,
                PartitionValues=list(partition.values),
            )
        except self._glue.exceptions.EntityNotFoundException:
            return None
        return found["Partition"].get("StorageDescriptor", {}).get("Location", "")

    def add(self, partition: Partition) -> bool:
        """False: another process has added one of this plan and day meanwhile."""
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
            return False
        return True

    def withhold(self, partition: Partition) -> None:
        """Takes a partition out, should an earlier part of its report have added it."""
        location = self.location(partition)
        if location is None or not partition.lies_at(location):
            return  # another folder's, which may be read
        with suppress(self._glue.exceptions.EntityNotFoundException):
            self._glue.delete_partition(
                DatabaseName=self._database,
                TableName=partition.table,
                PartitionValues=list(partition.values),
            )
