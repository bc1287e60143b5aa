"""Parts a damaged report into rows that can be read and pieces that cannot: nothing is guessed.

A row is a line that parses alone, strictly after RFC 4180, with the header's number of fields; of
UTF-8 without NUL, and of 2,000,000 bytes at most. It may go over several lines where a quoted field
holds line breaks; it then needs a valid account and date as well, and none of its further lines may
begin as a row does: a quote that nobody closed would have swallowed that row.

From a line that is no row, all is one rejected piece up to the next line that is a row by itself
and has a valid account and date. An account is 12 digits; the dates are those of the report's
period or of the last evaluation, whichever of them the report has. A blank line is nothing: taken
where rows are read, and part of the piece where a piece is.
"""

from __future__ import annotations

import csv
import datetime
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from handlers.curate_reports.core import Curation
from handlers.curate_reports.lines import LONGEST, Header, Line, lines_below

TEXT_BYTES = 10_000
"""How much of a piece is kept beside its reason."""

_QUOTED = rb'[^"]*+(?:""[^"]*+)*+'  # up to the closing quote
# A space before the opening quote, and spaces after the closing one, are no part of the field.
_FIELD = rb'(?: ?"%b" *+|(?! ?")[^,\r\n]*+)' % _QUOTED
# Where a row may begin, the end of a field of several lines must not pass for one without quotes.
_SURE_FIELD = rb'(?: ?"%b" *+|(?! ?")[^",\r\n]*+)' % _QUOTED
_RECORD = re.compile(rb"%b(?:,%b)*+" % (_FIELD, _FIELD))
_OPENS = re.compile(rb'(?:%b,)*+ ?"%b' % (_FIELD, _QUOTED))
_GOES_ON = re.compile(rb'%b(?:" *+,(?:%b,)*+ ?"%b)?' % (_QUOTED, _FIELD, _QUOTED))
_EACH = re.compile(rb",%b" % _FIELD)
_HEADER = b"header\n"
_STRAY = "a quote that is neither doubled nor around a field"
_NOT_CLOSED = "a quote that is not closed before the next row"
_UNLIKELY = "several lines, and no valid account and date"
_ACCOUNT = "account_id"
_DATES = (
    "report_time_period_start",
    "report_time_period_end",
    "report_time_period",
    "last_evaluation_time",
)


@dataclass(kw_only=True)
class Reject:
    """One piece that is no row."""

    first_line: int
    """From 1, which is the header's first."""
    reason: str
    lines: int = 0
    bytes: int = 0
    text: bytes = b""
    """Its beginning."""

    def add(self, raw: bytes | bytearray, *, size: int, lines: int = 1) -> None:
        self.lines += lines
        self.bytes += size
        self.text += raw[: TEXT_BYTES - len(self.text)]


class RowForm:
    """What a row of a report looks like, by its header."""

    def __init__(self, how: Curation) -> None:
        self._width = how.width
        names = [name for name in (_ACCOUNT, *_DATES) if name in how.positions]
        self._known = [how.positions[name] for name in names]
        fields = (
            b"(?P<f%d>%b)" % (n, _SURE_FIELD) if n in self._known else _SURE_FIELD
            for n in range(max(self._known) + 1)
        )
        self._beginning = re.compile(b",".join(fields) + rb"(?=,|\Z)")

    def problem(self, record: bytes) -> str | None:
        """Why it is no row; None where it is one. `record` is without its last line's ending."""
        if len(record) > LONGEST:
            return f"longer than {LONGEST:,} bytes"
        if _RECORD.fullmatch(record) is None:
            return _STRAY
        fields = len(_EACH.findall(b"," + record))
        if fields != self._width:
            return f"{fields} fields, where the header has {self._width}"
        if b"\0" in record:
            return "a NUL byte"
        try:
            record.decode()
        except UnicodeDecodeError as error:
            return f"no UTF-8: {error.reason}"
        return None

    def begins(self, text: bytes) -> bool:
        """Whether a row begins here, by its account and its date."""
        match = self._beginning.match(text)
        if match is None:
            return False
        account, *dates = (_value(match[f"f{n}"]) for n in self._known)
        times = (time for date in dates for time in date.split(" - "))
        return re.fullmatch("[0-9]{12}", account) is not None and all(map(_is_time, times))


