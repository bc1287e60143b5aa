"""Function calls, and the functions that are part of the grammar."""

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from aws_sandbox.athena.sql.aggregates import aggregate
from aws_sandbox.athena.sql.binder import Binder, Bound, coerced, handles, made, text_literal
from aws_sandbox.athena.sql.casts import converted
from aws_sandbox.athena.sql.errors import QueryError
from aws_sandbox.athena.sql.functions import AGGREGATES, PARTS, SCALARS, WINDOWED
from aws_sandbox.athena.sql.literals import NOW
from aws_sandbox.athena.sql.parsing import place
from aws_sandbox.athena.sql.signatures import resolve
from aws_sandbox.athena.sql.types import DATE, TIMESTAMP_TZ, VARCHAR, decimal

_ABSORBS_NULL = (exp.Case, exp.If, exp.Is, exp.And, exp.Or, exp.NullSafeEQ, exp.NullSafeNEQ)


@handles(exp.Anonymous)
def call(binder: Binder, node: exp.Anonymous) -> Bound:
    """A call without FILTER or OVER."""
    name = node.name.lower()
    if name in _GRAMMAR:
        return _GRAMMAR[name](binder, node)
    if name in AGGREGATES:
        return aggregate(binder, node)
    if name in WINDOWED:
        raise QueryError("SYNTAX_ERROR", f"Window function {name} requires OVER", place(node))
    bounds = [binder.bind(argument) for argument in node.expressions]
    chosen = resolve({**SCALARS, **PARTS}, node, bounds)
    sql = chosen.sql(safe=binder.safe, fail=binder.fail)
    return made(f"({sql})", chosen.returns, *bounds)


@handles(exp.Extract)
def extract(binder: Binder, node: exp.Extract) -> Bound:
    part = exp.Anonymous(this=node.name.lower(), expressions=[node.expression])
    if part.name not in PARTS:
        raise QueryError("NOT_SUPPORTED", f"the sandbox cannot extract {node.name}", place(node))
    return call(binder, part)


@handles(exp.Trim)
def trim(binder: Binder, node: exp.Trim) -> Bound:
    if node.expression is not None:
        message = "the sandbox trims spaces only: TRIM(text), LTRIM(text) or RTRIM(text)"
        raise QueryError("NOT_SUPPORTED", message, place(node))
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position")), "trim")
    return call(binder, exp.Anonymous(this=name, expressions=[node.this]))


@handles(exp.StrPosition)
def position(binder: Binder, node: exp.StrPosition) -> Bound:
    arguments = [node.this, node.args["substr"]]
    return call(binder, exp.Anonymous(this="strpos", expressions=arguments))


@handles(exp.Bracket)
def subscript(binder: Binder, node: exp.Bracket) -> Bound:
    """`array[1]` and `map['key']`, which fail where there is nothing."""
    value, index = binder.bind(node.this), binder.bind(node.expressions[0])
    if value.type.kind == "array" and index.type.is_integer:
        inside = f"{index.sql} BETWEEN 1 AND len({value.sql})"
        failure = binder.fail("INVALID_FUNCTION_ARGUMENT: Array subscript must be in the array")
    elif value.type.kind == "map" and index.type == value.type.of[0]:
        inside = f"list_contains(map_keys({value.sql}), {index.sql})"
        failure = binder.fail("INVALID_FUNCTION_ARGUMENT: Key not present in map")
    else:
        message = f"Cannot apply operator: {value.type}[{index.type}]"
        raise QueryError("TYPE_MISMATCH", message, place(node))
    sql = (
        f"(CASE WHEN {value.sql} IS NULL OR {index.sql} IS NULL THEN NULL "
        f"WHEN {inside} THEN {value.sql}[{index.sql}] ELSE {failure} END)"
    )
    return made(sql, value.type.of[-1], value, index)


def _coalesce(binder: Binder, node: exp.Anonymous) -> Bound:
    values = [binder.bind(argument) for argument in node.expressions]
    message = "All COALESCE operands must be the same type or coercible to a common type: {} and {}"
    result = binder.common(values, node, message)
    inside = ", ".join(coerced(value, result) for value in values)
    return made(f"coalesce({inside})", result, *values)


def _nullif(binder: Binder, node: exp.Anonymous) -> Bound:
    first, second = _arguments(node, 2)
    equal = binder.bind(exp.EQ(this=first.copy(), expression=second.copy()))
    value = binder.bind(first)
    return made(f"(CASE WHEN {equal.sql} THEN NULL ELSE {value.sql} END)", value.type, equal)


def _try(binder: Binder, node: exp.Anonymous) -> Bound:
    (argument,) = _arguments(node, 1)
    absorbing = [part for part in argument.walk() if isinstance(part, _ABSORBS_NULL)]
    named = [part for part in argument.find_all(exp.Anonymous) if part.name.lower() == "coalesce"]
    if absorbing or named:
        message = "within TRY the sandbox knows no condition or COALESCE: put TRY into them"
        raise QueryError("NOT_SUPPORTED", message, place(node))
    return binder.safely().bind(argument)


def _date(binder: Binder, node: exp.Anonymous) -> Bound:
    (argument,) = _arguments(node, 1)
    return converted(binder, binder.bind(argument), DATE, node)


def _typeof(binder: Binder, node: exp.Anonymous) -> Bound:
    (argument,) = _arguments(node, 1)
    bound = binder.bind(argument)
    return made(text_literal(str(bound.type)), VARCHAR, bound)


def _rounded(binder: Binder, node: exp.Anonymous) -> Bound:
    """ROUND, CEIL and FLOOR, which give a decimal another precision."""
    bounds = [binder.bind(argument) for argument in node.expressions]
    name = node.name.lower()
    if len(bounds) == 1 and bounds[0].type.kind == "decimal":
        given = bounds[0].type
        result = decimal(given.precision - given.scale + min(1, given.scale), 0)
        function = {"ceiling": "ceil"}.get(name, name)
        return made(f"CAST({function}({bounds[0].sql}) AS {result.duckdb})", result, *bounds)
    chosen = resolve(SCALARS, node, bounds)
    sql = chosen.sql(safe=binder.safe, fail=binder.fail)
    result = chosen.returns
    if result.kind == "decimal":
        result = replace(result, precision=min(38, result.precision + 1))
        sql = f"CAST({sql} AS {result.duckdb})"
    return made(f"({sql})", result, *bounds)


def _at_timezone(binder: Binder, node: exp.Anonymous) -> Bound:
    value, zone = _arguments(node, 2)
    return binder.bind(exp.AtTimeZone(this=value.copy(), zone=zone.copy()))


def _now(_binder: Binder, node: exp.Anonymous) -> Bound:
    _arguments(node, 0)
    return Bound(sql=NOW, type=TIMESTAMP_TZ)


def _arguments(node: exp.Anonymous, count: int) -> Sequence[exp.Expr]:
    if len(node.expressions) != count:
        message = f"Invalid number of arguments for '{node.name.lower()}': expected {count}"
        raise QueryError("INVALID_FUNCTION_ARGUMENT", message, place(node))
    return node.expressions


_GRAMMAR = {
    "coalesce": _coalesce,
    "nullif": _nullif,
    "try": _try,
    "date": _date,
    "typeof": _typeof,
    "round": _rounded,
    "ceil": _rounded,
    "ceiling": _rounded,
    "floor": _rounded,
    "now": _now,
    "at_timezone": _at_timezone,
}
