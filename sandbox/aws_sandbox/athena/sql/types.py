"""Trino's types: their names in Trino, Glue (Hive) and DuckDB, and what coerces into what."""

import re
from dataclasses import dataclass, field

from sqlglot import exp

from aws_sandbox.athena.sql.errors import QueryError

_INTEGERS = ("tinyint", "smallint", "integer", "bigint")
_NUMBERS = (*_INTEGERS, "decimal", "real", "double")
_TEMPORAL = ("date", "timestamp", "timestamp with time zone")
_DIGITS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}
_DUCKDB = {
    "unknown": "VARCHAR",
    "real": "FLOAT",
    "timestamp with time zone": "TIMESTAMPTZ",
    "interval day to second": "INTERVAL",
    "interval year to month": "INTERVAL",
}


@dataclass(frozen=True, kw_only=True)
class Type:
    """One type; a varchar's length only shows in messages and makes no difference."""

    kind: str
    precision: int = 0
    scale: int = 0
    of: tuple["Type", ...] = ()
    length: int | None = field(default=None, compare=False)

    def __str__(self) -> str:
        match self.kind:
            case "decimal":
                return f"decimal({self.precision},{self.scale})"
            case "timestamp":
                return f"timestamp({self.precision})"
            case "timestamp with time zone":
                return f"timestamp({self.precision}) with time zone"
            case "array" | "map":
                return f"{self.kind}({', '.join(map(str, self.of))})"
            case "varchar" if self.length is not None:
                return f"varchar({self.length})"
            case _:
                return self.kind

    @property
    def duckdb(self) -> str:
        match self.kind:
            case "decimal":
                return f"DECIMAL({self.precision},{self.scale})"
            case "array":
                return f"{self.of[0].duckdb}[]"
            case "map":
                return f"MAP({self.of[0].duckdb}, {self.of[1].duckdb})"
            case _:
                return _DUCKDB.get(self.kind, self.kind.upper())

    @property
    def is_integer(self) -> bool:
        return self.kind in _INTEGERS

    @property
    def is_number(self) -> bool:
        return self.kind in _NUMBERS

    @property
    def is_temporal(self) -> bool:
        return self.kind in _TEMPORAL

    @property
    def is_interval(self) -> bool:
        return self.kind.startswith("interval")


UNKNOWN = Type(kind="unknown")
"""The type of NULL."""
BOOLEAN = Type(kind="boolean")
INTEGER = Type(kind="integer")
BIGINT = Type(kind="bigint")
DOUBLE = Type(kind="double")
VARCHAR = Type(kind="varchar")
DATE = Type(kind="date")
TIMESTAMP = Type(kind="timestamp", precision=3)
TIMESTAMP_TZ = Type(kind="timestamp with time zone", precision=3)
DAY_TO_SECOND = Type(kind="interval day to second")
YEAR_TO_MONTH = Type(kind="interval year to month")
JSON = Type(kind="json")


def decimal(precision: int, scale: int) -> Type:
    return Type(kind="decimal", precision=min(38, precision), scale=scale)


def array(of: Type) -> Type:
    return Type(kind="array", of=(of,))


def map_of(key: Type, value: Type) -> Type:
    return Type(kind="map", of=(key, value))


def as_decimal(number: Type) -> Type:
    """The decimal that holds any integer of a type; a decimal is itself."""
    return decimal(_DIGITS[number.kind], 0) if number.is_integer else number


def common(left: Type, right: Type) -> Type | None:
    """The type that both coerce into without being asked; None where Trino finds none."""
    if right in (left, UNKNOWN):
        return left
    if left == UNKNOWN:
        return right
    if left.is_number and right.is_number:
        return _common_number(left, right)
    if left.is_temporal and right.is_temporal:
        kind = max(left.kind, right.kind, key=_TEMPORAL.index)
        return Type(kind=kind, precision=max(left.precision, right.precision))
    if left.kind == right.kind and left.of and right.of:
        items = [common(one, other) for one, other in zip(left.of, right.of, strict=True)]
        if None not in items:
            return Type(kind=left.kind, of=tuple(item for item in items if item is not None))
    return None


