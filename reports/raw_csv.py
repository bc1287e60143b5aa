"""Whether a raw table can read a CSV report: line by line, as OpenCSVSerde does."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from reports.templates import Template, normalised

_BOM = b"\xef\xbb\xbf"
_LONGEST_HEADER = 1 << 16
"""Bytes: what Python's csv module takes in one field, and SQS in a letter with both headers, is not
much more."""


@dataclass(frozen=True, kw_only=True)
class RawCsv:
    header: Sequence[str] | None
    """None: the file is empty, or its first line is too long for a header."""
    unreadable: str | None
    """Why OpenCSVSerde would misread it, with the line; None: it would not."""


def scan(chunks: Iterable[bytes]) -> RawCsv:
    """Reads a CSV once, in chunks of any size."""
    header: Sequence[str] | None = None
    unreadable: str | None = None
    for number, line in enumerate(_lines(chunks), start=1):
        if number == 1 and len(line) > _LONGEST_HEADER:
            unreadable = f"line 1: a header of {len(line):,} bytes"
        elif number == 1:
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
    """What keeps a raw table of these columns from reading a CSV with this header by position, and
    of which formats the two are, where both are known."""
    found = _first_difference(template, columns, header)
    if found is None:
        return None
    if not _is_another_format(template, columns, header):
        return found
    return (
        f"{found}: this is {_format(template, header)}, and the raw table reads "
        f"{_format(template, columns)}; if the plan's folder has both, keep either under a prefix "
        f"of its own (reports.plans.{template.name}.prefix), and query both in the curated table"
    )


def _is_another_format(template: Template, columns: Sequence[str], header: Sequence[str]) -> bool:
    """Whether a header has but what the table has, in its order, with or without the path to root:
    a report on one account, or one from before AWS added columns."""
    path = _path_to_root(template)
    own = [name for name in map(template.raw_name, header) if name != path]
    others = iter(columns)
    return bool(own) and all(name in others for name in own)


def _format(template: Template, columns: Sequence[str]) -> str:
    several = _path_to_root(template) in map(template.raw_name, columns)
    of = "an organization's" if several else "one account's"
    return f"{of} report of {len(columns)} columns"


def _path_to_root(template: Template) -> str:
    return template.raw_name("path_to_root")


def _first_difference(
    template: Template, columns: Sequence[str], header: Sequence[str]
) -> str | None:
    """None where all fits, columns that the header has beyond the table's left aside, and those
    that were appended to the guide's and that it does not have yet: OpenCSVSerde makes them NULL.
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
