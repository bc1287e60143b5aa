"""CREATE EXTERNAL TABLE, DROP TABLE, and databases."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError

from aws_sandbox.athena.results import Result
from aws_sandbox.athena.sql.errors import QueryError
from aws_sandbox.athena.sql.types import from_hive
from aws_sandbox.athena.statements.around import Surroundings
from aws_sandbox.athena.statements.names import NOTHING, part, split_name

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import ColumnTypeDef, TableInputTypeDef

_TEXT = "org.apache.hadoop.mapred.TextInputFormat"
_TEXT_OUTPUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"
_PROPERTIES = (
    exp.ExternalProperty,
    exp.PartitionedByProperty,
    exp.RowFormatSerdeProperty,
    exp.FileFormatProperty,
    exp.LocationProperty,
    exp.SchemaCommentProperty,
    exp.Property,
)


def create(around: Surroundings, parts: Mapping[str, str | None]) -> Result:
    statement = _parsed(part(parts, "statement"))
    schema = statement.this
    if not isinstance(schema, exp.Schema):
        raise QueryError("SYNTAX_ERROR", "CREATE EXTERNAL TABLE needs columns")
    table = schema.this
    database, name = (table.db or around.database).lower(), table.name.lower()
    properties = list(statement.args["properties"].expressions)
    for one in properties:
        if type(one) not in _PROPERTIES:
            raise QueryError("NOT_SUPPORTED", f"the sandbox does not know {one.sql('athena')}")
    if around.catalog.described(database, name) is not None:
        if statement.args.get("exists"):
            return NOTHING
        raise QueryError("ALREADY_EXISTS", f"Table already exists: {database}.{name}")
    location = next((one for one in properties if isinstance(one, exp.LocationProperty)), None)
    if location is None:
        raise QueryError("SYNTAX_ERROR", "CREATE EXTERNAL TABLE needs a LOCATION")
    keys = next((one for one in properties if isinstance(one, exp.PartitionedByProperty)), None)
    serde, serde_properties = _serde(properties)
    parquet = serde.endswith("ParquetHiveSerDe")
    stored: TableInputTypeDef = {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", **dict(_table_properties(properties))},
        "PartitionKeys": _columns(keys.this.expressions) if keys else [],
        "StorageDescriptor": {
            "Columns": _columns(schema.expressions),
            "Location": location.this.name,
            "InputFormat": f"{_PARQUET}.MapredParquetInputFormat" if parquet else _TEXT,
            "OutputFormat": f"{_PARQUET}.MapredParquetOutputFormat" if parquet else _TEXT_OUTPUT,
            "SerdeInfo": {"SerializationLibrary": serde, "Parameters": serde_properties},
        },
    }
    around.catalog.client.create_table(DatabaseName=database, TableInput=stored)
    return NOTHING


def drop(around: Surroundings, parts: Mapping[str, str | None]) -> Result:
    database, name = split_name(part(parts, "name"), around.database)
    if around.catalog.described(database, name) is None:
        if parts["if_exists"]:
            return NOTHING
        raise QueryError("TABLE_NOT_FOUND", f"Table not found: {database}.{name}")
    around.catalog.client.delete_table(DatabaseName=database, Name=name)
    return NOTHING


def create_database(around: Surroundings, parts: Mapping[str, str | None]) -> Result:
    _, name = split_name(part(parts, "name"), "")
    glue = around.catalog.client
    try:
        glue.create_database(DatabaseInput={"Name": name, "Description": parts["comment"] or ""})
    except glue.exceptions.AlreadyExistsException as error:
        if not parts["if_not_exists"]:
            raise QueryError("ALREADY_EXISTS", f"Database {name} already exists") from error
    return NOTHING


def drop_database(around: Surroundings, parts: Mapping[str, str | None]) -> Result:
    _, name = split_name(part(parts, "name"), "")
    glue = around.catalog.client
    try:
        if not parts["cascade"] and glue.get_tables(DatabaseName=name)["TableList"]:
            raise QueryError("INVALID_OPERATION", f"Database {name} is not empty: use CASCADE")
        glue.delete_database(Name=name)
    except glue.exceptions.EntityNotFoundException as error:
        if not parts["if_exists"]:
            raise QueryError("SCHEMA_NOT_FOUND", f"Database does not exist: {name}") from error
    return NOTHING


def _parsed(text: str) -> exp.Create:
    try:
        statement = sqlglot.parse_one(text, read="athena")
    except ParseError as error:
        raise QueryError("SYNTAX_ERROR", str(error.errors[0]["description"])) from error
    if not isinstance(statement, exp.Create) or statement.expression is not None:
        raise QueryError("NOT_SUPPORTED", f"the sandbox does not understand {text}")
    return statement


def _columns(definitions: Sequence[exp.Expr]) -> "list[ColumnTypeDef]":
    columns: list[ColumnTypeDef] = []
    for definition in definitions:
        kind = definition.args.get("kind")
        if kind is None:
            raise QueryError("SYNTAX_ERROR", f"the column {definition.name} has no type")
        type_ = kind.sql("hive").lower().replace(" ", "")
        from_hive(type_)
        columns.append({"Name": definition.name.lower(), "Type": type_})
    return columns


def _serde(properties: Sequence[exp.Expr]) -> tuple[str, dict[str, str]]:
    for one in properties:
        if isinstance(one, exp.RowFormatSerdeProperty):
            given = one.args.get("serde_properties")
            pairs: list[exp.Expr] = given.expressions if given else []
            return one.this.name, {pair.this.name: pair.args["value"].name for pair in pairs}
    formats = [
        one.this.name.upper() for one in properties if isinstance(one, exp.FileFormatProperty)
    ]
    if formats == ["PARQUET"]:
        return f"{_PARQUET}.serde.ParquetHiveSerDe", {}
    message = "the sandbox reads tables with ROW FORMAT SERDE '…OpenCSVSerde' or STORED AS PARQUET"
    raise QueryError("NOT_SUPPORTED", message)


def _table_properties(properties: Sequence[exp.Expr]) -> Iterator[tuple[str, str]]:
    for one in properties:
        if type(one) is exp.Property:
            yield one.this.name, one.args["value"].name
        if isinstance(one, exp.SchemaCommentProperty):
            yield "comment", one.this.name
