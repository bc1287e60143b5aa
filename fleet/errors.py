"""Errors that say all a person needs: the command prints them without a traceback."""

from typing import ClassVar


class ToldError(Exception):
    """What went wrong, where, and what to do about it."""

    AT_ONCE: ClassVar[bool] = False
    """Whether the process ends at once, and waits for no thread: where the engine ended before the
    program that it ran, Pulumi's thread waits for an answer for good."""
