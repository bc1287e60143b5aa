"""The lines of a CSV report: its header, how many follow, and whether something is odd about them.

A line ends at LF, CR or CRLF, wherever these stand, so within a quoted field too.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

LONGEST = 2_000_000
"""Bytes that a row may have; a longer one is rejected."""
_LONGEST_HEADER = 128 * 1024
_CHUNK = LONGEST // 2  # so that a longer line has a chunk without an end
_ENDS_OF_ODD_LINES = (b"", b",")
_BOM = b"\xef\xbb\xbf"
_HEADER = re.compile(rb'[^"\r\n]*+(?:"[^"]*+"[^"\r\n]*+)*+(?:\r\n|\r|\n|\Z)')


class UnreadableHeader(ValueError):
    """A report whose first line tells no columns."""


@dataclass(frozen=True, kw_only=True)
class Header:
    titles: Sequence[str]
    bytes: int
    """Up to the first row, a byte order mark included."""
    lines: int


@dataclass(frozen=True, kw_only=True)
class Line:
    number: int
    """From 1, which is the header's first."""
    raw: bytes
    """With its ending; cut where it is longer than a row may be."""
    bytes: int
    """Of all of it."""

    @property
    def content(self) -> bytes:
        return self.raw.rstrip(b"\r\n")


def header_of(path: Path) -> Header | None:
    """A CSV's header; None for an empty file. Raises UnreadableHeader."""
    with path.open("rb") as file:
        start = file.read(len(_BOM) + _LONGEST_HEADER + 1)
    text = start.removeprefix(_BOM)
    if not text:
        return None
    match = _HEADER.match(text)
    if match is None or match.end() > _LONGEST_HEADER:
        raise UnreadableHeader(
            f"no header ends within the first {_LONGEST_HEADER:,} bytes, which begin with "
            f"{text[:200].decode(errors='backslashreplace')!r}: see what the report plan delivers"
        )
    record = match[0].decode(errors="replace")
    return Header(
        titles=next(csv.reader(io.StringIO(record, newline=""))),
        bytes=len(start) - len(text) + match.end(),
        lines=len(match[0].splitlines()),
    )


def lines_below(path: Path, header: Header) -> Iterator[Line]:
    """Memory stays bounded however long a line is."""
    number, kept, length = header.lines, b"", 0
    with path.open("rb") as file:
        file.seek(header.bytes)
        for piece in _pieces(file):
            length += len(piece)
            kept = (kept + piece)[: LONGEST + 1]
            if piece.endswith((b"\r", b"\n")):
                number += 1
                yield Line(number=number, raw=kept, bytes=length)
                kept, length = b"", 0
    if length:
        yield Line(number=number + 1, raw=kept, bytes=length)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    """Lines, those in pieces that go over the end of a chunk."""
    while chunk := file.read(_CHUNK):
        # Half of a CRLF ends no line.
        if chunk.endswith(b"\r"):
            chunk += file.read(1)
        yield from chunk.splitlines(keepends=True)


def plain_lines(path: Path, header: Header) -> int | None:
    """How many lines follow; None where DuckDB might not read each of them as it stands.

    Even strictly it passes over blank lines and over nothing in a column too many, reads `"a" "b"`
    as `a b`, and takes NUL.
    """
    lines, rest = 0, b""
    with path.open("rb") as file:
        file.seek(header.bytes)
        while chunk := file.read(_CHUNK):
            # The end of a line that goes on here, so that nothing is missed between two chunks.
            text = rest[-2:] + chunk
            ended = text.split(b"\n")
            rest = ended.pop()
            if (not ended and len(chunk) == _CHUNK) or _is_odd(text, ended):
                return None
            lines += len(ended)
    if not rest:
        return lines
    return None if rest.endswith((b",", b"\r")) else lines + 1


def _is_odd(text: bytes, ended: Sequence[bytes]) -> bool:
    if b"\0" in text or _has_two_texts(text):
        return True
    if b"\r" in text:
        # Of one ending or of the other: DuckDB refuses both in one file.
        alone = text.count(b"\r") - text.count(b"\r\n") - text.endswith(b"\r")
        if alone or not all(line.endswith(b"\r") for line in ended):
            return True
        ended = [line[:-1] for line in ended]
    return not {line[-1:] for line in ended}.isdisjoint(_ENDS_OF_ODD_LINES)


def _has_two_texts(text: bytes) -> bool:
    """Whether a quote stands before another one with spaces between, as far as can be seen."""
    at = text.find(b'" ')
    while at >= 0:
        if text[at + 1 : at + 40].lstrip(b" ")[:1] in (b'"', b""):
            return True
        at = text.find(b'" ', at + 1)
    return False