def _common_number(left: Type, right: Type) -> Type:
    kind = max(left.kind, right.kind, key=_NUMBERS.index)
    if kind != "decimal":
        return Type(kind=kind)
    one, other = as_decimal(left), as_decimal(right)
    scale = max(one.scale, other.scale)
    return decimal(max(one.precision - one.scale, other.precision - other.scale) + scale, scale)


def coerces(given: Type, wanted: Type) -> bool:
    return common(given, wanted) == wanted


_HIVE = {
    "string": VARCHAR,
    "boolean": BOOLEAN,
    "tinyint": Type(kind="tinyint"),
    "smallint": Type(kind="smallint"),
    "int": INTEGER,
    "integer": INTEGER,
    "bigint": BIGINT,
    "float": Type(kind="real"),
    "double": DOUBLE,
    "date": DATE,
    "timestamp": TIMESTAMP,
}


def from_hive(text: str) -> Type:
    """A Glue column's type; QueryError for one that the sandbox does not read."""
    name = text.strip().lower()
    if name in _HIVE:
        return _HIVE[name]
    if match := re.fullmatch(r"varchar\((\d+)\)", name):
        return Type(kind="varchar", length=int(match[1]))
    if match := re.fullmatch(r"decimal\((\d+)\s*(?:,\s*(\d+))?\)", name):
        return decimal(int(match[1]), int(match[2] or 0))
    if match := re.fullmatch(r"array<(.+)>", name):
        return array(from_hive(match[1]))
    if match := re.fullmatch(r"map<([^,<>]+),(.+)>", name):
        return map_of(from_hive(match[1]), from_hive(match[2]))
    raise QueryError("NOT_SUPPORTED", f"the sandbox does not read columns of type {text!r}")


def to_hive(type_: Type) -> str:
    """The Glue type of a view's column."""
    names = {"varchar": "string", "integer": "int", "real": "float", "unknown": "string"}
    match type_.kind:
        case "decimal":
            return str(type_)
        case "array":
            return f"array<{to_hive(type_.of[0])}>"
        case "map":
            return f"map<{to_hive(type_.of[0])},{to_hive(type_.of[1])}>"
        case "timestamp with time zone" | "json":
            return "string"
        case _:
            return names.get(type_.kind, type_.kind)


_SQL = {
    exp.DType.BOOLEAN: BOOLEAN,
    exp.DType.TINYINT: Type(kind="tinyint"),
    exp.DType.SMALLINT: Type(kind="smallint"),
    exp.DType.INT: INTEGER,
    exp.DType.BIGINT: BIGINT,
    exp.DType.FLOAT: Type(kind="real"),
    exp.DType.DOUBLE: DOUBLE,
    exp.DType.DATE: DATE,
    exp.DType.JSON: JSON,
    exp.DType.VARCHAR: VARCHAR,
}


def from_sql(written: exp.DataType) -> Type:
    """The type in a CAST; QueryError for one that the sandbox does not have."""
    numbers = [
        int(parameter.name)
        for parameter in written.expressions
        if isinstance(parameter, exp.DataTypeParam)
    ]
    items = tuple(from_sql(item) for item in written.expressions if isinstance(item, exp.DataType))
    found = _SQL.get(written.this) if isinstance(written.this, exp.DType) else None
    match written.this:
        case exp.DType.VARCHAR if numbers:
            found = Type(kind="varchar", length=numbers[0])
        case exp.DType.DECIMAL:
            found = decimal(numbers[0] if numbers else 38, numbers[1] if len(numbers) > 1 else 0)
        case exp.DType.TIMESTAMP:
            found = Type(kind="timestamp", precision=numbers[0] if numbers else 3)
        case exp.DType.TIMESTAMPTZ:
            precision = numbers[0] if numbers else 3
            found = Type(kind="timestamp with time zone", precision=precision)
        case exp.DType.ARRAY if items:
            found = array(items[0])
        case exp.DType.MAP if len(items) == 2:
            found = map_of(*items)
        case _:
            pass
    if found is None:
        raise QueryError("NOT_SUPPORTED", f"the sandbox has no type {written.sql('trino')}")
    return found
