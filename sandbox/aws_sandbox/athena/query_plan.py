"""A query over Glue's tables, planned by sqlglot's optimizer into DuckDB's SQL over scans.

Each mention of a table is a scan of its own, also through views and WITH: Trino reads it anew.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp
from sqlglot.errors import OptimizeError
from sqlglot.optimizer.pushdown_projections import pushdown_projections
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.resolver import Resolver
from sqlglot.optimizer.scope import traverse_scope
from sqlglot.schema import MappingSchema

from aws_sandbox.athena.duckdb_sql import duckdb_sql
from aws_sandbox.athena.glue_catalog import Catalog, Table, View, check_view
from aws_sandbox.athena.predicates import Predicate, predicates
from aws_sandbox.athena.sql import ATHENA, QueryError, parse, place, refuse_unknown
from aws_sandbox.athena.sql_types import typed

_UNRESOLVED = re.compile(
    r"Column '\"?(?P<name>[^'\"]+)\"?' could not be resolved(?: for table: '(?P<table>.+?)')?"
    r"(?:\. Line: (?P<line>\d+), Col: (?P<end>\d+))?"
)


@dataclass(frozen=True, kw_only=True)
class Scan:
    """One reading of a table."""

    name: str
    """Of the view that stands for it in DuckDB."""
    table: Table
    read: frozenset[str]
    """The columns that the result depends on."""
    predicates: Sequence[Predicate]
    """What holds of all its rows that matter."""


@dataclass(frozen=True, kw_only=True)
class QueryPlan:
    """A query ready to run."""

    sql: str
    """DuckDB's, over views named as the scans are."""
    columns: Sequence[tuple[str, exp.DataType]]
    scans: Sequence[Scan]


def plan(query: exp.Select, catalog: Catalog, database: str) -> QueryPlan:
    """QueryError where Athena would fail; names without a database mean tables of the given one."""
    tables = _Tables(catalog=catalog)
    found = tables.put_in(query.copy(), database.lower(), ())
    schema = MappingSchema(tables.columns, dialect=ATHENA)
    qualified = _qualified(found, schema)
    typed(qualified, schema)
    for node in qualified.find_all(exp.Subquery):
        if (view := node.meta.get("view")) and isinstance(node.this, exp.Select):
            check_view(view, node.this)
    columns = [
        (re.sub(r"_col_(\d+)", r"_col\1", one.alias_or_name), one.type or exp.DataType())
        for one in qualified.selects
    ]
    scans = _scans(pushdown_projections(qualified), tables)
    return QueryPlan(sql=duckdb_sql(qualified), columns=columns, scans=scans)


@dataclass(kw_only=True)
class _Tables:
    """The tables that a query comes to read."""

    catalog: Catalog
    found: dict[tuple[str, str], Table] = field(default_factory=dict[tuple[str, str], Table])

    @property
    def columns(self) -> dict[str, object]:
        """By database and table, as sqlglot's schemas have them."""
        known: dict[str, dict[str, Mapping[str, exp.DataType]]] = {}
        for (database, name), table in self.found.items():
            columns = {one.name: one.type for one in (*table.columns, *table.partition_keys)}
            known.setdefault(database, {})[name] = columns
        return {**known}

    def put_in(self, query: exp.Select, database: str, views: Sequence[str]) -> exp.Select:
        """The query with views and the subqueries of WITH where their names stood."""
        refuse_unknown(query)
        ctes: dict[str, exp.Expr] = {}
        clause = query.args.get("with_")
        query.set("with_", None)
        for cte in clause.expressions if clause else ():
            ctes[cte.alias.lower()] = self._replaced(cte.this, ctes, database, views)
        return self._replaced(query, ctes, database, views)

    def _replaced(
        self, query: exp.Select, ctes: Mapping[str, exp.Expr], database: str, views: Sequence[str]
    ) -> exp.Select:
        for node in list(query.find_all(exp.Table)):
            name, alias = node.name.lower(), node.alias_or_name
            if not node.db and name in ctes:
                node.replace(exp.Subquery(this=ctes[name].copy(), alias=_alias(alias)))
                continue
            own = (node.db or database).lower()
            found = self.catalog.table(own, name)
            if found is None:
                message = f"Table 'awsdatacatalog.{own}.{name}' does not exist"
                raise QueryError("TABLE_NOT_FOUND", message, place(node))
            if isinstance(found, View):
                subquery = exp.Subquery(this=self._view(found, views), alias=_alias(alias))
                subquery.meta["view"] = found
                node.replace(subquery)
            else:
                self.found[own, name] = found
                node.set("db", exp.to_identifier(own))
        return query

    def _view(self, view: View, views: Sequence[str]) -> exp.Select:
        """A view's query, in the database it was made in."""
        name = f"{view.database}.{view.name}"
        if name in views:
            raise QueryError("VIEW_IS_RECURSIVE", f"View '{name}' is recursive")
        return self.put_in(parse(view.sql), view.schema, (*views, name))


def _alias(name: str) -> exp.TableAlias:
    return exp.TableAlias(this=exp.to_identifier(name))


def _qualified(query: exp.Select, schema: MappingSchema) -> exp.Select:
    try:
        # Trino knows no name of the select list in WHERE, GROUP BY or HAVING.
        found = qualify(query, schema=schema, dialect=ATHENA, expand_alias_refs=False)
    except OptimizeError as error:
        match = _UNRESOLVED.search(str(error))
        if match is None:
            raise QueryError("SYNTAX_ERROR", str(error)) from error
        column = ".".join(filter(None, (match["table"], match["name"])))
        where = ""
        if match["line"]:
            where = f"line {match['line']}:{int(match['end']) - len(match['name']) + 1}: "
        raise _unresolved(column, where) from error
    for scope in traverse_scope(found):  # which leaves HAVING as it is
        resolver = Resolver(scope, schema)
        having = scope.expression.args.get("having")
        for column in having.find_all(exp.Column) if having else ():
            if not column.table:
                column.set("table", resolver.get_table(column))
            if not column.table:
                raise _unresolved(column.name, place(column))
    return found


def _unresolved(column: str, where: str) -> QueryError:
    message = (
        f"Column '{column}' cannot be resolved or requester is not authorized to access "
        "requested resources"
    )
    return QueryError("COLUMN_NOT_FOUND", message, where)


def _scans(query: exp.Select, tables: _Tables) -> Sequence[Scan]:
    """Puts the names of scans in place of tables, and tells what each has to read."""
    scopes = traverse_scope(query)
    reached = predicates(scopes)
    scans: list[Scan] = []
    for scope in scopes:
        for alias, (node, source) in scope.selected_sources.items():
            if isinstance(source, exp.Table) and isinstance(node, exp.Table):
                table = tables.found[node.db, node.name]
                named = {column.name for column in scope.columns if column.table == alias}
                scans.append(
                    Scan(
                        name=f"scan_{len(scans) + 1}",
                        table=table,
                        read=frozenset(named),
                        predicates=reached[id(source)],
                    )
                )
                node.set("this", exp.to_identifier(scans[-1].name))
                node.set("db", None)
    return scans
