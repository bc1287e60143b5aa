"""Rows of short facts and a long one, for terminals as wide as a page and as narrow as a phone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table

_NARROW = 72
"""Columns of a terminal below which a row has several lines."""
_LONG = 16
"""Columns of the long fact below which it has too."""


def show(
    console: Console,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    room: int | None = None,
) -> None:
    """The last column is the long one; facts may have lines of their own. Nothing is cut: what is
    too long goes on in the next line. `room` is how many columns a table needs, where it is not by
    what stands in it."""
    rows = [*rows]
    if console.width < (max(_NARROW, _width([columns, *rows]) + _LONG) if room is None else room):
        for row in rows:
            _stand(console, row)
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns[:-1]:
        table.add_column(column, no_wrap=True)
    table.add_column(columns[-1], overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table, highlight=False, soft_wrap=False)


def _width(rows: Iterable[Sequence[str]]) -> int:
    """Of all columns but the last, with the room between."""
    columns = zip(*(row[:-1] for row in rows), strict=True)
    return sum(
        2 + max(cell_len(line) for fact in column for line in fact.split("\n"))
        for column in columns
    )


def _stand(console: Console, row: Sequence[str]) -> None:
    """A row where there is no room beside: below its first fact the others, then the long one."""
    short = ["  ".join(fact.split("\n")).strip() for fact in row[:-1]]
    first, *others = ["  ".join(filter(None, short[:2])), *filter(None, short[2:])]
    console.print(first, style="bold", highlight=False, soft_wrap=False)
    for line in others:
        console.print(line, highlight=False, soft_wrap=False)
    console.print(Padding(row[-1], (0, 0, 0, 2)), highlight=False, soft_wrap=False, overflow="fold")


def ago(time: datetime, now: datetime) -> str:
    """How long ago, by its two largest units."""
    since = max(now - time, timedelta())
    days, seconds = since.days, since.seconds
    if days:
        return f"{days} d {seconds // 3600} h"
    if seconds >= 3600:
        return f"{seconds // 3600} h {seconds % 3600 // 60} min"
    return f"{seconds // 60} min" if seconds >= 60 else f"{seconds} s"


def short(arn: str) -> str:
    """What an ARN is of, in its account and Region; another text as it is."""
    return arn.split(":", 5)[-1] if arn.startswith("arn:") else arn
