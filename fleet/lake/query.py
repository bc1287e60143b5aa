"""Queries over the lake, through Athena."""

from __future__ import annotations

import csv
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import boto3
import pyathena
from pyathena.error import DatabaseError
from rich.table import Table

from components.lake.query_library import queries
from fleet.errors import ToldError

# It logs each failure with its stack beside raising it.
logging.getLogger("pyathena").addHandler(logging.NullHandler())


class QueryFailed(ToldError):
    """Athena's reason, and the query."""


@dataclass(frozen=True, kw_only=True)
class Lake:
    """Where a stack's reports are queried."""

    session: boto3.Session
    region: str
    database: str
    workgroup: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    scanned_bytes: int
    seconds: float

    def table(self, title: str = "", *, rows: int = 50) -> Table:
        """The first rows, as a person reads them."""
        table = Table(*self.columns, title=title or None)
        for row in self.rows[:rows]:
            table.add_row(*("" if value is None else str(value) for value in row))
        return table

    def write_csv(self, path: Path) -> None:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(self.columns)
            writer.writerows(self.rows)


def named_or_sql(
    text: str, region: str, raw_columns: Mapping[str, Sequence[str]], **values: str
) -> str:
    """The SQL of one of the lake's own queries, by its name, or SQL as it is given.

    Raises ValueError for a word that is no query's name, a query that the lake has not what it
    reads of, or a parameter that the query has not.
    """
    known = queries(region)
    if text in known:
        if lacks := known[text].lacks(raw_columns):
            raise ValueError(f"this lake cannot answer {text}: {lacks}")
        return known[text].sql(**values)
    if " " not in text.strip():
        raise ValueError(f"there is no query {text}; there are: {', '.join(known)}")
    if values:
        raise ValueError("parameters are for the lake's own queries; write them into the SQL")
    return text


def run_query(lake: Lake, sql: str, *, poll_seconds: float = 0.5) -> Answer:
    """Runs a query to its end. Raises QueryFailed with Athena's reason."""
    started = time.monotonic()
    with (
        # PyAthena's own types are partly unknown.
        cast(Any, pyathena).connect(
            session=lake.session,
            region_name=lake.region,
            schema_name=lake.database,
            work_group=lake.workgroup,
            poll_interval=poll_seconds,
        ) as connection,
        connection.cursor() as cursor,
    ):
        try:
            cursor.execute(sql)
        except DatabaseError as error:
            raise QueryFailed(f"{error}\nin: {sql}") from error
        return Answer(
            columns=[str(column[0]) for column in cast(list[Any], cursor.description or [])],
            rows=cursor.fetchall(),
            scanned_bytes=cursor.data_scanned_in_bytes or 0,
            seconds=time.monotonic() - started,
        )
