"""Numbers, dates and texts put together by operators, with Trino's result types."""

from sqlglot import exp

from aws_sandbox.athena.sql.binder import Binder, Bound, coerced, handles, made
from aws_sandbox.athena.sql.errors import QueryError
from aws_sandbox.athena.sql.parsing import place
from aws_sandbox.athena.sql.types import (
    DATE,
    DAY_TO_SECOND,
    UNKNOWN,
    VARCHAR,
    Type,
    as_decimal,
    common,
    decimal,
)

_SIGNS: dict[type[exp.Expr], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
}
_BY_ZERO = "DIVISION_BY_ZERO: Division by zero"


@handles(*_SIGNS)
def arithmetic(binder: Binder, node: exp.Binary) -> Bound:
    left, right, sign = binder.bind(node.left), binder.bind(node.right), _SIGNS[type(node)]
    result: Bound | None = None
    if left.type == UNKNOWN and right.type == UNKNOWN:
        result = None
    elif all(side.type.is_number or side.type == UNKNOWN for side in (left, right)):
        result = _numbers(binder, left, right, sign)
    elif left.type.is_interval or right.type.is_interval:
        result = _with_interval(node, left, right, sign)
    elif sign == "-" and left.type.is_temporal and right.type.is_temporal:
        result = _difference(left, right)
    if result is None:
        raise QueryError(
            "TYPE_MISMATCH",
            f"Cannot apply operator: {left.type} {sign} {right.type}",
            place(node),
        )
    return result


@handles(exp.Neg)
def negative(binder: Binder, node: exp.Neg) -> Bound:
    bound = binder.bind(node.this)
    if not bound.type.is_number and not bound.type.is_interval:
        raise QueryError("TYPE_MISMATCH", f"Cannot negate {bound.type}", place(node))
    return made(f"(-{bound.sql})", bound.type, bound)


@handles(exp.DPipe)
def concatenation(binder: Binder, node: exp.DPipe) -> Bound:
    left, right = binder.bind(node.left), binder.bind(node.right)
    both = common(left.type, right.type)
    if both is None or (both != VARCHAR and both.kind != "array"):
        raise QueryError(
            "TYPE_MISMATCH",
            f"Cannot apply operator: {left.type} || {right.type}",
            place(node),
        )
    result = VARCHAR if both == VARCHAR else both
    return made(f"({coerced(left, both)} || {coerced(right, both)})", result, left, right)


@handles(exp.AtTimeZone)
def at_time_zone(binder: Binder, node: exp.AtTimeZone) -> Bound:
    zone = node.args["zone"]
    if not isinstance(zone, exp.Literal) or zone.name.upper() not in {"UTC", "Z", "+00:00"}:
        raise QueryError("NOT_SUPPORTED", "the sandbox keeps all times in UTC", place(node))
    bound = binder.bind(node.this)
    if not bound.type.kind.startswith("timestamp"):
        raise QueryError("TYPE_MISMATCH", f"{bound.type} has no time zone", place(node))
    zoned = Type(kind="timestamp with time zone", precision=bound.type.precision)
    return made(coerced(bound, zoned), zoned, bound)


def _numbers(binder: Binder, left: Bound, right: Bound, sign: str) -> Bound:
    both = common(left.type, right.type)
    assert both is not None
    if both.kind == "decimal":
        return _decimals(binder, left, right, sign)
    one, other = coerced(left, both), coerced(right, both)
    if both.is_integer and sign in "/%":
        operator = "//" if sign == "/" else "%"
        sql = (
            f"CASE WHEN {other} = 0 THEN {binder.fail(_BY_ZERO)} ELSE {one} {operator} {other} END"
        )
    else:
        sql = f"{one} {sign} {other}"
    return made(f"CAST(({sql}) AS {both.duckdb})", both, left, right)


