"""Errors that say all a person needs: the command prints them without a traceback."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


class ToldError(Exception):
    """What went wrong, where, and what to do about it."""

    at_once: bool = False
    """Whether the process ends at once, and waits for no thread: where the engine ended before the
    program that it ran, Pulumi's thread waits for an answer for good."""


@contextmanager
def what_was_typed() -> Generator[None]:
    """Around what reads what somebody typed, in modules that know no ToldError: a ValueError of
    these says what is wrong with it, and the cure."""
    try:
        yield
    except ValueError as error:
        raise ToldError(str(error)) from error


def told_of(error: BaseException) -> str | None:
    """What a person is told of an error in place of its traceback; None of one that nobody
    foresaw."""
    if isinstance(error, ToldError):
        return str(error)
    # What is not imported has raised nothing, and takes its time to import.
    for module, name in _OTHERS:
        if module in sys.modules and isinstance(error, getattr(sys.modules[module], name)):
            return str(error)
    if "botocore" in sys.modules:
        from fleet.aws_errors import told_of_aws  # noqa: PLC0415 - as above

        return told_of_aws(error)
    return None


_OTHERS = (
    ("pulumi", "RunError"),
    ("aws_sandbox.client", "SandboxError"),
    ("aws_sandbox.plugin", "NoOfficialPluginError"),
)


def problems_of(error: ValidationError) -> str:
    """The first five things that are wrong in what was read, each with its place, on one line and
    without the values, which may be long or secret."""
    return "; ".join(
        f"{'.'.join(map(str, detail['loc'])) or 'it'}: {detail['msg']}"
        for detail in error.errors(include_url=False, include_input=False)[:5]
    )
