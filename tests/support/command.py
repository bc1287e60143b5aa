"""`backup-org`, called in this process."""

from __future__ import annotations

from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from unittest import mock

import pytest

from fleet.cli import APP


@dataclass(frozen=True, kw_only=True)
class Answer:
    exit_code: int | str | None
    output: str
    """All that it prints, in order."""
    results: str
    """What of it went to stdout, for others to read."""


class _Both(StringIO):
    """What is written to it is written to another as well."""

    def __init__(self, other: StringIO) -> None:
        super().__init__()
        self._other = other

    def write(self, text: str, /) -> int:
        self._other.write(text)
        return super().write(text)


class _Terminal(StringIO):
    """Where somebody sits."""

    def isatty(self) -> bool:
        return True


def backup_org(*arguments: str, typed: str = "") -> Answer:
    """What it prints, and how it ends, where somebody types that at its questions; where nothing
    is typed, nobody is there.

    What it would tell without a traceback is raised.
    """
    printed = StringIO()
    results = _Both(printed)
    with (
        redirect_stdout(results),
        redirect_stderr(printed),
        mock.patch("sys.stdin", _Terminal(typed) if typed else StringIO()),
        pytest.raises(SystemExit) as ended,
    ):
        APP(arguments)
    return Answer(exit_code=ended.value.code, output=printed.getvalue(), results=results.getvalue())
