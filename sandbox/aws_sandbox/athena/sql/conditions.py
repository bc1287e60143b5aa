"""Logic, comparisons, subqueries and CASE."""

from collections.abc import Sequence

from sqlglot import exp

from aws_sandbox.athena.sql.binder import Binder, Bound, coerced, handles, made, select
from aws_sandbox.athena.sql.errors import QueryError
from aws_sandbox.athena.sql.parsing import place
from aws_sandbox.athena.sql.types import BOOLEAN, UNKNOWN, VARCHAR, common

_COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
}


@handles(exp.And, exp.Or)
def connector(binder: Binder, node: exp.And | exp.Or) -> Bound:
    message = "Logical expression term must evaluate to a boolean: {}"
    left, right = (binder.bind_as(side, BOOLEAN, message) for side in (node.left, node.right))
    word = "AND" if isinstance(node, exp.And) else "OR"
    return made(f"({left.sql} {word} {right.sql})", BOOLEAN, left, right)


@handles(exp.Not)
def negation(binder: Binder, node: exp.Not) -> Bound:
    message = "Value of logical NOT expression must evaluate to a boolean (actual: {})"
    bound = binder.bind_as(node.this, BOOLEAN, message)
    return made(f"(NOT {bound.sql})", BOOLEAN, bound)


@handles(*_COMPARISONS)
def comparison(binder: Binder, node: exp.Binary) -> Bound:
    left, right = binder.bind(node.left), binder.bind(node.right)
    sign = _COMPARISONS[type(node)]
    both = common(left.type, right.type)
    if both is None or (both.kind in {"json", "map"} and "=" not in sign):
        raise QueryError(
            "TYPE_MISMATCH",
            f"Cannot apply operator: {left.type} {'=' if 'DIST' in sign else sign} {right.type}",
            place(node),
        )
    return made(f"({coerced(left, both)} {sign} {coerced(right, both)})", BOOLEAN, left, right)


@handles(exp.Between)
def between(binder: Binder, node: exp.Between) -> Bound:
    parts = [binder.bind(part) for part in (node.this, node.args["low"], node.args["high"])]
    both = common(parts[0].type, parts[1].type)
    shared = common(both, parts[2].type) if both else None
    if shared is None:
        value, low, high = (part.type for part in parts)
        raise QueryError(
            "TYPE_MISMATCH",
            f"Cannot check if {value} is BETWEEN {low} and {high}",
            place(node),
        )
    value, low, high = (coerced(part, shared) for part in parts)
    return made(f"({value} BETWEEN {low} AND {high})", BOOLEAN, *parts)


@handles(exp.In)
def membership(binder: Binder, node: exp.In) -> Bound:
    value = binder.bind(node.this)
    query = node.args.get("query")
    if query is not None:
        found = binder.subqueries(query, binder.scope)
        both = common(value.type, found.types[0]) if len(found.types) == 1 else None
        if both is None:
            types = ", ".join(map(str, found.types))
            raise QueryError(
                "TYPE_MISMATCH", f"{value.type} is not in a query of ({types})", place(node)
            )
        inside = select(f"CAST(q.c1 AS {both.duckdb})", f"({found.sql}) AS q")
        inner = Bound(sql="", type=both, uses=found.uses)
        sql = f"({coerced(value, both)} IN ({inside}))"
        return made(sql, BOOLEAN, value, inner, plain=False)
    items = [binder.bind(item) for item in node.expressions]
    message = (
        "IN value and list items must be the same type or coercible to a common type. "
        "Cannot find common type between {} and {}"
    )
    both = binder.common([value, *items], node, message)
    inside = ", ".join(coerced(item, both) for item in items)
    return made(f"({coerced(value, both)} IN ({inside}))", BOOLEAN, value, *items)


@handles(exp.Exists)
def exists(binder: Binder, node: exp.Exists) -> Bound:
    found = binder.subqueries(node.this, binder.scope)
    inner = Bound(sql="", type=BOOLEAN, uses=found.uses)
    return made(f"EXISTS ({found.sql})", BOOLEAN, inner, plain=False)


@handles(exp.Subquery)
def scalar_subquery(binder: Binder, node: exp.Subquery) -> Bound:
    found = binder.subqueries(node, binder.scope)
    if len(found.types) != 1:
        raise QueryError(
            "NOT_SUPPORTED",
            "Multiple columns returned by subquery are not yet supported. "
            f"Found {len(found.types)}",
            place(node),
        )
    inner = Bound(sql="", type=found.types[0], uses=found.uses)
    return made(f"({found.sql})", found.types[0], inner, plain=False)


@handles(exp.Is)
def is_null(binder: Binder, node: exp.Is) -> Bound:
    if not isinstance(node.expression, exp.Null):
        raise QueryError("SYNTAX_ERROR", "mismatched input after IS: expected NULL", place(node))
    bound = binder.bind(node.this)
    return made(f"({bound.sql} IS NULL)", BOOLEAN, bound)


@handles(exp.Like, exp.Escape)
def like(binder: Binder, node: exp.Like | exp.Escape) -> Bound:
    test = node.this if isinstance(node, exp.Escape) else node
    if not isinstance(test, exp.Like):
        raise QueryError("SYNTAX_ERROR", f"ESCAPE belongs to LIKE: {node.sql()}", place(node))
    message = "Left side of LIKE expression must evaluate to a varchar (actual: {})"
    value, pattern = (
        binder.bind_as(part, VARCHAR, message) for part in (test.this, test.expression)
    )
    escape = ""
    parts = [value, pattern]
    if isinstance(node, exp.Escape):
        parts.append(binder.bind_as(node.expression, VARCHAR, "ESCAPE must be a varchar, not {}"))
        escape = f" ESCAPE {parts[2].sql}"
    return made(f"({value.sql} LIKE {pattern.sql}{escape})", BOOLEAN, *parts)


@handles(exp.Case)
def case(binder: Binder, node: exp.Case) -> Bound:
    operand = node.this
    branches: Sequence[exp.If] = node.args["ifs"]
    conditions = [
        binder.bind(exp.EQ(this=operand.copy(), expression=branch.this.copy()))
        if operand
        else binder.bind_as(branch.this, BOOLEAN, "CASE WHEN clause must evaluate to a boolean: {}")
        for branch in branches
    ]
    default = node.args.get("default")
    return _choice(binder, node, conditions, [branch.args["true"] for branch in branches], default)


@handles(exp.If)
def if_function(binder: Binder, node: exp.If) -> Bound:
    condition = binder.bind_as(node.this, BOOLEAN, "IF condition must be a boolean: {}")
    return _choice(binder, node, [condition], [node.args["true"]], node.args.get("false"))


def _choice(
    binder: Binder,
    node: exp.Expr,
    conditions: Sequence[Bound],
    results: Sequence[exp.Expr],
    default: exp.Expr | None,
) -> Bound:
    values = [binder.bind(result) for result in results]
    otherwise = binder.bind(default) if default is not None else Bound(sql="NULL", type=UNKNOWN)
    message = "All CASE results must be the same type or coercible to a common type: {} and {}"
    result = binder.common([*values, otherwise], node, message)
    whens = " ".join(
        f"WHEN {condition.sql} THEN {coerced(value, result)}"
        for condition, value in zip(conditions, values, strict=True)
    )
    sql = f"CASE {whens} ELSE {coerced(otherwise, result)} END"
    return made(f"({sql})", result, *conditions, *values, otherwise)
