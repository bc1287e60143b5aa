"""A folder for one run of a function; those of runs that were killed are removed first.

A warm function finds what the last one left, and its disk is small.
"""

import fcntl
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir, mkdtemp


@contextmanager
def scratch(function: str) -> Generator[Path]:
    """Each folder is locked while its process lives, so that no other takes it for a leftover."""
    home = Path(gettempdir()) / f"{function}-{os.getuid()}"
    home.mkdir(mode=0o700, exist_ok=True)
    with _locked(home):
        for folder in home.iterdir():
            _remove_unless_locked(folder)
        own = Path(mkdtemp(dir=home))
        lock = _lock(own)
    try:
        yield own
    finally:
        shutil.rmtree(own)
        os.close(lock)


def _remove_unless_locked(folder: Path) -> None:
    try:
        lock = _lock(folder, fcntl.LOCK_NB)
    except BlockingIOError:
        return
    except FileNotFoundError:
        return  # its process ended meanwhile
    shutil.rmtree(folder)
    os.close(lock)


@contextmanager
def _locked(folder: Path) -> Generator[None]:
    lock = _lock(folder)
    try:
        yield
    finally:
        os.close(lock)


def _lock(folder: Path, how: int = 0) -> int:
    """Until the file descriptor is closed, by the end of the process at the latest."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | how)
    except BlockingIOError:
        os.close(descriptor)
        raise
    return descriptor
