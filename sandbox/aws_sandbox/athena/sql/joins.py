"""FROM with its joins, as one relation."""

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from aws_sandbox.athena.sql.binder import Binder, Bound, coerced
from aws_sandbox.athena.sql.errors import QueryError
from aws_sandbox.athena.sql.outputs import Context, Names, refuse_arguments
from aws_sandbox.athena.sql.parsing import place
from aws_sandbox.athena.sql.pushdown import equated, push
from aws_sandbox.athena.sql.relations import bind_source
from aws_sandbox.athena.sql.scope import NO_ORIGINS, Column, Relation, Scope
from aws_sandbox.athena.sql.types import BOOLEAN, common

_JOIN_ARGUMENTS = {"this", "on", "using", "kind", "side", "method"}


def bind_from(context: Context, node: exp.Select, outer: Scope | None, names: Names) -> Relation:
    """The relation that a SELECT reads; an empty one without FROM."""
    source = node.args.get("from_")
    if source is None:
        return Relation(sql="", columns=())
    relation = bind_source(context, source.this, None, outer, names)
    for join in node.args.get("joins") or ():
        relation = _bind_join(context, relation, join, outer, names)
    return relation


def _bind_join(
    context: Context,
    left: Relation,
    node: exp.Join,
    outer: Scope | None,
    names: Names,
) -> Relation:
    refuse_arguments(node, _JOIN_ARGUMENTS)
    if node.method:
        raise QueryError("NOT_SUPPORTED", f"the sandbox has no {node.method} JOIN", place(node))
    right = bind_source(context, node.this, left, outer, names)
    side = node.side.upper()
    always = left.always | right.always
    if node.args.get("using"):
        return _join_using(left, right, node, side)
    scope = Scope(columns=[*left.columns, *right.columns], outer=outer)
    condition = node.args.get("on")
    if condition is None:
        sql = f"{left.sql} CROSS JOIN {right.sql}"
        return Relation(sql=sql, columns=scope.columns, always=always)
    binder = context.binder(scope, names)
    bound = binder.bind_as(condition, BOOLEAN, "JOIN ON clause must be a boolean: {}")
    kept = {
        "": [*left.columns, *right.columns],
        "LEFT": right.columns,
        "RIGHT": left.columns,
        "FULL": [],
    }[side]
    push(binder, condition, among=kept)
    word = f"{side} JOIN" if side else "JOIN"
    columns = _padded(left, right, side) if side else _shared(scope, binder, condition)
    return Relation(
        sql=f"{left.sql} {word} {right.sql} ON {bound.sql}",
        columns=columns,
        always=always | bound.uses,
    )


def _join_using(left: Relation, right: Relation, node: exp.Join, side: str) -> Relation:
    """USING: each of its columns appears once, before all others, and belongs to neither side."""
    merged: list[Column] = []
    conditions: list[str] = []
    sides = Scope(columns=left.columns), Scope(columns=right.columns)
    names = [identifier.name.lower() for identifier in node.args["using"]]
    for identifier in node.args["using"]:
        named = exp.Column(this=identifier.copy())
        one, other = (scope.resolve(named) for scope in sides)
        type_ = common(one.type, other.type)
        if type_ is None:
            message = f"Cannot apply operator: {one.type} = {other.type}"
            raise QueryError("TYPE_MISMATCH", message, place(node))
        first, second = (
            coerced(Bound(sql=column.sql, type=column.type), type_) for column in (one, other)
        )
        conditions.append(f"{first} = {second}")
        merged.append(
            Column(
                name=one.name,
                sql=f"coalesce({first}, {second})",
                type=type_,
                uses=one.uses | other.uses,
            )
        )
    rest = [column for column in _padded(left, right, side) if column.name.lower() not in names]
    word = f"{side} JOIN" if side else "JOIN"
    return Relation(
        sql=f"{left.sql} {word} {right.sql} ON {' AND '.join(conditions)}",
        columns=[*merged, *rest],
        always=(left.always | right.always).union(*(column.uses for column in merged)),
    )


def _shared(scope: Scope, binder: Binder, condition: exp.Expr) -> Sequence[Column]:
    """The columns of an inner join; those that it makes equal come from either's origins."""
    origins = {id(column): column.origins for column in scope.columns}
    for one, other in equated(binder, condition):
        both = {**origins[id(one)], **origins[id(other)]}
        origins[id(one)] = origins[id(other)] = both
    return [replace(column, origins=origins[id(column)]) for column in scope.columns]


def _padded(left: Relation, right: Relation, side: str) -> Sequence[Column]:
    """The columns of a join; on a side that may be all NULL they are no longer their origins."""
    lost = {"LEFT": right.columns, "RIGHT": left.columns, "FULL": [*left.columns, *right.columns]}
    changed = {id(column) for column in lost.get(side, ())}
    return [
        replace(column, origins=NO_ORIGINS) if id(column) in changed else column
        for column in (*left.columns, *right.columns)
    ]
