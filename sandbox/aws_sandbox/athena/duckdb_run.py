"""Runs one query in DuckDB: plan, make its scans ready, execute, and read the rows."""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
from sqlglot import exp

from aws_sandbox.athena.glue_catalog import Catalog
from aws_sandbox.athena.query_plan import plan
from aws_sandbox.athena.results import Result, rendered
from aws_sandbox.athena.s3_objects import ObjectReader, Staging
from aws_sandbox.athena.sql import QueryError
from aws_sandbox.athena.table_scans import Budget, Reader

_Config = dict[str, str | bool | int | float | list[str]]
_CONFIG: _Config = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "threads": 2,
    "memory_limit": "2GB",
    "python_enable_replacements": False,  # no name in a query may mean a variable of this process
}
_OWN_WORDS = (
    (
        r'column "(\w+)" must appear in the GROUP BY clause',
        "EXPRESSION_NOT_AGGREGATE: '{}' must be an aggregate expression or appear in GROUP BY",
    ),
    (r"(?:WHERE|JOIN).* cannot contain aggregates", "EXPRESSION_NOT_SCALAR: WHERE and ON clauses "
     "cannot contain aggregations, window functions or grouping operations"),
    (r"^Invalid Input Error: ([A-Z_]+: .*)", "{}"),
    (r"Overflow in (.*)", "NUMERIC_VALUE_OUT_OF_RANGE: overflow in {}"),
)  # fmt: skip


class Database:
    """The DuckDB that all queries share, since connecting to a new one takes longer than most.

    In memory, and in a folder what does not fit; each query has views and tables of its own.
    """

    def __init__(self, folder: Path) -> None:
        self._config: _Config = {**_CONFIG, "temp_directory": str(folder / "spilled")}
        self._parent = duckdb.connect(config=self._config)
        self._lock = threading.Lock()

    def connect(self) -> duckdb.DuckDBPyConnection:
        with self._lock:
            connection = self._parent.cursor()
        connection.execute("SET TimeZone = 'UTC'")
        return connection

    def renew(self) -> None:
        """After an internal error of DuckDB's, which makes the whole database unusable."""
        with self._lock:
            self._parent = duckdb.connect(config=self._config)


@dataclass(frozen=True, kw_only=True)
class Runner:
    """What a query is run with."""

    catalog: Catalog
    store: ObjectReader
    database: Database
    staging: Staging
    budget: Budget
    on_connect: Callable[[duckdb.DuckDBPyConnection], None] = field(
        default=lambda _connection: None
    )
    """Is given the connection, so that another thread may interrupt it."""

    def run(self, query: exp.Select, database: str) -> Result:
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
                    reader.prepare(scan)
                rows = connection.execute(planned.sql).fetchall()
            except duckdb.InterruptException:
                raise
            except (duckdb.InternalException, duckdb.FatalException):
                self.database.renew()
                raise
            except duckdb.Error as error:
                raise _translated(error) from error
        return Result(
            columns=planned.columns, rows=[[rendered(value) for value in row] for row in rows]
        )


def _translated(error: duckdb.Error) -> QueryError:
    """A failure of DuckDB's in the words of Trino's, as far as they are known."""
    text = str(error).split("\n\n", 1)[0]
    for pattern, words in _OWN_WORDS:
        if match := re.search(pattern, text):
            code, _, message = words.format(*match.groups()).partition(": ")
            return QueryError(code, message)
    return QueryError("GENERIC_USER_ERROR", text)
