"""Names in statements: `t`, `db.t`, quoted with backticks or double quotes or not at all."""

import re
from collections.abc import Mapping

from aws_sandbox.athena.results import Result
from aws_sandbox.athena.sql.errors import QueryError
from aws_sandbox.athena.sql.types import Type

_PART = r'(?:[A-Za-z_][\w$]*|`[^`]+`|"[^"]+")'
NAME = rf"{_PART}(?:\.{_PART}){{0,2}}"
STRING = Type(kind="string")
"""What Athena calls the columns of SHOW and DESCRIBE."""
NOTHING = Result(columns=(), rows=(), header=False)


def split_name(text: str, database: str) -> tuple[str, str]:
    """Database and name, lower case as Athena keeps them."""
    parts = [part.strip('`"').lower() for part in re.findall(_PART, text)]
    if len(parts) == 3 and parts[0] != "awsdatacatalog":
        raise QueryError("CATALOG_NOT_FOUND", f"Catalog '{parts[0]}' not found")
    return (parts[-2] if len(parts) > 1 else database), parts[-1]


def part(parts: Mapping[str, str | None], name: str) -> str:
    """A part of a statement that is always there."""
    value = parts[name]
    assert value is not None
    return value


def lines(name: str, values: list[str]) -> Result:
    """A result of one column."""
    return Result(columns=[(name, STRING)], rows=[[value] for value in values], header=False)
