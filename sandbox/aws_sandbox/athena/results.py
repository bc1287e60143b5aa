"""Results as Athena gives them: texts, column types, CSV and metadata files, and pages."""

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlglot import exp

from aws_sandbox.athena.sql_types import decimal, type_name

LARGEST_PAGE = 1000
_PRECISIONS = {"varchar": 2147483647, "bigint": 19, "integer": 10, "double": 17, "timestamp": 3}


@dataclass(frozen=True, kw_only=True)
class Result:
    """The rows of a query as texts, NULL as None."""

    columns: Sequence[tuple[str, exp.DataType]]
    rows: Sequence[Sequence[str | None]]

    def column_info(self) -> Sequence[Mapping[str, object]]:
        return [_column_info(name, type_) for name, type_ in self.columns]

    def page(self, start: int, count: int) -> tuple[Sequence[Mapping[str, object]], int | None]:
        """Rows of GetQueryResults from a number on, and the number that the next page begins at.

        The first row of all has the columns' names.
        """
        rows = [[name for name, _ in self.columns], *self.rows]
        page = [
            {"Data": [{} if value is None else {"VarCharValue": value} for value in row]}
            for row in rows[start : start + count]
        ]
        following = start + count
        return page, following if following < len(rows) else None

    def csv(self) -> bytes:
        """The result file of a query: every value in quotes, NULL as nothing at all."""
        text = io.StringIO()
        csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(
            name for name, _ in self.columns
        )
        for row in self.rows:
            fields = ("" if value is None else _quoted(value) for value in row)
            text.write(f"{','.join(fields)}\n")
        return text.getvalue().encode()

    def metadata(self) -> bytes:
        """What the `.metadata` file holds; AWS's own is binary and has no public format."""
        return json.dumps(self.column_info()).encode()


def rendered(value: object) -> str | None:
    """A value of DuckDB's as Athena writes it."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case float():
            return _java_double(value)
        case datetime():
            return value.isoformat(" ", "milliseconds")
        case str() | int() | Decimal() | date():
            return str(value)
        case _:
            raise TypeError(f"the sandbox shows no {type(value).__name__}: {value}")


def _java_double(value: float) -> str:
    """As Java's Double.toString: with an exponent from ten millions on, and below a thousandth."""
    if not math.isfinite(value):
        return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        plain = f"{Decimal(repr(value)):f}"
        return plain if "." in plain else f"{plain}.0"
    digits, exponent = f"{Decimal(repr(value)).normalize():e}".split("e")
    return f"{digits if '.' in digits else f'{digits}.0'}E{int(exponent)}"


def _quoted(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'


def _column_info(name: str, type_: exp.DataType) -> Mapping[str, object]:
    kind = type_name(type_)
    precision, scale = (decimal(type_) or (0, 0)) if kind == "decimal" else (0, 0)
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": kind,
        "Precision": precision or _PRECISIONS.get(kind, 0),
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": kind == "varchar",
    }
