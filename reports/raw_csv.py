"""Whether a raw table can read a CSV report: line by line, as OpenCSVSerde does."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from reports.templates import Template, normalised

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, kw_only=True)
class RawCsv:
    header: Sequence[str] | None
    """None: the file is empty."""
    unreadable: str | None
    """Why OpenCSVSerde would misread it, with the line; None: it would not."""


def scan(chunks: Iterable[bytes]) -> RawCsv:
    """Reads a CSV once, in chunks of any size."""
    header: Sequence[str] | None = None
    unreadable: str | None = None
    for number, line in enumerate(_lines(chunks), start=1):
        if number == 1:
            text = line.removeprefix(_BOM).decode(errors="replace")
            header = next(csv.reader([text]), None)
        # An odd number of quotes: a field goes on in the next line, where OpenCSVSerde starts anew.
        if unreadable is None and line.count(b'"') % 2:
            unreadable = f"line {number}: a line break within a field"
        # OpenCSVSerde takes a backslash for an escape: the quote after it would not end the field.
        if unreadable is None and b'\\"' in line:
            unreadable = f"line {number}: a backslash before a quote"
    return RawCsv(header=header, unreadable=unreadable)


def difference(template: Template, columns: Sequence[str], header: Sequence[str]) -> str | None:
    """What keeps a raw table of these columns from reading a CSV with this header by position.

    Columns that the header has beyond the table's leave the table right: None. So do columns that
    were appended to the guide's and that it does not have yet: OpenCSVSerde makes them NULL.
    """
    needed = _needed(template, columns)
    known = {column.raw: column for column in template.columns}
    for position, (column, title) in enumerate(zip_longest(columns, header), start=1):
        if column is None or (title is None and position > needed):
            return None
        if title is None:
            return f"column {position}, {column!r}, is missing"
        expected = known.get(column)
        if not (expected.matches(title) if expected else normalised(column) == normalised(title)):
            return f"column {position} should be {column!r}, and is {title!r}"
    return None


def _needed(template: Template, columns: Sequence[str]) -> int:
    """How many columns each report must have: all, unless they are the guide's and more."""
    guides = (template.columns_of(organization=one) for one in (True, False))
    for guide in guides:
        if [column.raw for column in guide] == list(columns[: len(guide)]):
            return len(guide)
    return len(columns)


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Lines end at LF, CR or CRLF, wherever these stand: so OpenCSVSerde takes them."""
    rest = b""
    for chunk in chunks:
        lines = (rest + chunk).splitlines(keepends=True)
        # A CR at the end of a chunk may be half of a CRLF.
        rest = lines.pop() if lines and not lines[-1].endswith(b"\n") else b""
        yield from (line.rstrip(b"\r\n") for line in lines)
    if rest:
        yield rest.rstrip(b"\r")
