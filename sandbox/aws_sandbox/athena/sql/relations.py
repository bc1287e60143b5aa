"""What stands in FROM by itself: tables, subqueries, VALUES and UNNEST."""

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from aws_sandbox.athena.sql.binder import Binder, coerced, quoted, select
from aws_sandbox.athena.sql.errors import QueryError
from aws_sandbox.athena.sql.outputs import Context, Names, Output, refuse_arguments
from aws_sandbox.athena.sql.parsing import place
from aws_sandbox.athena.sql.scope import Column, Relation, Scope
from aws_sandbox.athena.sql.types import BIGINT

_TABLE_ARGUMENTS = {"this", "db", "catalog", "alias"}


def bind_source(
    context: Context,
    node: exp.Expr,
    left: Relation | None,
    outer: Scope | None,
    names: Names,
) -> Relation:
    match node:
        case exp.Table():
            return _bind_table(context, node, names)
        case exp.Subquery():
            return _bind_subquery(context, node, outer, names)
        case exp.Values():
            return _bind_values(context, node, outer, names)
        case exp.Unnest():
            around = Scope(columns=left.columns if left else (), outer=outer)
            return _bind_unnest(context, node, context.binder(around, names))
        case _:
            message = f"the sandbox does not know {node.sql('trino')} in FROM"
            raise QueryError("NOT_SUPPORTED", message, place(node))


def _bind_table(context: Context, node: exp.Table, names: Names) -> Relation:
    refuse_arguments(node, _TABLE_ARGUMENTS)
    name = node.name.lower()
    cte = names.ctes.get(name) if not node.args.get("db") else None
    alias = (node.alias.lower(),) if node.alias else (node.db.lower(), name) if node.db else (name,)
    if cte is not None:
        return _derived(context, cte(), node, alias)
    found = context.table(node)
    if isinstance(found, Output):
        return _derived(context, found, node, alias)
    own = f"r{context.number()}"
    columns = [
        Column(
            name=column,
            qualifier=alias,
            sql=f"{own}.{quoted(column)}",
            type=type_,
            uses=frozenset({(found, column)}),
            origins={found: column},
            hidden=not shown,
        )
        for column, type_, shown in found.columns()
    ]
    return Relation(sql=f"{found.name} AS {own}", columns=_renamed(node, columns))


def _bind_subquery(
    context: Context, node: exp.Subquery, outer: Scope | None, names: Names
) -> Relation:
    refuse_arguments(node, {"this", "alias"})
    if isinstance(node.this, exp.Table):
        message = "the sandbox does not know joins in parentheses: write them one after another"
        raise QueryError("NOT_SUPPORTED", message, place(node))
    output = context.query(node.this, outer, names)
    return _derived(context, output, node, (node.alias.lower(),) if node.alias else ())


def _derived(context: Context, output: Output, node: exp.Expr, alias: Sequence[str]) -> Relation:
    own = f"r{context.number()}"
    columns = [
        replace(column, qualifier=alias, sql=f"{own}.c{number}")
        for number, column in enumerate(output.columns, start=1)
    ]
    return Relation(
        sql=f"({output.sql}) AS {own}", columns=_renamed(node, columns), always=output.always
    )


def _bind_values(context: Context, node: exp.Values, outer: Scope | None, names: Names) -> Relation:
    binder = context.binder(Scope(columns=(), outer=outer), names)
    rows = [
        [binder.bind(value) for value in (row.expressions if isinstance(row, exp.Tuple) else [row])]
        for row in node.expressions
    ]
    if len({len(row) for row in rows}) != 1:
        raise QueryError("TYPE_MISMATCH", "Values rows have mismatched sizes", place(node))
    message = "Values rows have mismatched types: {} vs {}"
    types = [binder.common(column, node, message) for column in zip(*rows, strict=True)]
    texts = ", ".join(
        f"({', '.join(coerced(value, type_) for value, type_ in zip(row, types, strict=True))})"
        for row in rows
    )
    own = f"r{context.number()}"
    alias = (node.alias.lower(),) if node.alias else ()
    columns = [
        Column(name=f"_col{number}", qualifier=alias, sql=f"{own}.c{number + 1}", type=type_)
        for number, type_ in enumerate(types)
    ]
    header = ", ".join(f"c{number + 1}" for number in range(len(types)))
    return Relation(sql=f"(VALUES {texts}) AS {own}({header})", columns=_renamed(node, columns))


def _bind_unnest(context: Context, node: exp.Unnest, binder: Binder) -> Relation:
    if len(node.expressions) != 1:
        message = "the sandbox unnests one array or map at a time"
        raise QueryError("NOT_SUPPORTED", message, place(node))
    value = binder.bind(node.expressions[0])
    if value.type.kind not in {"array", "map"}:
        message = f"Cannot unnest type: {value.type}"
        raise QueryError("INVALID_FUNCTION_ARGUMENT", message, place(node))
    items = f"UNNEST({value.sql})"
    parts, types = ["u.e"], list(value.type.of)
    if value.type.kind == "map":
        items, parts = f"UNNEST(map_entries({value.sql}))", ["u.e.key", "u.e.value"]
    alias = node.args.get("alias")
    names = [column.name for column in alias.columns] if alias else []
    counted = node.args.get("offset")
    if counted:
        parts, types = [*parts, "u.o"], [*types, BIGINT]
        names += [counted.name] if isinstance(counted, exp.Identifier) else []
    own = f"r{context.number()}"
    chosen = ", ".join(f"{part} AS c{number}" for number, part in enumerate(parts, start=1))
    rows = f"{items} WITH ORDINALITY AS u(e, o)" if counted else f"{items} AS u(e)"
    columns = [
        Column(
            name=names[position] if position < len(names) else f"_col{position}",
            qualifier=(node.alias.lower(),) if node.alias else (),
            sql=f"{own}.c{position + 1}",
            type=type_,
            uses=value.uses,
        )
        for position, type_ in enumerate(types)
    ]
    sql = f"({select(chosen, rows)}) AS {own}"
    return Relation(sql=sql, columns=columns, always=value.uses)


def _renamed(node: exp.Expr, columns: Sequence[Column]) -> Sequence[Column]:
    """The columns under the names of a table alias, `AS t(a, b)`."""
    alias = node.args.get("alias")
    names = [column.name for column in alias.columns] if alias else []
    if not names:
        return columns
    shown = [column for column in columns if not column.hidden]
    if len(names) != len(shown):
        message = (
            f"Column alias list has {len(names)} entries but relation has {len(shown)} columns"
        )
        raise QueryError("MISMATCHED_COLUMN_ALIASES", message, place(node))
    return [replace(column, name=name) for column, name in zip(shown, names, strict=True)]
