"""What several processes of a user must not make at the same time."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def made_once(target: Path, tell: Callable[[str], None]) -> Generator[None]:
    """Waits until no other process makes `target`; look then whether it is there by now.

    The lock goes with the process that holds it, however that ends.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_name(f"{target.name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell(f"waiting for another process that makes {target.name}")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
