"""Memory of the processes that a deployment starts, as Linux tells it in /proc."""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

_PROC = Path("/proc")
_SECONDS = 0.1


@contextmanager
def largest_while(daemon: int) -> Generator[dict[str, float]]:
    """The most MB at one time of this process's descendants without the sandbox (`engine`), and of
    those that the sandbox's daemon came to have meanwhile (`plugin`); filled in at the end.

    A page that processes share counts once, in equal parts (Pss). Looked at ten times a second.
    """
    peaks = {"engine": 0.0, "plugin": 0.0}
    before, ended = _descendants(daemon), Event()

    def look() -> None:
        while not ended.wait(_SECONDS):
            sandbox = _descendants(daemon)
            now = {
                "engine": _descendants(os.getpid()) - sandbox - {daemon},
                "plugin": sandbox - before,
            }
            for name, processes in now.items():
                peaks[name] = max(peaks[name], sum(map(_mb, processes)))

    watcher = Thread(target=look)
    watcher.start()
    try:
        yield peaks
    finally:
        ended.set()
        watcher.join()


def _descendants(process: int) -> set[int]:
    parents = _parents()
    found, added = set[int](), {process}
    while added:
        added = {child for child, parent in parents.items() if parent in added} - found
        found |= added
    return found


def _parents() -> Mapping[int, int]:
    parents: dict[int, int] = {}
    for folder in _PROC.iterdir():
        if folder.name.isdecimal():
            try:
                stat = (folder / "stat").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue  # ended meanwhile
            parents[int(folder.name)] = int(stat.rpartition(")")[2].split()[1])
    return parents


def _mb(process: int) -> float:
    try:
        lines = (_PROC / str(process) / "smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0  # ended meanwhile
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("Pss:"))
