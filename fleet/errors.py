"""Errors that say all a person needs: the command prints them without a traceback."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from pydantic import ValidationError


class ToldError(Exception):
    """What went wrong, where, and what to do about it."""

    AT_ONCE: ClassVar[bool] = False
    """Whether the process ends at once, and waits for no thread: where the engine ended before the
    program that it ran, Pulumi's thread waits for an answer for good."""


def problems_of(error: ValidationError) -> str:
    """The first five things that are wrong in what was read, each with its place, on one line and
    without the values, which may be long or secret."""
    return "; ".join(
        f"{'.'.join(map(str, detail['loc'])) or 'it'}: {detail['msg']}"
        for detail in error.errors(include_url=False, include_input=False)[:5]
    )
