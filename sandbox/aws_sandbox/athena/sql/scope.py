"""What names mean within a query: relations, their columns, and the table scans they come from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from sqlglot import exp

from aws_sandbox.athena.catalog.tables import Table
from aws_sandbox.athena.sql.errors import QueryError
from aws_sandbox.athena.sql.parsing import place
from aws_sandbox.athena.sql.types import VARCHAR, Type

PATH = "$path"
"""The hidden column with the address of the object that a row comes from."""


@dataclass(frozen=True, kw_only=True)
class Predicate:
    """A condition on one scan alone, as DuckDB's SQL over the scan's own column names."""

    columns: frozenset[str]
    sql: str
    bounds: str | None = None
    """What the smallest and largest value of the column (`{low}`, `{high}`) must fulfil for any
    value between them to; None where that cannot be said."""
    equals: Sequence[str] = ()
    """Constants of which the column must equal one, for `=` and IN."""


@dataclass(eq=False, kw_only=True)
class Scan:
    """One reading of a table: each mention of a table in a query is one."""

    number: int
    table: Table
    predicates: list[Predicate] = field(default_factory=list[Predicate])

    @property
    def name(self) -> str:
        """The view that stands for it in DuckDB."""
        return f"scan_{self.number}"

    def columns(self) -> Iterable[tuple[str, Type, bool]]:
        """Name, type, and whether `*` means it too."""
        for column in (*self.table.columns, *self.table.partition_keys):
            yield column.name, column.type, True
        yield PATH, VARCHAR, False


ScanColumn = tuple[Scan, str]
NOTHING: frozenset[ScanColumn] = frozenset()
NO_ORIGINS: Mapping[Scan, str] = MappingProxyType({})


@dataclass(eq=False, frozen=True, kw_only=True)
class Column:
    """A column that an expression may name."""

    name: str
    """As written where it was made; compared without regard to case."""
    qualifier: Sequence[str] = ()
    """`("db", "table")` or `("alias",)`, lower case; names must end with it."""
    sql: str
    type: Type
    uses: frozenset[ScanColumn] = NOTHING
    """The table columns that must be read for it."""
    origins: Mapping[Scan, str] = field(default_factory=lambda: NO_ORIGINS)
    """For each scan whose rows reach here with this column untouched, its name there: a condition
    on this column may be applied to that scan already."""
    hidden: bool = False

    def is_named(self, qualifier: Sequence[str], name: str) -> bool:
        given = tuple(self.qualifier)[-len(qualifier) :] if qualifier else ()
        return self.name.lower() == name and given == tuple(qualifier)


@dataclass(eq=False, frozen=True, kw_only=True)
class Relation:
    """What stands in FROM: its SQL, its columns, and the table columns it reads in any case."""

    sql: str
    columns: Sequence[Column]
    always: frozenset[ScanColumn] = NOTHING


@dataclass(eq=False, frozen=True, kw_only=True)
class Scope:
    """The columns that can be named at one place, and those of the queries around it."""

    columns: Sequence[Column]
    outer: "Scope | None" = None

    def resolve(self, node: exp.Column) -> Column:
        """The column that a name means; QueryError if none does, or several."""
        parts = (node.args.get("catalog"), node.args.get("db"), node.args.get("table"))
        qualifier = [part.name.lower() for part in parts if part is not None]
        name = node.name.lower()
        scope: Scope | None = self
        while scope is not None:
            found = [column for column in scope.columns if column.is_named(qualifier, name)]
            if len(found) == 1:
                return found[0]
            if found:
                raise QueryError(
                    "COLUMN_NOT_FOUND", f"Column '{_written(node)}' is ambiguous", place(node)
                )
            scope = scope.outer
        raise QueryError(
            "COLUMN_NOT_FOUND",
            f"Column '{_written(node)}' cannot be resolved or requester is not authorized to "
            "access requested resources",
            place(node),
        )

    def star(self, node: exp.Expr, qualifier: Sequence[str]) -> Sequence[Column]:
        """What `*` or `alias.*` stands for."""
        found = [
            column
            for column in self.columns
            if not column.hidden and column.is_named(qualifier, column.name.lower())
        ]
        if not found:
            name = ".".join(qualifier) or "*"
            raise QueryError("TABLE_NOT_FOUND", f"Unable to resolve reference {name}", place(node))
        return found


def _written(node: exp.Column) -> str:
    return ".".join(part.name for part in node.parts).lower()
