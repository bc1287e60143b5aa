"""SELECT: what it reads, keeps, groups and gives."""

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from aws_sandbox.athena.sql.binder import Binder, Bound
from aws_sandbox.athena.sql.errors import QueryError
from aws_sandbox.athena.sql.joins import bind_from
from aws_sandbox.athena.sql.outputs import Context, Names, Output, refuse_arguments
from aws_sandbox.athena.sql.parsing import place
from aws_sandbox.athena.sql.pushdown import push
from aws_sandbox.athena.sql.scope import NO_ORIGINS, Column, Scope
from aws_sandbox.athena.sql.sorting import finished, ordinal
from aws_sandbox.athena.sql.types import BOOLEAN

_ARGUMENTS = {
    "expressions",
    "from_",
    "joins",
    "where",
    "group",
    "having",
    "windows",
    "distinct",
    "order",
    "limit",
    "offset",
    "with_",
}
_CONDITION = "{} clause must evaluate to a boolean: {{}}"

_Item = tuple[str | None, Bound]
"""An entry of the select list: the name that its column gets, if any, and what it is."""


def bind_select(context: Context, node: exp.Select, outer: Scope | None, names: Names) -> Output:
    """Binds a SELECT; `names` has what its WITH gave."""
    refuse_arguments(node, _ARGUMENTS)
    relation = bind_from(context, node, outer, names)
    scope = Scope(columns=relation.columns, outer=outer)
    windows = {one.name.lower(): one for one in node.args.get("windows") or ()}
    binder = replace(context.binder(scope, names), windows=windows)
    items = _items(node, binder)
    keys = _group_keys(node, binder, items)
    clauses = [f"FROM {relation.sql}"] if relation.sql else []
    always = relation.always.union(*(key.uses for key in keys))
    if where := node.args.get("where"):
        bound = binder.bind_as(where.this, BOOLEAN, _CONDITION.format("WHERE"))
        push(binder, where.this, among=scope.columns)
        clauses.append(f"WHERE {bound.sql}")
        always |= bound.uses
    if keys:
        # a bare number would mean a position
        texts = (f"({key.sql} + 0)" if key.sql.isdecimal() else key.sql for key in keys)
        clauses.append(f"GROUP BY {', '.join(texts)}")
    if having := node.args.get("having"):
        bound = binder.bind_as(having.this, BOOLEAN, _CONDITION.format("HAVING"))
        clauses.append(f"HAVING {bound.sql}")
        always |= bound.uses
    columns = _columns(node, items, keys)
    word = "SELECT"
    if distinct := node.args.get("distinct"):
        refuse_arguments(distinct, set())
        word = "SELECT DISTINCT"
        always = always.union(*(column.uses for column in columns))
    chosen = ", ".join(
        f"{bound.sql} AS c{number}" for number, (_, bound) in enumerate(items, start=1)
    )
    output = Output(sql=" ".join([word, chosen, *clauses]), columns=columns, always=always)
    return finished(node, output, binder)


def _items(node: exp.Select, binder: Binder) -> Sequence[_Item]:
    items: list[_Item] = []
    for item in node.expressions:
        star = item.this if isinstance(item, exp.Column) else item
        if isinstance(star, exp.Star):
            refuse_arguments(star, set())
            table = item.args.get("table")
            qualifier = [table.name.lower()] if table else []
            items += [
                (
                    column.name,
                    Bound(sql=column.sql, type=column.type, uses=column.uses, refs=(column,)),
                )
                for column in binder.scope.star(item, qualifier)
            ]
        else:
            bound = binder.bind(item.this if isinstance(item, exp.Alias) else item)
            named = isinstance(item, (exp.Alias, exp.Column))
            items.append((item.alias_or_name if named else None, bound))
    return items


def _group_keys(node: exp.Select, binder: Binder, items: Sequence[_Item]) -> Sequence[Bound]:
    group = node.args.get("group")
    if group is None:
        return ()
    refuse_arguments(group, {"expressions"})
    keys: list[Bound] = []
    for key in group.expressions:
        if isinstance(key, (exp.Rollup, exp.Cube, exp.GroupingSets)):
            raise QueryError("NOT_SUPPORTED", "the sandbox groups by plain keys only", place(key))
        if isinstance(key, exp.Literal) and not key.is_string:
            keys.append(items[ordinal(key, len(items), "GROUP BY")][1])
        else:
            keys.append(binder.bind(key))
    return keys


def _columns(node: exp.Select, items: Sequence[_Item], keys: Sequence[Bound]) -> Sequence[Column]:
    """The columns of the result; each knows where it comes from if its rows pass unchanged."""
    grouped = bool(keys or node.args.get("having") or not all(bound.plain for _, bound in items))
    windows = [part for item in node.expressions for part in item.find_all(exp.Window)]
    columns: list[Column] = []
    for number, (name, bound) in enumerate(items):
        source = bound.refs[0] if len(bound.refs) == 1 and bound.sql == bound.refs[0].sql else None
        if source is not None and windows:
            kept = all(_partitions_by(window, source, node) for window in windows)
        else:
            kept = not grouped or any(key.sql == bound.sql for key in keys)
        columns.append(
            Column(
                name=name or f"_col{number}",
                sql=f"c{number + 1}",
                type=bound.type,
                uses=bound.uses,
                origins=source.origins if kept and source is not None else NO_ORIGINS,
            )
        )
    return columns


def _partitions_by(window: exp.Window, column: Column, node: exp.Select) -> bool:
    """Whether rows that differ in this column never meet in the window."""
    alias = window.args.get("alias")
    if alias is not None:
        named = {one.name.lower(): one for one in node.args.get("windows") or ()}
        window = named.get(alias.name.lower(), window)
    keys = window.args.get("partition_by") or ()
    return any(
        isinstance(key, exp.Column) and key.name.lower() == column.name.lower() for key in keys
    )
