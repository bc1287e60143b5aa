"""Binding of expressions: a tree node in, DuckDB's SQL with Trino's type out.

Each kind of node has one handler, registered by the module that knows about it; a node without a
handler is refused.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlglot import exp

from aws_sandbox.athena.sql.errors import QueryError
from aws_sandbox.athena.sql.parsing import place
from aws_sandbox.athena.sql.scope import NOTHING, Column, ScanColumn, Scope
from aws_sandbox.athena.sql.types import UNKNOWN, Type, common


@dataclass(frozen=True, kw_only=True)
class Bound:
    """An expression that means something."""

    sql: str
    type: Type
    uses: frozenset[ScanColumn] = NOTHING
    refs: tuple[Column, ...] = ()
    """The columns that it names."""
    plain: bool = True
    """Has no aggregate, window or subquery, so it can be evaluated on a row of a table alone."""


@dataclass(frozen=True, kw_only=True)
class SubqueryColumns:
    """A bound subquery, as far as an expression needs it."""

    sql: str
    types: Sequence[Type]
    uses: frozenset[ScanColumn]


Subqueries = Callable[[exp.Expr, Scope], SubqueryColumns]
Handler = Callable[["Binder", Any], Bound]

_HANDLERS: dict[type[exp.Expr], Handler] = {}


def handles(*kinds: type[exp.Expr]) -> Callable[[Handler], Handler]:
    """Registers the handler of these nodes."""

    def register(handler: Handler) -> Handler:
        _HANDLERS.update(dict.fromkeys(kinds, handler))
        return handler

    return register


@dataclass(frozen=True, kw_only=True)
class Binder:
    """Binds expressions at one place of a query."""

    scope: Scope
    subqueries: Subqueries
    windows: Mapping[str, exp.Window] = field(default_factory=dict[str, exp.Window])
    """Those of the WINDOW clause, by lower-case name."""
    safe: bool = False
    """Within TRY or TRY_CAST: what would fail is NULL."""
    rename: Callable[[Column], str] | None = None
    """Other SQL for the columns, to evaluate the expression elsewhere."""

    def bind(self, node: exp.Expr) -> Bound:
        handler = _HANDLERS.get(type(node))
        if handler is None:
            raise QueryError(
                "NOT_SUPPORTED", f"the sandbox does not know {node.sql('trino')}", place(node)
            )
        return handler(self, node)

    def bind_as(self, node: exp.Expr, wanted: Type, message: str) -> Bound:
        """Binds what must be of a type, or coerce into it; the message has `{}` for its type."""
        bound = self.bind(node)
        if common(bound.type, wanted) != wanted:
            raise QueryError("TYPE_MISMATCH", message.format(bound.type), place(node))
        return replace(bound, sql=coerced(bound, wanted), type=wanted)

    def common(self, bounds: Sequence[Bound], node: exp.Expr, message: str) -> Type:
        """The one type of several expressions; the message has `{}` twice, for a pair without."""
        found = UNKNOWN
        for bound in bounds:
            both = common(found, bound.type)
            if both is None:
                raise QueryError("TYPE_MISMATCH", message.format(found, bound.type), place(node))
            found = both
        return found

    def fail(self, message: str) -> str:
        """SQL for what fails when it is reached."""
        return "NULL" if self.safe else f"error({text_literal(message)})"

    def safely(self) -> "Binder":
        return replace(self, safe=True)


def coerced(bound: Bound, wanted: Type) -> str:
    """The SQL of an expression as another type that it coerces into."""
    same = bound.type.duckdb == wanted.duckdb and bound.type != UNKNOWN
    return bound.sql if same else f"CAST({bound.sql} AS {wanted.duckdb})"


def made(sql: str, result: Type, *parts: Bound, plain: bool = True) -> Bound:
    """An expression made of others."""
    return Bound(
        sql=sql,
        type=result,
        uses=NOTHING.union(*(part.uses for part in parts)),
        refs=tuple(column for part in parts for column in part.refs),
        plain=plain and all(part.plain for part in parts),
    )


def select(chosen: str, source: str) -> str:
    """A plain query, put together from parts that are bound already."""
    return " ".join(("SELECT", chosen, "FROM", source))


def text_literal(text: str) -> str:
    """Text as an SQL literal; DuckDB's knows no escapes but the doubled quote."""
    return "'" + text.replace("'", "''") + "'"


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
