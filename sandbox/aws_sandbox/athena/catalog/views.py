"""Views as Glue keeps them for Athena: Presto's definition, as base64 in a comment."""

import base64
import json
from collections.abc import Sequence
from typing import Any

from sqlglot import exp

from aws_sandbox.athena.catalog.tables import TableColumn, View
from aws_sandbox.athena.sql.errors import QueryError
from aws_sandbox.athena.sql.parsing import parse
from aws_sandbox.athena.sql.types import Type, from_sql, to_hive

_PREFIX, _SUFFIX = "/* Presto View: ", " */"
PARAMETERS = {"presto_view": "true", "comment": "Presto View"}
"""What marks a Glue table as such a view; without it Athena takes it for one of Hive's."""


def encode(sql: str, schema: str, columns: Sequence[tuple[str, Type]]) -> str:
    """The ViewOriginalText of a view."""
    definition = {
        "originalSql": sql,
        "catalog": "awsdatacatalog",
        "schema": schema,
        "columns": [{"name": name, "type": str(type_)} for name, type_ in columns],
    }
    text = base64.b64encode(json.dumps(definition).encode()).decode()
    return f"{_PREFIX}{text}{_SUFFIX}"


def decode(database: str, name: str, original_text: str) -> View:
    """The view in a Glue table's ViewOriginalText; QueryError if there is none."""
    text = original_text.strip()
    if not (text.startswith(_PREFIX) and text.endswith(_SUFFIX)):
        raise _invalid(database, name, f"ViewOriginalText is no '{_PREFIX}…{_SUFFIX}'")
    try:
        content = base64.b64decode(text.removeprefix(_PREFIX).removesuffix(_SUFFIX), validate=True)
        definition: Any = json.loads(content)
        columns = [
            TableColumn(
                name=column["name"].lower(),
                type=read_type(column["type"]),
                declared=to_hive(read_type(column["type"])),
            )
            for column in definition["columns"]
        ]
        return View(
            database=database,
            name=name,
            sql=definition["originalSql"],
            schema=definition.get("schema") or database,
            columns=columns,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise _invalid(database, name, f"{type(error).__name__}: {error}") from error


def read_type(text: str) -> Type:
    """A type by Trino's name for it, `array(varchar)`."""
    cast = parse(f"SELECT CAST(NULL AS {text})").find(exp.Cast)
    assert cast is not None
    return from_sql(cast.args["to"])


def _invalid(database: str, name: str, why: str) -> QueryError:
    return QueryError("INVALID_VIEW", f"Invalid view JSON of '{database}.{name}': {why}")
