"""Data catalogs, databases and tables, as Athena's own API tells of them."""

from collections.abc import Mapping
from typing import Any

from aws_sandbox.athena.api.base import Operations, answers
from aws_sandbox.athena.metadata import Metadata


class MetadataOperations(Operations):
    """Handlers by the names of Athena's operations."""

    metadata: Metadata
    """Set by `install`."""

    @answers
    def list_data_catalogs(self) -> Mapping[str, Any]:
        own = self.athena_backend.list_data_catalogs()
        catalogs = [{"CatalogName": "AwsDataCatalog", "Type": "GLUE"}, *own]
        return {"DataCatalogsSummary": catalogs}

    @answers
    def get_database(self) -> Mapping[str, Any]:
        return {"Database": self.metadata.database(self.caller(), self._get_param("DatabaseName"))}

    @answers
    def list_databases(self) -> Mapping[str, Any]:
        return self.page("DatabaseList", self.metadata.databases(self.caller()), 50)

    @answers
    def get_table_metadata(self) -> Mapping[str, Any]:
        database, table = self._get_param("DatabaseName"), self._get_param("TableName")
        return {"TableMetadata": self.metadata.table(self.caller(), database, table)}

    @answers
    def list_table_metadata(self) -> Mapping[str, Any]:
        tables = self.metadata.tables(
            self.caller(), self._get_param("DatabaseName"), self._get_param("Expression")
        )
        return self.page("TableMetadataList", tables, 50)