@dataclass(kw_only=True)
class _Open:
    """A row whose quoted field goes on in the next line."""

    first_line: int
    lines: int = 0
    bytes: int = 0
    raw: bytearray = field(default_factory=bytearray)

    def add(self, line: Line) -> None:
        self.lines += 1
        self.bytes += line.bytes
        self.raw += line.raw

    def rejected(self, reason: str) -> Reject:
        reject = Reject(first_line=self.first_line, reason=reason)
        reject.add(self.raw[:TEXT_BYTES], size=self.bytes, lines=self.lines)
        return reject


@dataclass(kw_only=True)
class Sifted:
    """How many lines there were below the header."""

    lines: int = 0
    lines_rejected: int = 0


def sift(file: Path, header: Header, how: Curation, *, clean: Path, pieces: Path) -> Sifted:
    """Makes a CSV of the rows, and one of the rejected pieces. Memory is bounded.

    Of a piece: first_line, lines, bytes, reason, and the text's beginning, in which NUL and what is
    not UTF-8 stand escaped: `\\xe9`.
    """
    sifted = Sifted()
    with (
        clean.open("wb") as rows,
        pieces.open("w", encoding="utf-8", newline="") as rejected,
    ):
        rows.write(_HEADER)
        rejected.write(_HEADER.decode())
        writer = csv.writer(rejected, quoting=csv.QUOTE_ALL, lineterminator="\n")
        lines = _counted(lines_below(file, header), sifted)
        for piece in _Sieve(RowForm(how), rows).pieces(lines):
            text = piece.text.decode(errors="backslashreplace").replace("\0", r"\x00")
            writer.writerow([piece.first_line, piece.lines, piece.bytes, piece.reason, text])
            sifted.lines_rejected += piece.lines
    return sifted


def _counted(lines: Iterable[Line], sifted: Sifted) -> Iterator[Line]:
    for line in lines:
        sifted.lines += 1
        yield line


class _Sieve:
    """Takes one line after the other: a row, a part of an open row, or a part of a piece."""

    def __init__(self, form: RowForm, clean: BinaryIO) -> None:
        self._form = form
        self._clean = clean
        self._open: _Open | None = None
        self._reject: Reject | None = None

    def pieces(self, lines: Iterable[Line]) -> Iterator[Reject]:
        """Writes the rows, and gives what is between them, in order."""
        for line in lines:
            ended = self._take(line)
            if ended is not None:
                yield ended
        if self._open is not None:
            self._reject = self._open.rejected(_NOT_CLOSED)
        if self._reject is not None:
            yield self._reject

    def _take(self, line: Line) -> Reject | None:
        """The piece that ends before this line."""
        if self._open is not None and not self._form.begins(line.content):
            self._open, self._reject = self._continue(self._open, line)
            return None
        if self._open is not None:
            self._open, self._reject = None, self._open.rejected(_NOT_CLOSED)
        if self._reject is None:
            self._read(line)
            return None
        if self._form.problem(line.content) is None and self._form.begins(line.content):
            ended, self._reject = self._reject, None
            self._write(line.content)
            return ended
        self._reject.add(line.raw, size=line.bytes)
        return None

    def _read(self, line: Line) -> None:
        problem = self._form.problem(line.content)
        if problem is None:
            self._write(line.content)
        elif problem is _STRAY and _OPENS.fullmatch(line.content):
            self._open = _Open(first_line=line.number)
            self._open.add(line)
        elif line.content:
            self._reject = Reject(first_line=line.number, reason=problem)
            self._reject.add(line.raw, size=line.bytes)

    def _continue(self, row: _Open, line: Line) -> tuple[_Open | None, Reject | None]:
        row.add(line)
        if row.bytes <= LONGEST and _GOES_ON.fullmatch(line.raw):
            return row, None
        record = bytes(row.raw).rstrip(b"\r\n")
        problem = self._form.problem(record)
        if problem is None and not self._form.begins(record):
            problem = _UNLIKELY
        if problem is not None:
            return None, row.rejected(problem)
        self._write(record)
        return None, None

    def _write(self, record: bytes) -> None:
        self._clean.write(record + b"\n")


def _value(field: bytes) -> str:
    return field.decode(errors="replace").strip(' "')


def _is_time(text: str) -> bool:
    try:
        datetime.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
