"""ORDER BY, OFFSET and LIMIT."""

from dataclasses import replace

from sqlglot import exp

from aws_sandbox.athena.sql.aggregates import direction
from aws_sandbox.athena.sql.binder import Binder
from aws_sandbox.athena.sql.errors import QueryError
from aws_sandbox.athena.sql.outputs import Output
from aws_sandbox.athena.sql.parsing import place
from aws_sandbox.athena.sql.scope import NO_ORIGINS, ScanColumn


def finished(node: exp.Expr, output: Output, binder: Binder) -> Output:
    """A query with its ORDER BY, OFFSET and LIMIT; the binder knows what its FROM gives."""
    clauses: list[str] = []
    always = output.always
    order = node.args.get("order")
    if order is not None:
        keys = [_sort_key(key, output, binder) for key in order.expressions]
        clauses.append("ORDER BY " + ", ".join(text for text, _ in keys))
        always = always.union(*(uses for _, uses in keys))
    amounts = {"OFFSET": node.args.get("offset"), "LIMIT": node.args.get("limit")}
    counts = {word: _amount(clause) for word, clause in amounts.items() if clause is not None}
    limits = [f"{word} {count}" for word, count in counts.items() if count is not None]
    columns = output.columns
    if limits:  # a condition on what comes out may not be applied to what goes in
        columns = [replace(column, origins=NO_ORIGINS) for column in columns]
    sql = " ".join([output.sql, *clauses, *limits])
    return Output(sql=sql, columns=columns, always=always)


def ordinal(node: exp.Literal, count: int, clause: str) -> int:
    """The position, from 0, that a number in GROUP BY or ORDER BY means."""
    if not node.is_int or not 1 <= int(node.name) <= count:
        message = f"{clause} position {node.name} is not in select list"
        raise QueryError("INVALID_COLUMN_REFERENCE", message, place(node))
    return int(node.name) - 1


def _sort_key(
    key: exp.Ordered, output: Output, binder: Binder
) -> tuple[str, frozenset[ScanColumn]]:
    """An output column by number or name, else an expression over what the query reads."""
    node, how = key.this, direction(key)
    if isinstance(node, exp.Literal) and not node.is_string:
        number = ordinal(node, len(output.columns), "ORDER BY")
        return f"c{number + 1} {how}", output.columns[number].uses
    if isinstance(node, exp.Column) and not node.table:
        for number, column in enumerate(output.columns):
            if column.name.lower() == node.name.lower():
                return f"c{number + 1} {how}", column.uses
    bound = binder.bind(node)
    return f"{bound.sql} {how}", bound.uses


def _amount(clause: exp.Expr) -> int | None:
    """The number of rows; None for LIMIT ALL."""
    if isinstance(clause, exp.Fetch):
        options = clause.args.get("limit_options")
        if options is not None and (options.args.get("with_ties") or options.args.get("percent")):
            raise QueryError("NOT_SUPPORTED", "the sandbox has no FETCH … WITH TIES", place(clause))
        amount = clause.args.get("count")
    else:
        amount = clause.expression
    if isinstance(amount, exp.Var) and amount.name.upper() == "ALL":
        return None
    if not isinstance(amount, exp.Literal) or not amount.is_int:
        raise QueryError("SYNTAX_ERROR", "LIMIT and OFFSET take whole numbers")
    return int(amount.name)
