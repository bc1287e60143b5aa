"""Waiting for what another process or thread does."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(
    holds: Callable[[], object],
    what: Callable[[], object] = lambda: "",
    *,
    within_seconds: float = 60,
) -> None:
    """Returns once it holds. AssertionError, with `what` there is instead, where it does not hold
    in time."""
    deadline = time.monotonic() + within_seconds
    while not holds():
        assert time.monotonic() < deadline, what()
        time.sleep(0.05)
