"""Conditions that can be applied where a table is read: to its partitions and row groups."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from sqlglot import exp

from aws_sandbox.athena.sql.binder import Binder, Bound, coerced, quoted
from aws_sandbox.athena.sql.scope import Column, Predicate, Scan, Scope
from aws_sandbox.athena.sql.types import Type

_LESS = {exp.LT: "<", exp.LTE: "<="}
_MORE = {exp.GT: ">", exp.GTE: ">="}
_TURNED = {
    exp.EQ: exp.EQ,
    exp.LT: exp.GT,
    exp.LTE: exp.GTE,
    exp.GT: exp.LT,
    exp.GTE: exp.LTE,
}


def push(binder: Binder, condition: exp.Expr, *, among: Collection[Column]) -> None:
    """Gives every part of a condition that is about one scan alone to that scan.

    Only columns in `among` may be looked through: those whose rows the condition removes.
    """
    allowed = {id(column) for column in among}
    for conjunct in _conjuncts(condition):
        if conjunct.find(exp.Query):
            continue
        bound = binder.bind(conjunct)
        if bound.plain and bound.refs and all(id(column) in allowed for column in bound.refs):
            for scan in _scans(bound):
                scan.predicates.append(_predicate(binder, conjunct, scan))


def equated(binder: Binder, condition: exp.Expr) -> Iterator[tuple[Column, Column]]:
    """The columns that a condition says are equal, each as it stands: Trino applies to the one
    what is asked of the other."""
    here = {id(column) for column in binder.scope.columns}
    for conjunct in _conjuncts(condition):
        match conjunct:
            case exp.EQ(this=exp.Column() as left, expression=exp.Column() as right):
                one, other = binder.scope.resolve(left), binder.scope.resolve(right)
                if one.type == other.type and {id(one), id(other)} <= here:
                    yield one, other
            case _:
                pass


def _conjuncts(condition: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(condition, exp.And):
        yield from _conjuncts(condition.left)
        yield from _conjuncts(condition.right)
    elif isinstance(condition, exp.Paren):
        yield from _conjuncts(condition.this)
    else:
        yield condition


def _scans(bound: Bound) -> Collection[Scan]:
    """The scans that all the named columns come from untouched."""
    shared = set(bound.refs[0].origins)
    for column in bound.refs[1:]:
        shared &= set(column.origins)
    return shared


def _predicate(binder: Binder, conjunct: exp.Expr, scan: Scan) -> Predicate:
    def name(column: Column) -> str:
        return quoted(column.origins[scan])

    there = replace(binder, rename=name)
    bound = there.bind(conjunct)
    return Predicate(
        columns=frozenset(column.origins[scan] for column in bound.refs),
        sql=bound.sql,
        bounds=_bounds(there, conjunct),
        equals=_equals(there, conjunct),
    )


def _equals(binder: Binder, conjunct: exp.Expr) -> Sequence[str]:
    match conjunct:
        case exp.EQ(this=exp.Column() as column, expression=value):
            values = [value]
        case exp.EQ(this=value, expression=exp.Column() as column):
            values = [value]
        case exp.In(this=exp.Column() as column, expressions=list(values)):
            pass
        case _:
            return ()
    found = [_constant(binder, value, binder.bind(column).type) for value in values]
    return [text for text in found if text is not None] if all(found) else ()


def _bounds(binder: Binder, conjunct: exp.Expr) -> str | None:
    """What must hold of a column's least and greatest value, for the comparisons that say it."""
    match conjunct:
        case exp.Between():
            column, low, high = conjunct.this, conjunct.args["low"], conjunct.args["high"]
            both = [_bound(binder, exp.GTE, column, low), _bound(binder, exp.LTE, column, high)]
            return " AND ".join(part for part in both if part) or None
        case exp.In() if conjunct.args.get("query") is None:
            parts = [_bound(binder, exp.EQ, conjunct.this, one) for one in conjunct.expressions]
            return f"({' OR '.join(part for part in parts if part)})" if all(parts) else None
        case exp.EQ() | exp.LT() | exp.LTE() | exp.GT() | exp.GTE():
            kind = type(conjunct)
            return _bound(binder, kind, conjunct.left, conjunct.right) or _bound(
                binder, _TURNED[kind], conjunct.right, conjunct.left
            )
        case _:
            return None


def _bound(binder: Binder, kind: type[exp.Expr], column: exp.Expr, value: exp.Expr) -> str | None:
    if not isinstance(column, exp.Column):
        return None
    text = _constant(binder, value, binder.bind(column).type)
    if text is None:
        return None
    if kind in _LESS:
        return f"{{low}} {_LESS[kind]} {text}"
    if kind in _MORE:
        return f"{{high}} {_MORE[kind]} {text}"
    return f"({{low}} <= {text} AND {{high}} >= {text})"


def _constant(binder: Binder, value: exp.Expr, wanted: Type) -> str | None:
    """The SQL of an expression as the column's type; None if it names a column."""
    if value.find(exp.Column):
        return None
    constant = replace(binder, scope=Scope(columns=())).bind(value)
    return coerced(constant, wanted) if constant.plain else None
