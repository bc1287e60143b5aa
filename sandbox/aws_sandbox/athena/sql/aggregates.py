"""Aggregate and window functions, with DISTINCT, ORDER BY, FILTER, WITHIN GROUP and OVER."""

from collections.abc import Sequence

from sqlglot import exp

from aws_sandbox.athena.sql.binder import Binder, Bound, handles, made
from aws_sandbox.athena.sql.errors import QueryError
from aws_sandbox.athena.sql.functions import AGGREGATES, WINDOWED
from aws_sandbox.athena.sql.parsing import place
from aws_sandbox.athena.sql.signatures import resolve
from aws_sandbox.athena.sql.types import BIGINT, BOOLEAN, decimal


def aggregate(
    binder: Binder, node: exp.Anonymous, order: exp.Order | None = None, suffix: str = ""
) -> Bound:
    """An aggregate's call; the suffix is its FILTER and OVER, which stand within its cast."""
    name = node.name.lower()
    if name == "count" and (not node.expressions or isinstance(node.expressions[0], exp.Star)):
        return Bound(sql=f"count(*){suffix}", type=BIGINT, plain=False)
    arguments, distinct, sorting = _aggregated(node, order)
    bounds = [binder.bind(argument) for argument in arguments]
    sorts = [bound for bound, _ in _ordered(binder, sorting)]
    if name == "sum" and bounds[0].type.kind == "decimal":
        result = decimal(38, bounds[0].type.scale)
        sql, cast = f"sum({bounds[0].sql})", None
    else:
        chosen = resolve(AGGREGATES, replace_arguments(node, arguments), bounds)
        result, cast = chosen.returns, chosen.signature.cast
        sql = chosen.sql(safe=binder.safe, fail=binder.fail)
    if distinct:
        sql = sql.replace("(", "(DISTINCT ", 1)
    if sorting:
        sql = f"{sql[:-1]} ORDER BY {ordering(binder, sorting)})"
    whole = f"{sql}{suffix}"
    if cast:
        whole = f"CAST({whole} AS {result.duckdb})"
    return made(whole, result, *bounds, *sorts, plain=False)


@handles(exp.Filter)
def filtered(binder: Binder, node: exp.Filter) -> Bound:
    return _with_suffix(binder, node, "")


@handles(exp.WithinGroup)
def within_group(binder: Binder, node: exp.WithinGroup) -> Bound:
    return _with_suffix(binder, node, "")


@handles(exp.Window)
def windowed(binder: Binder, node: exp.Window) -> Bound:
    over, parts = window(binder, node)
    inner = node.this
    function = inner.this if isinstance(inner, (exp.IgnoreNulls, exp.RespectNulls)) else inner
    if isinstance(function, exp.Anonymous) and function.name.lower() in WINDOWED:
        bounds = [binder.bind(argument) for argument in function.expressions]
        chosen = resolve(WINDOWED, function, bounds)
        sql = chosen.sql(safe=binder.safe, fail=binder.fail)
        if isinstance(inner, exp.IgnoreNulls):
            sql = f"{sql[:-1]} IGNORE NULLS)"
        return made(f"{sql}{over}", chosen.returns, *bounds, *parts, plain=False)
    bound = _with_suffix(binder, inner, over)
    return made(bound.sql, bound.type, bound, *parts, plain=False)


def window(binder: Binder, node: exp.Window) -> tuple[str, Sequence[Bound]]:
    """The OVER clause, and what it names."""
    if alias := node.args.get("alias"):
        if alias.name.lower() not in binder.windows:
            message = f"Cannot resolve WINDOW name {alias.name}"
            raise QueryError("INVALID_WINDOW_REFERENCE", message, place(node))
        return window(binder, binder.windows[alias.name.lower()])
    partition = [binder.bind(part) for part in node.args.get("partition_by") or ()]
    order = node.args.get("order")
    sorting: Sequence[exp.Ordered] = order.expressions if order else ()
    clauses: list[str] = []
    if partition:
        clauses.append("PARTITION BY " + ", ".join(part.sql for part in partition))
    if sorting:
        clauses.append("ORDER BY " + ordering(binder, sorting))
    if spec := node.args.get("spec"):
        clauses.append(_frame(spec))
    sorts = [bound for bound, _ in _ordered(binder, sorting)]
    return f" OVER ({' '.join(clauses)})", [*partition, *sorts]


