"""What is made once for a user, such as layers and the engine, and not by two processes at once."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pulumi

Tell = Callable[[str], None]


class NoPlace(pulumi.RunError):
    """A folder that cannot be written, and the variable that names another."""


def cache_folder() -> Path:
    """What a user's checkouts share, such as the engine once it is built."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "backup-org"


@contextmanager
def made_once(target: Path, tell: Tell) -> Generator[None]:
    """Waits until no other process makes `target`, in the user's cache; look then whether it is
    there by now."""
    file = target.with_name(f"{target.name}.lock")
    with alone(file, f"makes {target.name}", tell, elsewhere="XDG_CACHE_HOME"):
        yield


@contextmanager
def alone(file: Path, doing: str, tell: Tell, *, elsewhere: str) -> Generator[None]:
    """Waits until no other process holds this file, and tells what that process is `doing`.

    The lock goes with the process that holds it, however that ends. Where the file cannot be
    written, `elsewhere` names the variable by which another folder is chosen.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        held = file.open("w")
    except OSError as error:
        raise NoPlace(
            f"{file.parent} cannot be written: {error.strerror}; set {elsewhere} to a folder that "
            "can be"
        ) from error
    with held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell(f"waiting for another process that {doing}")
            fcntl.flock(held, fcntl.LOCK_EX)
        yield
