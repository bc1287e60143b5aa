"""Bound queries, and what the parts of binding need of each other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from sqlglot import exp

from aws_sandbox.athena.sql.binder import Binder, Bound, coerced, select
from aws_sandbox.athena.sql.errors import QueryError
from aws_sandbox.athena.sql.parsing import place
from aws_sandbox.athena.sql.scope import NO_ORIGINS, NOTHING, Column, Scan, Scope
from aws_sandbox.athena.sql.types import Type


@dataclass(frozen=True, kw_only=True)
class Output:
    """A bound query: its SQL gives columns named c1, c2, ….

    Reading it always needs `always`; a column that nobody names further out needs nothing more.
    """

    sql: str
    columns: Sequence[Column]
    always: frozenset[tuple[Scan, str]] = NOTHING


@dataclass(frozen=True, kw_only=True)
class Names:
    """What a bare table name may mean: the common table expressions around it."""

    ctes: Mapping[str, Callable[[], Output]]


class Context(Protocol):
    """What binding a FROM needs of the query binder."""

    def number(self) -> int:
        """The next number for an alias."""
        ...

    def table(self, node: exp.Table) -> Scan | Output:
        """A table to scan, or the query of a view."""
        ...

    def query(self, node: exp.Expr, outer: Scope | None, names: Names) -> Output: ...

    def binder(self, scope: Scope, names: Names) -> Binder: ...


def converted(output: Output, types: Sequence[Type]) -> Output:
    """The same rows with other column types."""
    pairs = list(zip(output.columns, types, strict=True))
    if all(column.type == type_ for column, type_ in pairs):
        return output
    texts = ", ".join(
        f"{coerced(Bound(sql=f'c{number}', type=column.type), type_)} AS c{number}"
        for number, (column, type_) in enumerate(pairs, start=1)
    )
    return Output(
        sql=select(texts, f"({output.sql})"),
        columns=[
            replace(
                column,
                type=type_,
                origins=column.origins if column.type == type_ else NO_ORIGINS,
            )
            for column, type_ in pairs
        ],
        always=output.always,
    )


def refuse_arguments(node: exp.Expr, known: set[str]) -> None:
    """Refuses a clause that the sandbox would otherwise pass over."""
    for name, value in node.args.items():
        if value and name not in known:
            message = f"the sandbox does not know {name.strip('_').upper()} in {node.sql('trino')}"
            raise QueryError("NOT_SUPPORTED", message, place(node))
