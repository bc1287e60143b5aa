"""What commands print to: results to stdout, all else to stderr."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path

from rich.console import Console

# Without markup: what is printed comes from AWS and from settings, brackets and all.
console = Console(soft_wrap=True, markup=False)
asides = Console(soft_wrap=True, markup=False, stderr=True)


class Detail(IntEnum):
    """How much is told beside results and errors."""

    QUIET = 0
    """Nothing."""
    NORMAL = 1
    VERBOSE = 2
    """All that the engine says, too."""


_detail = Detail.NORMAL


def set_detail(detail: Detail) -> None:
    """For the rest of this process: `-q` and `-v` of every command."""
    global _detail  # noqa: PLW0603 - as the consoles are, one for all
    _detail = detail


def quiet() -> bool:
    return _detail is Detail.QUIET


def verbose() -> bool:
    return _detail is Detail.VERBOSE


def asks() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty()


def open_closed() -> None:
    """Stands in for the streams that whoever started this process has closed, as with `>&-`."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            nothing = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115 - to its end
            setattr(sys, name, nothing)


def tell(message: str, style: str = "") -> None:
    """A line as it is, without markup, beside what the command prints for others to read; nothing
    where quiet is asked for."""
    if not quiet():
        asides.print(message, highlight=False, style=style)


def tell_error(message: str) -> None:
    """What went wrong, quiet or not."""
    asides.print(message, highlight=False, style="red")


@contextmanager
def read_by_others() -> Generator[None]:
    """Lets a reader that has enough, such as `head`, end the command quietly."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # What is left would be written when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(128 + signal.SIGPIPE) from None
