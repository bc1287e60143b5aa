"""What several workers of a test run need is made once, by the first that needs it."""

from __future__ import annotations

import fcntl
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
folder: Path | None = None
"""Of this run alone; None outside of one."""


def shared(name: str, make: Callable[[], T]) -> T:
    """What `make` returns, which pickle must take; the others wait until it is there."""
    if folder is None:
        return make()
    file = folder / f"{name}.pickle"
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            file.write_bytes(pickle.dumps(make()))
    return pickle.loads(file.read_bytes())  # noqa: S301 - our own, of this run
