"""Queries over the lake, through Athena."""

from __future__ import annotations

import logging
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import boto3
import pyathena
from pyathena.error import DatabaseError

from components.lake.query_library import queries
from fleet.errors import ToldError, what_was_typed
from fleet.lake.reports_stack import ReportsStack

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
class Result:
    """What a query found."""

    columns: Sequence[str]
    rows: Iterable[Sequence[Any]]
    """Read page by page, once."""
    scanned_bytes: int
    seconds: float
    """Until the first row can be read."""


@dataclass(frozen=True, kw_only=True)
class Answer(Result):
    """What a query found, read to its end."""

    rows: Sequence[Sequence[Any]]


def lake_of(here: ReportsStack) -> Lake:
    return Lake(
        session=here.session,
        region=here.settings.region,
        database=here.outputs["reports_database"],
        workgroup=here.outputs["reports_workgroup"],
    )


def named_or_sql(
    text: str, region: str, raw_columns: Mapping[str, Sequence[str]], **values: str
) -> str:
    """The SQL of one of the lake's own queries, by its name, or SQL as it is given.

    Raises ToldError for a word that is no query's name, a query that the lake has not what it
    reads of, or a parameter that the query has not.
    """
    known = queries(region)
    if text in known:
        if lacks := known[text].lacks(raw_columns):
            raise ToldError(f"this lake cannot answer {text}: {lacks}")
        with what_was_typed():
            return known[text].sql(**values)
    if " " not in text.strip():
        raise ToldError(f"there is no query {text}; there are: {', '.join(known)}")
    if values:
        raise ToldError("parameters are for the lake's own queries; write them into the SQL")
    return text


def run_query(lake: Lake, sql: str, *, poll_seconds: float = 0.5) -> Answer:
    """Runs a query to its end. Raises QueryFailed with Athena's reason."""
    with queried(lake, sql, poll_seconds=poll_seconds) as result:
        return Answer(
            columns=result.columns,
            rows=list(result.rows),
            scanned_bytes=result.scanned_bytes,
            seconds=result.seconds,
        )


@contextmanager
def queried(lake: Lake, sql: str, *, poll_seconds: float = 0.5) -> Generator[Result]:
    """A query's result as long as it is read. Raises QueryFailed with Athena's reason; Ctrl-C
    stops the query."""
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
            yield Result(
                columns=[str(column[0]) for column in cast(list[Any], cursor.description or [])],
                rows=cursor,
                scanned_bytes=cursor.data_scanned_in_bytes or 0,
                seconds=time.monotonic() - started,
            )
        except DatabaseError as error:
            raise QueryFailed(f"{error}\nin: {sql}") from error
