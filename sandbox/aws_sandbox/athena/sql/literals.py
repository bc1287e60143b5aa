"""Names, literals and the clock."""

from sqlglot import exp

from aws_sandbox.athena.sql.binder import Binder, Bound, coerced, handles, made, text_literal
from aws_sandbox.athena.sql.errors import QueryError
from aws_sandbox.athena.sql.parsing import place
from aws_sandbox.athena.sql.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DAY_TO_SECOND,
    DOUBLE,
    INTEGER,
    TIMESTAMP,
    TIMESTAMP_TZ,
    UNKNOWN,
    YEAR_TO_MONTH,
    Type,
    array,
    decimal,
)

_INTERVALS = {
    "DAY": DAY_TO_SECOND,
    "HOUR": DAY_TO_SECOND,
    "MINUTE": DAY_TO_SECOND,
    "SECOND": DAY_TO_SECOND,
    "YEAR": YEAR_TO_MONTH,
    "MONTH": YEAR_TO_MONTH,
}
NOW = "date_trunc('milliseconds', now())"


@handles(exp.Column)
def column(binder: Binder, node: exp.Column) -> Bound:
    found = binder.scope.resolve(node)
    sql = binder.rename(found) if binder.rename else found.sql
    return Bound(sql=sql, type=found.type, uses=found.uses, refs=(found,))


@handles(exp.Literal)
def literal(_binder: Binder, node: exp.Literal) -> Bound:
    text = node.name
    if node.is_string:
        return Bound(sql=text_literal(text), type=Type(kind="varchar", length=len(text)))
    if text.isdecimal():
        small = int(text) < 2**31
        return Bound(sql=text, type=INTEGER if small else BIGINT)
    if "e" in text.lower():
        return Bound(sql=f"CAST('{text}' AS DOUBLE)", type=DOUBLE)
    whole, _, fraction = text.partition(".")
    type_ = decimal(len(whole.lstrip("0") + fraction) or 1, len(fraction))
    return Bound(sql=f"CAST('{text}' AS {type_.duckdb})", type=type_)


@handles(exp.Null)
def null(_binder: Binder, _node: exp.Null) -> Bound:
    return Bound(sql="NULL", type=UNKNOWN)


@handles(exp.Boolean)
def boolean(_binder: Binder, node: exp.Boolean) -> Bound:
    return Bound(sql="TRUE" if node.this else "FALSE", type=BOOLEAN)


@handles(exp.CurrentDate)
def current_date(_binder: Binder, _node: exp.CurrentDate) -> Bound:
    return Bound(sql="CAST(now() AS DATE)", type=DATE)


@handles(exp.CurrentTimestamp)
def current_timestamp(_binder: Binder, node: exp.CurrentTimestamp) -> Bound:
    if node.this is not None and node.this.name != "3":
        raise QueryError("NOT_SUPPORTED", "current_timestamp has precision 3 here", place(node))
    return Bound(sql=NOW, type=TIMESTAMP_TZ)


@handles(exp.Localtimestamp)
def localtimestamp(_binder: Binder, _node: exp.Localtimestamp) -> Bound:
    return Bound(sql=f"CAST({NOW} AS TIMESTAMP)", type=TIMESTAMP)


@handles(exp.Interval)
def interval(_binder: Binder, node: exp.Interval) -> Bound:
    unit = str(node.args.get("unit") or "").upper()
    if unit not in _INTERVALS or not isinstance(node.this, exp.Literal):
        known = ", ".join(_INTERVALS)
        raise QueryError(
            "NOT_SUPPORTED", f"the sandbox knows intervals like INTERVAL '1' DAY, of {known}"
        )
    amount = text_literal(node.this.name)
    return Bound(sql=f"(INTERVAL {amount} {unit})", type=_INTERVALS[unit])


@handles(exp.Array)
def array_constructor(binder: Binder, node: exp.Array) -> Bound:
    items = [binder.bind(item) for item in node.expressions]
    message = "All ARRAY elements must be the same type or coercible to a common type: {} and {}"
    of = binder.common(items, node, message)
    inside = ", ".join(coerced(item, of) for item in items)
    return made(f"CAST([{inside}] AS {array(of).duckdb})", array(of), *items)


@handles(exp.Paren)
def parenthesis(binder: Binder, node: exp.Paren) -> Bound:
    return binder.bind(node.this)
