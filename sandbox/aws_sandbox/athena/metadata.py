"""Databases and tables as Athena's own API tells of them, from Glue."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aws_sandbox.athena.calling import Caller, Clients, Sessions

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import ColumnOutputTypeDef, DatabaseTypeDef, TableTypeDef


class MetadataError(Exception):
    """What Athena answers as MetadataException."""


class Metadata:
    """Reads with the rights of each caller."""

    def __init__(self, sessions: Sessions) -> None:
        self._clients = Clients(sessions)

    def databases(self, caller: Caller) -> Sequence[Mapping[str, Any]]:
        pages = self._clients.glue(caller).get_paginator("get_databases").paginate()
        return [_database(one) for page in pages for one in page["DatabaseList"]]

    def database(self, caller: Caller, name: str) -> Mapping[str, Any]:
        glue = self._clients.glue(caller)
        try:
            return _database(glue.get_database(Name=name)["Database"])
        except glue.exceptions.EntityNotFoundException as error:
            raise MetadataError(f"Database {name} not found.") from error

    def table(self, caller: Caller, database: str, name: str) -> Mapping[str, Any]:
        glue = self._clients.glue(caller)
        try:
            return _table(glue.get_table(DatabaseName=database, Name=name)["Table"])
        except glue.exceptions.EntityNotFoundException as error:
            raise MetadataError(f"Entity Not Found: {database}.{name}") from error

    def tables(
        self, caller: Caller, database: str, expression: str | None
    ) -> Sequence[Mapping[str, Any]]:
        """The tables whose names fit a regular expression."""
        glue = self._clients.glue(caller)
        try:
            pages = list(glue.get_paginator("get_tables").paginate(DatabaseName=database))
        except glue.exceptions.EntityNotFoundException as error:
            raise MetadataError(f"Database {database} not found.") from error
        return [
            _table(one)
            for page in pages
            for one in page["TableList"]
            if expression is None or re.fullmatch(expression, one["Name"])
        ]


def _database(described: "DatabaseTypeDef") -> Mapping[str, Any]:
    return {
        "Name": described["Name"],
        "Description": described.get("Description", ""),
        "Parameters": described.get("Parameters", {}),
    }


def _table(described: "TableTypeDef") -> Mapping[str, Any]:
    storage = described.get("StorageDescriptor", {})
    serde = storage.get("SerdeInfo", {})
    return {
        "Name": described["Name"],
        "TableType": described.get("TableType", ""),
        "Columns": _columns(storage.get("Columns", [])),
        "PartitionKeys": _columns(described.get("PartitionKeys", [])),
        "Parameters": {
            **described.get("Parameters", {}),
            "location": storage.get("Location", ""),
            "inputformat": storage.get("InputFormat", ""),
            "outputformat": storage.get("OutputFormat", ""),
            "serde.serialization.lib": serde.get("SerializationLibrary", ""),
        },
    }


def _columns(columns: "Sequence[ColumnOutputTypeDef]") -> Sequence[Mapping[str, str]]:
    return [{"Name": one["Name"], "Type": one.get("Type", "")} for one in columns]