def _decimals(binder: Binder, left: Bound, right: Bound, sign: str) -> Bound:
    """Precision and scale by Trino's rules; a quotient keeps the larger scale, rounded half up."""
    a, b = as_decimal(left.type), as_decimal(right.type)
    a, b = (b, b) if a == UNKNOWN else (a, a) if b == UNKNOWN else (a, b)
    one, other = coerced(left, a), coerced(right, b)
    scale = max(a.scale, b.scale)
    whole = max(a.precision - a.scale, b.precision - b.scale)
    match sign:
        case "*":
            result = decimal(a.precision + b.precision, a.scale + b.scale)
            return made(f"CAST({one} * {other} AS {result.duckdb})", result, left, right)
        case "+" | "-":
            result = decimal(whole + scale + 1, scale)
            wide = result.duckdb
            sql = f"(CAST({one} AS {wide}) {sign} CAST({other} AS {wide}))"
            return made(f"CAST({sql} AS {wide})", result, left, right)
        case "%":
            smaller = min(a.precision - a.scale, b.precision - b.scale)
            result = decimal(smaller + scale, scale)
            sql = f"{one} % {other}"
        case _:
            precision = a.precision + b.scale + max(0, b.scale - a.scale)
            result = decimal(precision, scale)
            sql = _quotient(one, other, a, b, scale)
    guarded = f"CASE WHEN {other} = 0 THEN {binder.fail(_BY_ZERO)} ELSE {sql} END"
    return made(f"CAST(({guarded}) AS {result.duckdb})", result, left, right)


def _quotient(one: str, other: str, a: Type, b: Type, scale: int) -> str:
    """Exact, in whole numbers: twice the quotient, a half away from zero, then its scale."""
    shift = scale + b.scale - a.scale
    dividend = f"CAST({one} * CAST(1{'0' * a.scale} AS DECIMAL(38,0)) AS HUGEINT) * 1{'0' * shift}"
    divisor = f"CAST({other} * CAST(1{'0' * b.scale} AS DECIMAL(38,0)) AS HUGEINT)"
    doubled = f"(({dividend}) * 2 // ({divisor}))"
    rounded = f"(({doubled} + sign({doubled})) // 2)"
    if scale == 0:
        return rounded
    unit = f"CAST('0.{'0' * (scale - 1)}1' AS DECIMAL({scale},{scale}))"
    return f"CAST({rounded} AS DECIMAL({38 - scale},0)) * {unit}"


def _with_interval(node: exp.Binary, left: Bound, right: Bound, sign: str) -> Bound | None:
    if left.type.is_interval and right.type.is_interval:
        same = left.type == right.type and sign in "+-"
        return made(f"({left.sql} {sign} {right.sql})", left.type, left, right) if same else None
    span, value = (left, right) if left.type.is_interval else (right, left)
    if value.type.is_number and value.type.kind != "decimal":
        scaled = sign == "*" or (sign == "/" and span is left)
        return made(f"({left.sql} {sign} {right.sql})", span.type, left, right) if scaled else None
    if not value.type.is_temporal or sign not in "+-" or (sign == "-" and span is left):
        return None
    if value.type == DATE:
        _refuse_part_of_a_day(node, span)
    sql = f"CAST(({left.sql} {sign} {right.sql}) AS {value.type.duckdb})"
    return made(sql, value.type, left, right)


def _refuse_part_of_a_day(node: exp.Binary, span: Bound) -> None:
    parts = {"HOUR", "MINUTE", "SECOND"}
    if any(str(one.args.get("unit")).upper() in parts for one in node.find_all(exp.Interval)):
        message = f"Cannot add hour, minutes or seconds to a date ({span.sql})"
        raise QueryError("INVALID_FUNCTION_ARGUMENT", message, place(node))


def _difference(left: Bound, right: Bound) -> Bound:
    both = common(left.type, right.type)
    assert both is not None
    sql = f"{coerced(left, both)} - {coerced(right, both)}"
    days = f"to_days(CAST({sql} AS INTEGER))"
    return made(days if both == DATE else f"({sql})", DAY_TO_SECOND, left, right)
