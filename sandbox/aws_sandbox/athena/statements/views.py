"""CREATE VIEW and DROP VIEW."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aws_sandbox.athena.catalog.views import PARAMETERS, encode
from aws_sandbox.athena.results import Result
from aws_sandbox.athena.sql.errors import QueryError
from aws_sandbox.athena.sql.parsing import parse
from aws_sandbox.athena.sql.queries import plan
from aws_sandbox.athena.sql.types import to_hive
from aws_sandbox.athena.statements.around import Surroundings
from aws_sandbox.athena.statements.names import NOTHING, part, split_name

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import TableInputTypeDef


def create(around: Surroundings, parts: Mapping[str, str | None]) -> Result:
    """Stores the query with the columns that it gives now."""
    database, name = split_name(part(parts, "name"), around.database)
    sql = part(parts, "query")
    columns = [
        (column.name.lower(), column.type)
        for column in plan(parse(sql), around.catalog, around.database).columns
    ]
    names = [column for column, _ in columns]
    if unnamed := [column for column in names if column.startswith("_col")]:
        message = f"Column name not specified at position {int(unnamed[0][4:]) + 1}"
        raise QueryError("MISSING_COLUMN_NAME", message)
    if twice := [column for column in names if names.count(column) > 1]:
        raise QueryError("DUPLICATE_COLUMN_NAME", f"Column name '{twice[0]}' specified twice")
    stored: TableInputTypeDef = {
        "Name": name,
        "TableType": "VIRTUAL_VIEW",
        "Parameters": PARAMETERS,
        "ViewOriginalText": encode(sql, around.database, columns),
        "ViewExpandedText": "/* Presto View */",
        "StorageDescriptor": {
            "Columns": [{"Name": column, "Type": to_hive(type_)} for column, type_ in columns],
            "Location": "",
            "SerdeInfo": {},
        },
    }
    existing = around.catalog.described(database, name)
    glue = around.catalog.client
    if existing is None:
        glue.create_table(DatabaseName=database, TableInput=stored)
    elif existing.get("TableType") != "VIRTUAL_VIEW":
        raise QueryError("TABLE_ALREADY_EXISTS", f"Table already exists: {database}.{name}")
    elif not parts["replace"]:
        raise QueryError("ALREADY_EXISTS", f"View already exists: {database}.{name}")
    else:
        glue.update_table(DatabaseName=database, TableInput=stored)
    return NOTHING


def drop(around: Surroundings, parts: Mapping[str, str | None]) -> Result:
    database, name = split_name(part(parts, "name"), around.database)
    existing = around.catalog.described(database, name)
    if existing is None or existing.get("TableType") != "VIRTUAL_VIEW":
        if existing is None and parts["if_exists"]:
            return NOTHING
        raise QueryError(
            "VIEW_NOT_FOUND", f"View 'awsdatacatalog.{database}.{name}' does not exist"
        )
    around.catalog.client.delete_table(DatabaseName=database, Name=name)
    return NOTHING
