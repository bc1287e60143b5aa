"""What commands print to."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console

# Without markup: what is printed comes from AWS and from settings, brackets and all.
console = Console(soft_wrap=True, markup=False)
_asides = Console(soft_wrap=True, markup=False, stderr=True)


def tell(message: str, style: str = "") -> None:
    """A line as it is, without markup, beside what the command prints for others to read."""
    _asides.print(message, highlight=False, style=style)


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