def ordering(binder: Binder, sorting: Sequence[exp.Ordered]) -> str:
    """Sort keys with their direction; Trino puts NULLs last unless told otherwise."""
    return ", ".join(f"{bound.sql} {how}" for bound, how in _ordered(binder, sorting))


def direction(node: exp.Ordered) -> str:
    nulls = "FIRST" if node.args.get("nulls_first") else "LAST"
    return f"{'DESC' if node.args.get('desc') else 'ASC'} NULLS {nulls}"


def replace_arguments(node: exp.Anonymous, arguments: Sequence[exp.Expr]) -> exp.Anonymous:
    copy = exp.Anonymous(this=node.this, expressions=list(arguments))
    copy.meta.update(node.meta)
    return copy


def _ordered(binder: Binder, sorting: Sequence[exp.Ordered]) -> list[tuple[Bound, str]]:
    return [(binder.bind(key.this), direction(key)) for key in sorting]


def _with_suffix(binder: Binder, node: exp.Expr, suffix: str) -> Bound:
    """An aggregate under any of FILTER, WITHIN GROUP and OVER."""
    order: exp.Order | None = None
    conditions: list[Bound] = []
    while not isinstance(node, exp.Anonymous):
        if isinstance(node, exp.Filter):
            message = "FILTER condition must be a boolean: {}"
            conditions.append(binder.bind_as(node.expression.this, BOOLEAN, message))
        elif isinstance(node, exp.WithinGroup):
            order = node.expression
        else:
            message = f"the sandbox does not know {node.sql('trino')} here"
            raise QueryError("NOT_SUPPORTED", message, place(node))
        node = node.this
    if node.name.lower() not in AGGREGATES:
        message = f"{node.name} is no aggregate function that the sandbox knows"
        raise QueryError("FUNCTION_NOT_FOUND", message, place(node))
    filters = "".join(f" FILTER (WHERE {condition.sql})" for condition in conditions)
    bound = aggregate(binder, node, order, filters + suffix)
    return made(bound.sql, bound.type, bound, *conditions, plain=False)


def _aggregated(
    node: exp.Anonymous, order: exp.Order | None
) -> tuple[Sequence[exp.Expr], bool, Sequence[exp.Ordered]]:
    """An aggregate's arguments, whether they are DISTINCT, and their order."""
    arguments = list(node.expressions)
    sorting = list(order.expressions) if order else []
    if arguments and isinstance(arguments[-1], exp.Order):
        last = arguments.pop()
        sorting = list(last.expressions)
        arguments.append(last.this)
    distinct = bool(arguments) and isinstance(arguments[0], exp.Distinct)
    if distinct:
        arguments = [*arguments[0].expressions, *arguments[1:]]
    return arguments, distinct, sorting


def _frame(spec: exp.WindowSpec) -> str:
    def bound(side: str) -> str:
        value = spec.args[side]
        text = value.name if isinstance(value, exp.Literal) else str(value)
        return f"{text} {spec.args.get(f'{side}_side') or ''}".strip()

    given = [value for value in spec.args.values() if isinstance(value, exp.Expr)]
    known = str(spec.args["kind"]).upper() in {"ROWS", "RANGE"} and not spec.args.get("exclude")
    if not known or not all(isinstance(value, exp.Literal) for value in given):
        raise QueryError("NOT_SUPPORTED", f"the sandbox has no frame {spec.sql('trino')}")
    return f"{spec.args['kind']} BETWEEN {bound('start')} AND {bound('end')}"
