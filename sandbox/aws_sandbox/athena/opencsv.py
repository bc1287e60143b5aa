"""CSV read as OpenCSVSerde reads it in Athena engine version 3.

Trino, which that engine is built on, ports Hive's serde with its quirks, and they are kept here:

- lines end at LF, CR or CRLF even between quotes, so a field with a line break breaks its row;
- a quote that is open at the end of a line loses that field: it is NULL;
- missing fields are NULL, further ones are ignored, an empty line is all NULL, and an empty field
  is an empty text, never NULL;
- the escape character (`\\` unless set otherwise, and also when it is set to `"`) only escapes
  quotes and itself, only within quotes or after a field's first character; elsewhere it is dropped;
- a quote in the middle of a field is kept, unless it is among the line's first three characters
  or stands beside a separator.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

Row = Sequence[str | None]

_LONGEST_FAST_LINE = 100_000  # the csv module refuses fields above 131,072 characters
_NO_JAVA_WHITESPACE = frozenset("\u00a0\u2007\u202f\x85")


class SerdeError(ValueError):
    """Serde properties that Athena would refuse."""


@dataclass(frozen=True, kw_only=True)
class OpenCsv:
    """The serde with its properties: one character each."""

    separator: str = ","
    quote: str = '"'
    escape: str = "\\"

    def __post_init__(self) -> None:
        if len({self.separator, self.quote, self.escape}) < 3:
            raise SerdeError("separatorChar, quoteChar and escapeChar of OpenCSVSerde must differ")

    @classmethod
    def from_properties(cls, properties: Mapping[str, str]) -> "OpenCsv":
        """From a table's serde parameters; of longer values the first character counts."""
        given = {
            name: properties[key][0]
            for name, key in (
                ("separator", "separatorChar"),
                ("quote", "quoteChar"),
                ("escape", "escapeChar"),
            )
            if properties.get(key)
        }
        if given.get("escape") == '"':
            given["escape"] = "\\"
        return cls(**given)

    @cached_property
    def _regular(self) -> re.Pattern[str]:
        """A line on which every CSV reader agrees: whole fields in quotes, or without any."""
        separator, quote, escape = map(re.escape, (self.separator, self.quote, self.escape))
        inside = f"[^{quote}{escape}]*+"
        quoted = f"{quote}{inside}(?:{quote}{quote}{inside})*+{quote}"
        field = f"(?:{quoted}|[^{quote}{escape}{separator}]*+)"
        return re.compile(f"{field}(?:{separator}{field})*+")

    def rows(self, lines: Iterable[str], columns: int) -> Iterator[Row]:
        """The rows of lines without their ends, each as wide as the table.

        Regular lines go through the csv module, which is many times as fast and agrees on them.
        """
        regular, nothing = self._regular.fullmatch, [None] * columns
        reader = _Fast(self.separator, self.quote)
        for line in lines:
            fields: Row
            if len(line) < _LONGEST_FAST_LINE and regular(line):
                fields = reader.read(line)
            else:
                fields = self.fields(line)
            count = len(fields)
            if count == columns:
                yield fields
            else:
                yield [*fields, *nothing[count:]] if count < columns else fields[:columns]

    def fields(self, line: str) -> Row:
        """The fields of any line, character by character; empty for an empty line."""
        found: list[str | None] = []
        if not line:
            return found
        text: list[str] = []
        quoted = within = False
        position, end = 0, len(line)
        while position < end:
            character = line[position]
            following = line[position + 1] if position + 1 < end else ""
            if character == self.escape:
                if (quoted or within) and following and following in (self.quote, self.escape):
                    text.append(following)
                    position += 1
            elif character == self.quote:
                if (quoted or within) and following == self.quote:
                    text.append(following)
                    position += 1
                else:
                    if self._stands_in_a_field(line, position, following):
                        text = [] if _blank(text) else [*text, character]
                    quoted = not quoted
                within = not within
            elif character == self.separator and not quoted:
                found.append("".join(text))
                text = []
                within = False
            else:
                text.append(character)
                within = True
            position += 1
        return found if quoted else [*found, "".join(text)]

    def _stands_in_a_field(self, line: str, position: int, following: str) -> bool:
        """Whether a quote is part of the text around it, as in `a,bc"d"ef,g`."""
        return (
            position > 2
            and line[position - 1] != self.separator
            and following not in ("", self.separator)
        )


class _Fast:
    """The csv module, one line at a time."""

    def __init__(self, separator: str, quote: str) -> None:
        self._line = ""
        self._reader = csv.reader(
            iter(lambda: self._line, None), delimiter=separator, quotechar=quote
        )

    def read(self, line: str) -> list[str]:
        self._line = line
        return next(self._reader)


def split_lines(content: bytes) -> list[str]:
    """The lines of a file without their ends; malformed UTF-8 becomes U+FFFD, as in Java."""
    text = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return lines


def _blank(text: Sequence[str]) -> bool:
    return bool(text) and all(
        character.isspace() and character not in _NO_JAVA_WHITESPACE
        for part in text
        for character in part
    )
