"""A query's rows as people and as programs read them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from itertools import chain
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from fleet.errors import ToldError

Row = Sequence[Any]
_TSV_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
_CSV_QUOTED = frozenset(',"\r\n')


class Output(StrEnum):
    TABLE = "table"
    TSV = "tsv"
    CSV = "csv"
    JSON = "json"

    @property
    def has_header(self) -> bool:
        """Whether the first of its lines has the columns' names."""
        return self in (Output.TSV, Output.CSV)


def lines(output: Output, columns: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    """Rows for programs, each as it comes.

    TSV and CSV are as PostgreSQL copies them, with a header: in TSV NULL is \\N, and a tab, a line
    break and a backslash are escaped; in CSV NULL is nothing, and an empty text is quoted. JSON is
    an object a line. Raises ToldError where an object would lose a column.
    """
    if output is Output.JSON:
        twice = sorted({name for name in columns if columns.count(name) > 1})
        if twice:
            raise ToldError(f"{', '.join(twice)} names several columns: tell them apart with AS")
        for row in rows:
            fields = {name: _json(value) for name, value in zip(columns, row, strict=True)}
            yield json.dumps(fields, ensure_ascii=False, default=_json)
    else:
        separator, field = ("\t", _tsv) if output is Output.TSV else (",", _csv)
        for row in chain((columns,), rows):
            yield separator.join(map(field, row))


def show(console: Console, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Rows for people: beside each other as wide as they are, or upright where a terminal is
    narrower."""
    table = Table()
    for place, name in enumerate(columns):
        numbers = all(_is_number(row[place]) for row in rows)
        table.add_column(name, no_wrap=True, justify="right" if rows and numbers else "left")
    for row in rows:
        table.add_row(*map(_cell, row))
    needed = console.measure(table, options=console.options.update(max_width=1_000_000)).maximum
    if not console.is_terminal:
        console = Console(file=console.file, width=needed, markup=False)
    if needed <= console.width:
        console.print(table, soft_wrap=False)
        return
    for number, row in enumerate(rows, start=1):
        console.print(Rule(f"{number} of {len(rows)}", align="left"), soft_wrap=False)
        _stand(console, columns, row)


def _stand(console: Console, columns: Sequence[str], row: Row) -> None:
    """A row upright, a column a line; what is too long for its line stands below its name."""
    indent = max(map(cell_len, columns)) + 2
    for name, value in zip(columns, row, strict=True):
        cell = _cell(value)
        if indent + cell.cell_len <= console.width:
            line = Text.assemble((name.ljust(indent), "bold"), cell)
            console.print(line, soft_wrap=False)
        else:
            console.print(Text(name, style="bold"), soft_wrap=False)
            console.print(Padding(cell, (0, 0, 0, 2)), soft_wrap=False, overflow="fold")


def _cell(value: Any) -> Text:
    """In one line, and without what a terminal would obey."""
    if value is None:
        return Text("NULL", style="dim")
    shown = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in _text(value))
    return Text("".join(shown))


def _tsv(value: Any) -> str:
    return r"\N" if value is None else _text(value).translate(_TSV_ESCAPES)


def _csv(value: Any) -> str:
    if value is None:
        return ""
    text = _text(value)
    if text and _CSV_QUOTED.isdisjoint(text):
        return text
    return '"' + text.replace('"', '""') + '"'


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=_json)
    return value.hex() if isinstance(value, bytes) else str(value)


def _json(value: Any) -> Any:
    """What JSON has for it; no number has infinity or NaN."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
