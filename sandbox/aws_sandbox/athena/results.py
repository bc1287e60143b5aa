"""Results as Athena gives them: texts, column types, CSV and metadata files, and pages."""

import csv
import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, cast

from aws_sandbox.athena.sql.types import Type

LARGEST_PAGE = 1000
_PRECISIONS = {"varchar": 2147483647, "bigint": 19, "integer": 10, "smallint": 5, "tinyint": 3,
               "double": 17, "real": 17, "timestamp": 3, "timestamp with time zone": 3}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Result:
    """The rows of a query as texts, NULL as None."""

    columns: Sequence[tuple[str, Type]]
    rows: Sequence[Sequence[str | None]]
    header: bool = True
    """Queries give their column names as the first row; SHOW and its like do not."""

    def column_info(self) -> Sequence[Mapping[str, object]]:
        return [_column_info(name, type_) for name, type_ in self.columns]

    def page(self, start: int, count: int) -> tuple[Sequence[Mapping[str, object]], int | None]:
        """Rows of GetQueryResults from a number on, and the number that the next page begins at."""
        rows = [[name for name, _ in self.columns], *self.rows] if self.header else self.rows
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

    def text(self) -> bytes:
        """The result file of a DDL statement."""
        return "".join("\t".join(value or "" for value in row) + "\n" for row in self.rows).encode()

    def metadata(self) -> bytes:
        """What the `.metadata` file holds; AWS's own is binary and has no public format."""
        return json.dumps(self.column_info()).encode()


def rendered(value: Any, type_: Type) -> str | None:
    """A value as Athena writes it."""
    if value is None:
        return None
    return _RENDERERS.get(type_.kind, _plain)(value, type_)


def _plain(value: Any, _type: Type) -> str:
    assert isinstance(value, (str, int, Decimal, date))
    return str(value)


def _or_null(text: str | None) -> str:
    return "null" if text is None else text


def _boolean(value: Any, _type: Type) -> str:
    return "true" if value else "false"


def _array(value: Any, type_: Type) -> str:
    items = (rendered(item, type_.of[0]) for item in cast("list[Any]", value))
    return f"[{', '.join(map(_or_null, items))}]"


def _map(value: Any, type_: Type) -> str:
    pairs = cast("dict[Any, Any]", value).items()
    key_type, item_type = type_.of
    texts = (
        f"{rendered(key, key_type)}={_or_null(rendered(item, item_type))}" for key, item in pairs
    )
    return f"{{{', '.join(texts)}}}"


def _java_double(value: float, _type: Type) -> str:
    """As Java's Double.toString: with an exponent from ten millions on, and below a thousandth."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        plain = f"{Decimal(repr(value)):f}"
        return plain if "." in plain else f"{plain}.0"
    digits, exponent = f"{Decimal(repr(value)).normalize():e}".split("e")
    return f"{digits if '.' in digits else f'{digits}.0'}E{int(exponent)}"


def _day_to_second(value: timedelta, _type: Type) -> str:
    """`1 02:03:04.005`."""
    sign = "-" if value < timedelta(0) else ""
    milliseconds = abs(value) // timedelta(milliseconds=1)
    seconds, milliseconds = divmod(milliseconds, 1000)
    days, seconds = divmod(seconds, 86_400)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{sign}{days} {hours:02d}:{minutes:02d}:{seconds % 60:02d}.{milliseconds:03d}"


_RENDERERS: Mapping[str, Callable[[Any, Type], str]] = {
    "boolean": _boolean,
    "double": _java_double,
    "real": _java_double,
    "array": _array,
    "map": _map,
    "interval day to second": _day_to_second,
}


def _quoted(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'


def _column_info(name: str, type_: Type) -> Mapping[str, object]:
    text = type_.kind in {"varchar", "json", "array", "map"}
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": type_.kind,
        "Precision": type_.precision or _PRECISIONS.get(type_.kind, 0),
        "Scale": type_.scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": text,
    }
