"""Conditions that can be applied where a table is read: to its partitions and row groups.

sqlglot's own pushdown stops at windows and joins; Trino looks through a window by its PARTITION BY,
and applies to a column of an inner join what is asked of the one that it equals.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.optimizer.scope import Scope

from aws_sandbox.athena.duckdb_sql import duckdb_sql

_TURNED: Mapping[type[exp.Expr], type[exp.Expr]] = {
    exp.EQ: exp.EQ,
    exp.LT: exp.GT,
    exp.LTE: exp.GTE,
    exp.GT: exp.LT,
    exp.GTE: exp.LTE,
}
_BOUNDS: Mapping[type[exp.Expr], str] = {
    exp.LT: "{{low}} < {0}",
    exp.LTE: "{{low}} <= {0}",
    exp.GT: "{{high}} > {0}",
    exp.GTE: "{{high}} >= {0}",
    exp.EQ: "({{low}} <= {0} AND {{high}} >= {0})",
}

_Origins = Mapping[int, str]
"""A column's name in each table that it comes from untouched, by the id of the table's node."""


@dataclass(frozen=True, kw_only=True)
class Predicate:
    """A condition on one scan alone, as DuckDB's SQL over the table's own column names."""

    columns: frozenset[str]
    sql: str
    bounds: str | None
    """What the smallest and largest value of the column (`{low}`, `{high}`) must fulfil for any
    value between them to; None where that cannot be said."""


def predicates(scopes: Iterable[Scope]) -> Mapping[int, Sequence[Predicate]]:
    """What holds of the rows of each table that matter, by the id of the table's node."""
    found: dict[int, list[Predicate]] = defaultdict(list)
    for scope in scopes:
        for condition, among in _conditions(scope):
            for conjunct in _conjuncts(condition):
                columns = list(conjunct.find_all(exp.Column))
                if not columns or any(column.table not in among for column in columns):
                    continue
                origins = [_origins(scope, column) for column in columns]
                for node in set(origins[0]).intersection(*origins[1:]):
                    names = [known[node] for known in origins]
                    found[node].append(_predicate(conjunct, names))
    return found


def _conditions(scope: Scope) -> Iterator[tuple[exp.Expr, Collection[str]]]:
    """WHERE and ON, each with the sources whose rows it removes."""
    kept = scope.sources.keys() - _padded(scope)
    if where := scope.expression.args.get("where"):
        yield where.this, kept
    for join in _joins(scope):
        if on := join.args.get("on"):
            yield on, [join.alias_or_name] if join.side else kept


def _joins(scope: Scope) -> Sequence[exp.Join]:
    return scope.expression.args.get("joins") or ()


def _padded(scope: Scope) -> Collection[str]:
    """The sources of LEFT JOIN: a row of NULLs stands for what a condition takes away."""
    return {join.alias_or_name for join in _joins(scope) if join.side}


def _conjuncts(condition: exp.Expr) -> Iterator[exp.Expr]:
    condition = condition.unnest()
    if isinstance(condition, exp.And):
        yield from _conjuncts(condition.left)
        yield from _conjuncts(condition.right)
    else:
        yield condition


def _origins(scope: Scope, column: exp.Column) -> _Origins:
    """Where a column of a scope, and those that it equals, come from."""
    found: dict[int, str] = {}
    for table, name in _equal(scope, column):
        source = scope.sources.get(table)
        if isinstance(source, exp.Table):
            found[id(source)] = name
        elif source is not None:
            found.update(_output_origins(source, name))
    return found


def _equal(scope: Scope, column: exp.Column) -> Collection[tuple[str, str]]:
    """The column, and those that inner joins make equal to it: source and name."""
    given = (column.table, column.name)
    same = {given}
    inner = [join.args["on"] for join in _joins(scope) if join.args.get("on") and not join.side]
    for conjunct in (one for condition in inner for one in _conjuncts(condition)):
        match conjunct:
            case exp.EQ(this=exp.Column() as one, expression=exp.Column() as other):
                pair = {(one.table, one.name), (other.table, other.name)}
                if pair & same and one.type == other.type:
                    same |= pair
            case _:
                pass
    padded = _padded(scope)
    return {one for one in same if one == given or one[0] not in padded}


def _output_origins(scope: Scope, name: str) -> _Origins:
    """Where an output column comes from, if the rows that it stands in pass unchanged."""
    query = scope.expression
    if not isinstance(query, exp.Select) or query.args.get("limit"):
        return {}
    column = next(one.unalias() for one in query.selects if one.alias_or_name == name)
    if not isinstance(column, exp.Column) or column.table in _padded(scope):
        return {}
    windows = [one for select in query.selects for one in select.find_all(exp.Window)]
    group = query.args.get("group")
    together: list[Sequence[exp.Expr]] = [
        window.args.get("partition_by") or [] for window in windows
    ]
    if group or any(select.find(exp.AggFunc) for select in query.selects):
        together.append(group.expressions if group else [])
    # Rows that differ in this column never meet in a window or a group.
    return _origins(scope, column) if all(column in keys for keys in together) else {}


def _predicate(conjunct: exp.Expr, names: Sequence[str]) -> Predicate:
    there = conjunct.copy()
    for column, name in zip(list(there.find_all(exp.Column)), names, strict=True):
        own = exp.column(name, quoted=True)
        own.type = column.type
        if column is there:
            there = own
        column.replace(own)
    return Predicate(columns=frozenset(names), sql=duckdb_sql(there), bounds=_bounds(there))


def _bounds(condition: exp.Expr) -> str | None:
    """What must hold of a column's least and greatest value, for the comparisons that say it."""
    match condition:
        case exp.Between(this=exp.Column(), args={"low": low, "high": high}):
            return _all([_bound(exp.GTE, low), _bound(exp.LTE, high)], " AND ")
        case exp.In(this=exp.Column(), expressions=values):
            return _all([_bound(exp.EQ, value) for value in values], " OR ")
        case exp.EQ() | exp.LT() | exp.LTE() | exp.GT() | exp.GTE():
            kind = type(condition)
            if isinstance(condition.left, exp.Column):
                return _bound(kind, condition.right)
            if isinstance(condition.right, exp.Column):
                return _bound(_TURNED[kind], condition.left)
        case _:
            pass
    return None


def _all(bounds: Sequence[str | None], word: str) -> str | None:
    known = [bound for bound in bounds if bound]
    return f"({word.join(known)})" if known and len(known) == len(bounds) else None


def _bound(kind: type[exp.Expr], value: exp.Expr) -> str | None:
    """For a comparison with a value that is the same for all rows."""
    return None if value.find(exp.Column) else _BOUNDS[kind].format(f"({duckdb_sql(value)})")
