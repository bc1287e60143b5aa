"""Whole queries: SELECT, set operations, WITH and views, bound into DuckDB's SQL."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from sqlglot import exp

from aws_sandbox.athena.catalog.tables import Catalog, View
from aws_sandbox.athena.sql import arithmetic, calls, casts, conditions, literals
from aws_sandbox.athena.sql.binder import Binder, SubqueryColumns
from aws_sandbox.athena.sql.errors import QueryError
from aws_sandbox.athena.sql.outputs import Names, Output, converted, refuse_arguments
from aws_sandbox.athena.sql.parsing import parse, place
from aws_sandbox.athena.sql.scope import NO_ORIGINS, Column, Scan, Scope
from aws_sandbox.athena.sql.select import bind_select
from aws_sandbox.athena.sql.sorting import finished
from aws_sandbox.athena.sql.types import UNKNOWN, VARCHAR, Type, coerces, common

HANDLERS = (arithmetic, calls, casts, conditions, literals)
"""The modules that know the nodes of expressions: importing them registers their handlers."""

_SET_ARGUMENTS = {"this", "expression", "distinct", "order", "limit", "offset", "with_"}
_SUBQUERY_ARGUMENTS = {"this", "with_", "order", "limit", "offset"}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A query ready to run: DuckDB's SQL over views named as its scans are."""

    sql: str
    columns: Sequence[Column]
    scans: Sequence[Scan]
    read: Mapping[Scan, frozenset[str]]
    """The columns of each scan that the result depends on."""


def plan(node: exp.Expr, catalog: Catalog, database: str) -> Plan:
    """Binds a query; names without a database mean tables of the given one."""
    queries = _Queries(catalog=catalog, database=database)
    output = queries.query(node, None, Names(ctes={}))
    shown = [VARCHAR if one.type == UNKNOWN else one.type for one in output.columns]
    output = converted(output, shown)
    used = output.always.union(*(column.uses for column in output.columns))
    return Plan(
        sql=output.sql,
        columns=output.columns,
        scans=queries.scans,
        read={scan: frozenset(name for one, name in used if one is scan) for scan in queries.scans},
    )


