"""ALTER TABLE … ADD and DROP PARTITION, MSCK REPAIR TABLE, SHOW PARTITIONS."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import unquote

from aws_sandbox.athena.catalog.tables import Table
from aws_sandbox.athena.results import Result
from aws_sandbox.athena.sql.errors import QueryError
from aws_sandbox.athena.statements.around import Surroundings
from aws_sandbox.athena.statements.names import NOTHING, lines, part, split_name

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import PartitionInputTypeDef


_SPECIFICATION = re.compile(
    r"PARTITION\s*\((?P<values>[^()]*)\)(?:\s+LOCATION\s+'(?P<location>[^']*)')?\s*", re.IGNORECASE
)
_VALUE = re.compile(r"\s*[`\"]?(?P<key>\w+)[`\"]?\s*=\s*(?:'(?P<text>[^']*)'|(?P<number>\d+))\s*")
Values = tuple[str, ...]
_LARGEST_BATCH = 100
"""Glue's limit for BatchCreatePartition."""


def add(around: Surroundings, parts: Mapping[str, str | None]) -> Result:
    table = _table(around, parts)
    known = {tuple(partition.values) for partition in around.catalog.partitions(table)}
    added: dict[Values, str] = {}
    for values, location in _specifications(table, part(parts, "partitions")):
        if values not in known:
            added[values] = location or f"{table.location.rstrip('/')}/{_name(table, values)}/"
        elif not parts["if_not_exists"]:
            raise QueryError("ALREADY_EXISTS", f"Partition already exists: {list(values)}")
    _create(around, table, added)
    return NOTHING


def drop(around: Surroundings, parts: Mapping[str, str | None]) -> Result:
    table = _table(around, parts)
    known = {tuple(partition.values) for partition in around.catalog.partitions(table)}
    for values, _ in _specifications(table, part(parts, "partitions")):
        if values in known:
            around.catalog.client.delete_partition(
                DatabaseName=table.database, TableName=table.name, PartitionValues=list(values)
            )
        elif not parts["if_exists"]:
            raise QueryError("PARTITION_NOT_FOUND", f"Partition not found: {list(values)}")
    return NOTHING


def repair(around: Surroundings, parts: Mapping[str, str | None]) -> Result:
    """Adds the partitions of folders named `key=value` that the table does not have."""
    table = _table(around, parts)
    described = around.catalog.described(table.database, table.name) or {}
    if not described.get("TableType"):
        raise QueryError("NullPointerException", "Name is null (the table has no TableType)")
    known = {tuple(partition.values) for partition in around.catalog.partitions(table)}
    root = f"{table.location.rstrip('/')}/"
    found: dict[Values, str] = {}
    for item in around.store.under([table.location])[table.location]:
        folders = item.uri.removeprefix(root).split("/")[: len(table.partition_keys)]
        pairs = [name.partition("=") for name in folders]
        if [name.lower() for name, _, _ in pairs] == [key.name for key in table.partition_keys]:
            values = tuple(unquote(value) for _, _, value in pairs)
            found[values] = f"{root}{'/'.join(folders)}/"
    missing = {values: folder for values, folder in found.items() if values not in known}
    _create(around, table, missing)
    names = [f"{table.name}:{_name(table, values)}" for values in missing]
    return lines("result", [f"Partitions not in metastore: {' '.join(names)}"] if names else [])


def show(around: Surroundings, parts: Mapping[str, str | None]) -> Result:
    table = _table(around, parts)
    names = [_name(table, partition.values) for partition in around.catalog.partitions(table)]
    return lines("partition", sorted(names))


def _table(around: Surroundings, parts: Mapping[str, str | None]) -> Table:
    database, name = split_name(part(parts, "name"), around.database)
    table = around.catalog.table(database, name)
    if not isinstance(table, Table):
        raise QueryError("TABLE_NOT_FOUND", f"Table not found: {database}.{name}")
    if not table.partition_keys:
        raise QueryError("INVALID_OPERATION", f"Table {database}.{name} is not partitioned")
    return table


def _specifications(table: Table, text: str) -> Iterator[tuple[Values, str | None]]:
    """The values and location of each PARTITION clause."""
    if _SPECIFICATION.sub("", text).strip(", \n\t"):
        raise QueryError("SYNTAX_ERROR", f"the sandbox does not understand {text}")
    for match in _SPECIFICATION.finditer(text):
        pairs = [_VALUE.fullmatch(pair) for pair in match["values"].split(",")]
        given = {
            pair["key"].lower(): pair["text"] if pair["text"] is not None else pair["number"]
            for pair in pairs
            if pair is not None
        }
        names = [key.name for key in table.partition_keys]
        if sorted(given) != sorted(names) or None in pairs:
            message = f"PARTITION ({match['values']}) must give each of {', '.join(names)}"
            raise QueryError("SYNTAX_ERROR", message)
        yield tuple(given[name] for name in names), match["location"]


def _create(around: Surroundings, table: Table, locations: Mapping[Values, str]) -> None:
    """Registers partitions like their table; QueryError if Glue takes one of them not."""
    described = around.catalog.described(table.database, table.name) or {}
    storage = described.get("StorageDescriptor", {})
    inputs: list[PartitionInputTypeDef] = [
        {
            "Values": list(values),
            "StorageDescriptor": {
                "Columns": storage.get("Columns", []),
                "Location": location,
                "InputFormat": storage.get("InputFormat", ""),
                "OutputFormat": storage.get("OutputFormat", ""),
                "SerdeInfo": storage.get("SerdeInfo", {}),
            },
        }
        for values, location in locations.items()
    ]
    for start in range(0, len(inputs), _LARGEST_BATCH):
        answer = around.catalog.client.batch_create_partition(
            DatabaseName=table.database,
            TableName=table.name,
            PartitionInputList=inputs[start : start + _LARGEST_BATCH],
        )
        for error in answer.get("Errors", []):
            detail = error.get("ErrorDetail", {})
            message = f"{error.get('PartitionValues')}: {detail.get('ErrorMessage')}"
            raise QueryError(detail.get("ErrorCode", "GENERIC_USER_ERROR"), message)


def _name(table: Table, values: Sequence[str]) -> str:
    return "/".join(
        f"{key.name}={value}" for key, value in zip(table.partition_keys, values, strict=True)
    )
