"""CAST and TRY_CAST as Trino does them: strict about texts, rounding halves away from zero."""

import re
from collections.abc import Callable
from dataclasses import replace

from sqlglot import exp

from aws_sandbox.athena.sql.binder import Binder, Bound, handles, made, text_literal
from aws_sandbox.athena.sql.errors import QueryError
from aws_sandbox.athena.sql.parsing import place
from aws_sandbox.athena.sql.types import JSON, UNKNOWN, VARCHAR, Type, coerces, from_sql

_NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
_DAY = r"[0-9]{4,}-[0-9]{1,2}-[0-9]{1,2}"
_CLOCK = r"( [0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}(\.[0-9]+)?)?)?"
_UTC = r" ?(UTC|Z|\+00:00)"
_TEXTS = {
    "boolean": "(?i)true|false|t|f|1|0",
    "tinyint": "[+-]?[0-9]+",
    "smallint": "[+-]?[0-9]+",
    "integer": "[+-]?[0-9]+",
    "bigint": "[+-]?[0-9]+",
    "decimal": _NUMBER,
    "real": f"{_NUMBER}|[+-]?(NaN|Infinity)",
    "double": f"{_NUMBER}|[+-]?(NaN|Infinity)",
    "date": _DAY,
    "timestamp": _DAY + _CLOCK,
    "timestamp with time zone": f"{_DAY}{_CLOCK}({_UTC})?",
}
"""What Trino reads as a value of each type, whole (RE2)."""


@handles(exp.Cast)
def cast(binder: Binder, node: exp.Cast) -> Bound:
    return converted(binder, binder.bind(node.this), from_sql(node.args["to"]), node)


@handles(exp.TryCast)
def try_cast(binder: Binder, node: exp.TryCast) -> Bound:
    """Only the cast itself may fail; what is cast fails as ever."""
    return converted(binder.safely(), binder.bind(node.this), from_sql(node.args["to"]), node)


def converted(binder: Binder, value: Bound, wanted: Type, node: exp.Expr) -> Bound:
    """The value as another type, by request; QueryError where Trino has no such cast."""
    if value.type == wanted and wanted.length is None:
        return replace(value, type=wanted)
    for applies, convert in _CONVERSIONS:
        if applies(value.type, wanted):
            return made(convert(binder, value, wanted), wanted, value)
    raise QueryError("TYPE_MISMATCH", f"Cannot cast {value.type} to {wanted}", place(node))


def _cast(binder: Binder, sql: str, wanted: Type) -> str:
    return f"{'TRY_CAST' if binder.safe else 'CAST'}({sql} AS {wanted.duckdb})"


def _from_text(binder: Binder, value: Bound, wanted: Type) -> str:
    if re.fullmatch("'[^']*'", value.sql) and re.fullmatch(
        _TEXTS[wanted.kind], value.sql.strip("'").strip()
    ):
        return _cast(binder, re.sub(f"{_UTC}'$", "'", value.sql), wanted)
    text = f"trim({value.sql})"
    fits = f"regexp_full_match({text}, {text_literal(_TEXTS[wanted.kind])})"
    zone = text_literal(f"{_UTC}$") + ", ''"
    bare = f"regexp_replace({text}, {zone})" if wanted.kind.endswith("zone") else text
    fail = (
        "NULL"
        if binder.safe
        else (
            "error('INVALID_CAST_ARGUMENT: Cannot cast ''' || "
            f"{value.sql} || ''' to {wanted.kind.upper()}')"
        )
    )
    rounded = _cast(binder, bare, wanted)
    if wanted.kind.startswith("timestamp"):
        rounded = f"date_trunc('milliseconds', {rounded})"
    return f"(CASE WHEN {value.sql} IS NULL THEN NULL WHEN {fits} THEN {rounded} ELSE {fail} END)"


def _to_text(_binder: Binder, value: Bound, wanted: Type) -> str:
    if value.type.kind in {"double", "real"}:
        raise QueryError(
            "NOT_SUPPORTED",
            "how a double is written differs between engine versions: cast it to a decimal first",
        )
    text = as_text(value)
    return text if wanted.length is None else f"left({text}, {wanted.length})"


def as_text(value: Bound) -> str:
    """SQL for a value as Trino writes it."""
    match value.type.kind:
        case "timestamp":
            return f"strftime({value.sql}, '%Y-%m-%d %H:%M:%S.%g')"
        case "timestamp with time zone":
            return f"(strftime({value.sql}, '%Y-%m-%d %H:%M:%S.%g') || ' UTC')"
        case "json":
            return f"json_extract_string({value.sql}, '$')"
        case "varchar":
            return value.sql
        case _:
            return f"CAST({value.sql} AS VARCHAR)"


def _number(binder: Binder, value: Bound, wanted: Type) -> str:
    whole = value.type.kind in {"double", "real"} and wanted.is_integer
    return _cast(binder, f"round({value.sql})" if whole else value.sql, wanted)


def _plainly(binder: Binder, value: Bound, wanted: Type) -> str:
    return _cast(binder, value.sql, wanted)


def _from_json(binder: Binder, value: Bound, wanted: Type) -> str:
    if wanted.of or wanted.kind == "boolean":
        return _cast(binder, value.sql, wanted)
    text = Bound(sql=f"json_extract_string({value.sql}, '$')", type=VARCHAR)
    return _from_text(binder, text, wanted) if wanted != VARCHAR else text.sql


_Test = Callable[[Type, Type], bool]
_CONVERSIONS: tuple[tuple[_Test, Callable[[Binder, Bound, Type], str]], ...] = (
    (lambda given, wanted: given.kind == "varchar" and wanted.kind in _TEXTS, _from_text),
    (lambda given, _wanted: given == UNKNOWN, _plainly),
    (
        lambda given, wanted: wanted.kind == "varchar" and not given.of and not given.is_interval,
        _to_text,
    ),
    (lambda given, wanted: given.is_number and wanted.is_number, _number),
    (lambda given, wanted: given.kind == "boolean" and wanted.is_number, _plainly),
    (lambda given, wanted: given.is_number and wanted.kind == "boolean", _plainly),
    (lambda given, wanted: given.is_temporal and wanted.is_temporal, _plainly),
    (
        lambda given, wanted: given == JSON and (wanted.kind in _TEXTS or bool(wanted.of)),
        _from_json,
    ),
    (lambda given, wanted: bool(given.of) and coerces(given, wanted), _plainly),
)