@dataclass(kw_only=True)
class _Queries:
    """The state of binding one query, and what its parts ask for (`outputs.Context`)."""

    catalog: Catalog
    database: str
    scans: list[Scan] = field(default_factory=list[Scan])
    views: tuple[str, ...] = ()
    """The views that are being read, outermost first."""
    numbers: list[int] = field(default_factory=lambda: [0])

    def number(self) -> int:
        self.numbers[0] += 1
        return self.numbers[0]

    def binder(self, scope: Scope, names: Names) -> Binder:
        return Binder(scope=scope, subqueries=partial(self._subquery, names=names))

    def query(self, node: exp.Expr, outer: Scope | None, names: Names) -> Output:
        known = self._with(node, outer, names)
        outside = self.binder(Scope(columns=(), outer=outer), known)
        match node:
            case exp.Select():
                return bind_select(self, node, outer, known)
            case exp.Subquery():
                refuse_arguments(node, _SUBQUERY_ARGUMENTS)
                return finished(node, self.query(node.this, outer, known), outside)
            case exp.SetOperation():
                refuse_arguments(node, _SET_ARGUMENTS)
                return finished(node, self._combined(node, outer, known), outside)
            case exp.Values():
                star = exp.Select(expressions=[exp.Star()], from_=exp.From(this=node.copy()))
                return bind_select(self, star, outer, known)
            case _:
                message = f"the sandbox does not know the query {node.sql('trino')}"
                raise QueryError("NOT_SUPPORTED", message, place(node))

    def table(self, node: exp.Table) -> Scan | Output:
        if node.catalog and node.catalog.lower() != "awsdatacatalog":
            message = f"Catalog '{node.catalog}' not found"
            raise QueryError("CATALOG_NOT_FOUND", message, place(node))
        database = (node.db or self.database).lower()
        found = self.catalog.table(database, node.name.lower())
        if found is None:
            message = f"Table 'awsdatacatalog.{database}.{node.name.lower()}' does not exist"
            raise QueryError("TABLE_NOT_FOUND", message, place(node))
        if isinstance(found, View):
            return self._view(found, node)
        scan = Scan(number=len(self.scans) + 1, table=found)
        self.scans.append(scan)
        return scan

    def _view(self, view: View, node: exp.Table) -> Output:
        """A view's query, in the database it was made in, with the columns it was stored with."""
        name = f"{view.database}.{view.name}"
        if name in self.views:
            raise QueryError("VIEW_IS_RECURSIVE", f"View '{name}' is recursive", place(node))
        inside = replace(self, database=view.schema, views=(*self.views, name))
        output = inside.query(parse(view.sql), None, Names(ctes={}))
        stored = [(column.name, column.type) for column in view.columns]
        found = [(column.name.lower(), column.type) for column in output.columns]
        if len(stored) != len(found) or any(
            was[0] != now[0] or not coerces(now[1], was[1])
            for was, now in zip(stored, found, strict=True)
        ):
            listed = ", ".join(f"{column} {type_}" for column, type_ in found)
            message = f"View '{name}' is stale or in invalid state: its query now gives ({listed})"
            raise QueryError("VIEW_IS_STALE", message, place(node))
        return converted(output, [type_ for _, type_ in stored])

    def _subquery(self, node: exp.Expr, scope: Scope, names: Names) -> SubqueryColumns:
        """A query within an expression, which may name the columns around it."""
        query = node.this if isinstance(node, exp.Subquery) else node
        output = self.query(query, scope, names)
        return SubqueryColumns(
            sql=output.sql,
            types=[column.type for column in output.columns],
            uses=output.always.union(*(column.uses for column in output.columns)),
        )

    def _with(self, node: exp.Expr, outer: Scope | None, names: Names) -> Names:
        clause = node.args.get("with_")
        if clause is None:
            return names
        if clause.args.get("recursive"):
            raise QueryError("NOT_SUPPORTED", "the sandbox has no WITH RECURSIVE", place(node))
        ctes: dict[str, Callable[[], Output]] = dict(names.ctes)
        for cte in clause.expressions:
            around = Names(ctes=dict(ctes))
            ctes[cte.alias.lower()] = partial(self._cte, cte, outer, around)
        return Names(ctes=ctes)

    def _cte(self, cte: exp.CTE, outer: Scope | None, names: Names) -> Output:
        """Bound anew for each mention, as Trino reads its tables anew for each."""
        output = self.query(cte.this, outer, names)
        aliases = [column.name for column in cte.args["alias"].columns]
        if not aliases:
            return output
        if len(aliases) != len(output.columns):
            message = f"WITH query has {len(output.columns)} columns, not {len(aliases)}"
            raise QueryError("MISMATCHED_COLUMN_ALIASES", message, place(cte))
        pairs = zip(output.columns, aliases, strict=True)
        return replace(output, columns=[replace(column, name=name) for column, name in pairs])

    def _combined(self, node: exp.SetOperation, outer: Scope | None, names: Names) -> Output:
        """UNION, INTERSECT and EXCEPT: columns by position, as the types that both sides have."""
        word = type(node).__name__.upper()
        left, right = (self.query(side, outer, names) for side in (node.left, node.right))
        types = _common_types(left, right, word, node)
        first, second = converted(left, types), converted(right, types)
        distinct = bool(node.args.get("distinct"))
        columns = [
            replace(
                one,
                uses=one.uses | other.uses,
                origins=(
                    {**one.origins, **other.origins}
                    if one.origins and other.origins
                    else NO_ORIGINS
                ),
            )
            for one, other in zip(first.columns, second.columns, strict=True)
        ]
        always = first.always | second.always
        if distinct or word != "UNION":  # whole rows are compared
            always = always.union(*(column.uses for column in columns))
        return Output(
            sql=f"({first.sql}) {word}{'' if distinct else ' ALL'} ({second.sql})",
            columns=columns,
            always=always,
        )


def _common_types(left: Output, right: Output, word: str, node: exp.Expr) -> Sequence[Type]:
    counts = len(left.columns), len(right.columns)
    if counts[0] != counts[1]:
        message = f"{word} query has different number of fields: {counts[0]}, {counts[1]}"
        raise QueryError("TYPE_MISMATCH", message, place(node))
    types: list[Type] = []
    for position, (one, other) in enumerate(zip(left.columns, right.columns, strict=True), 1):
        both = common(one.type, other.type)
        if both is None:
            message = (
                f"column {position} in {word} query has incompatible types: "
                f"{one.type}, {other.type}"
            )
            raise QueryError("TYPE_MISMATCH", message, place(node))
        types.append(both)
    return types
