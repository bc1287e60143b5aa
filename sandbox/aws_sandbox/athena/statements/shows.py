"""SHOW TABLES, VIEWS, DATABASES and COLUMNS, and DESCRIBE."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from aws_sandbox.athena.results import Result
from aws_sandbox.athena.sql.errors import QueryError
from aws_sandbox.athena.statements.around import Surroundings
from aws_sandbox.athena.statements.names import lines, part, split_name

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import TableTypeDef


def tables(around: Surroundings, parts: Mapping[str, str | None]) -> Result:
    """Tables and views, as Athena's SHOW TABLES gives both."""
    return lines("tab_name", _names(around, parts, views_only=False))


def views(around: Surroundings, parts: Mapping[str, str | None]) -> Result:
    return lines("views", _names(around, parts, views_only=True))


def databases(around: Surroundings, parts: Mapping[str, str | None]) -> Result:
    pages = around.catalog.client.get_paginator("get_databases").paginate()
    names = [database["Name"] for page in pages for database in page["DatabaseList"]]
    return lines("database_name", _matching(names, parts["pattern"]))


def columns(around: Surroundings, parts: Mapping[str, str | None]) -> Result:
    described = _described(around, parts)
    storage = described.get("StorageDescriptor", {})
    found = [*storage.get("Columns", []), *described.get("PartitionKeys", [])]
    return lines("field", [column["Name"] for column in found])


def describe(around: Surroundings, parts: Mapping[str, str | None]) -> Result:
    described = _described(around, parts)
    keys = described.get("PartitionKeys", [])
    found = [*described.get("StorageDescriptor", {}).get("Columns", []), *keys]
    rows = [f"{column['Name']:<20}\t{column.get('Type', ''):<20}\t" for column in found]
    if keys:
        rows += [
            "",
            "# Partition Information",
            f"{'# col_name':<20}\t{'data_type':<20}\tcomment",
            "",
        ]
        rows += [f"{key['Name']:<20}\t{key.get('Type', ''):<20}\t" for key in keys]
    return lines("col_name", rows)


def _names(around: Surroundings, parts: Mapping[str, str | None], *, views_only: bool) -> list[str]:
    _, database = split_name(parts["name"] or around.database, "")
    glue = around.catalog.client
    try:
        pages = list(glue.get_paginator("get_tables").paginate(DatabaseName=database))
    except glue.exceptions.EntityNotFoundException as error:
        raise QueryError("SCHEMA_NOT_FOUND", f"Database {database} not found") from error
    found = [
        table["Name"]
        for page in pages
        for table in page["TableList"]
        if not views_only or table.get("TableType") == "VIRTUAL_VIEW"
    ]
    return _matching(found, parts["pattern"])


def _matching(names: list[str], pattern: str | None) -> list[str]:
    """Names that fit Hive's pattern: `*` for any text, `|` between alternatives."""
    if pattern is None:
        return sorted(names)
    form = "|".join(re.escape(one).replace(r"\*", ".*") for one in pattern.split("|"))
    return sorted(name for name in names if re.fullmatch(form, name, re.IGNORECASE))


def _described(around: Surroundings, parts: Mapping[str, str | None]) -> "TableTypeDef":
    database, name = split_name(part(parts, "name"), around.database)
    described = around.catalog.described(database, name)
    if described is None:
        raise QueryError("TABLE_NOT_FOUND", f"Table not found: {database}.{name}")
    return described
