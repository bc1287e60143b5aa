"""Runs one query in DuckDB: bind, make its scans ready, execute, and read the rows."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import duckdb
from sqlglot import exp

from aws_sandbox.athena.catalog.tables import PartitionCatalog
from aws_sandbox.athena.results import Result, rendered
from aws_sandbox.athena.sql.binder import Bound, select
from aws_sandbox.athena.sql.casts import as_text
from aws_sandbox.athena.sql.errors import QueryError
from aws_sandbox.athena.sql.queries import plan
from aws_sandbox.athena.sql.scope import Column
from aws_sandbox.athena.storage.database import Database
from aws_sandbox.athena.storage.objects import Objects
from aws_sandbox.athena.storage.scans import Budget, Reader
from aws_sandbox.athena.storage.staging import Staging

_AS_TEXT = {"timestamp", "timestamp with time zone"}
_OWN_WORDS = (
    (
        r'column "(\w+)" must appear in the GROUP BY clause',
        "EXPRESSION_NOT_AGGREGATE: '{}' must be an aggregate expression or appear in GROUP BY",
    ),
    (r"(?:WHERE|JOIN).* cannot contain aggregates", "EXPRESSION_NOT_SCALAR: WHERE and ON clauses "
     "cannot contain aggregations, window functions or grouping operations"),
    (r"^Invalid Input Error: ([A-Z_]+: .*)", "{}"),
    (r"Overflow in (.*)", "NUMERIC_VALUE_OUT_OF_RANGE: overflow in {}"),
    (r"More than one row returned by a subquery", "SUBQUERY_MULTIPLE_ROWS: Scalar sub-query has "
     "returned multiple rows"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Runner:
    """What a query is run with."""

    catalog: PartitionCatalog
    store: Objects
    database: Database
    staging: Staging
    budget: Budget
    on_connect: Callable[[duckdb.DuckDBPyConnection], None] = field(
        default=lambda _connection: None
    )
    """Is given the connection, so that another thread may interrupt it."""

    def run(self, query: exp.Expr, database: str) -> Result:
        """The result; QueryError or BytesLimitError where Athena would fail or cancel it."""
        planned = plan(query, self.catalog, database)
        with self.database.connect() as connection:
            self.on_connect(connection)
            reader = Reader(
                connection=connection,
                catalog=self.catalog,
                store=self.store,
                staging=self.staging,
                budget=self.budget,
            )
            try:
                for scan in planned.scans:
                    reader.prepare(scan, planned.read[scan])
                shown = [
                    f"{_shown(column)} AS c{number}"
                    for number, column in enumerate(planned.columns, start=1)
                ]
                rows = connection.execute(select(", ".join(shown), f"({planned.sql})")).fetchall()
            except duckdb.InterruptException:
                raise
            except (duckdb.InternalException, duckdb.FatalException):
                self.database.renew()
                raise
            except duckdb.Error as error:
                raise _translated(error) from error
        columns = [(column.name, column.type) for column in planned.columns]
        return Result(
            columns=columns,
            rows=[
                [rendered(value, type_) for value, (_, type_) in zip(row, columns, strict=True)]
                for row in rows
            ],
        )


def _shown(column: Column) -> str:
    if column.type.kind in _AS_TEXT:
        return as_text(Bound(sql=column.sql, type=column.type))
    if column.type.kind == "interval year to month":
        raise QueryError("NOT_SUPPORTED", "the sandbox shows no INTERVAL YEAR TO MONTH")
    return f"CAST({column.sql} AS VARCHAR)" if column.type.kind == "json" else column.sql


def _translated(error: duckdb.Error) -> QueryError:
    """A failure of DuckDB's in the words of Trino's, as far as they are known."""
    text = str(error).split("\n\n", 1)[0]
    for pattern, words in _OWN_WORDS:
        if match := re.search(pattern, text):
            code, _, message = words.format(*match.groups()).partition(": ")
            return QueryError(code, message)
    return QueryError("GENERIC_USER_ERROR", text)
