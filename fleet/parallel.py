"""How much this machine can do at once."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

_EACH_CORE = 2
"""A stack's engine mostly waits for AWS."""
_MOST = 32
"""Beyond that accounts' API limits, and those of STS in the caller's account, are what holds up."""
_UNLIMITED = "max"


def units_at_once(megabytes_each: int) -> int:
    """As many as two a core, as the memory that is free now holds, and at least one."""
    by_cores = _EACH_CORE * _cores()
    free = _free_megabytes()
    by_memory = by_cores if free is None else free // megabytes_each
    return max(1, min(by_cores, by_memory, _MOST))


def _cores() -> int:
    """That this process may use, which a container may have fewer of than the machine."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def _free_megabytes() -> int | None:
    """Of the machine, or of the container if that has less; None where neither tells, as on
    macOS."""
    known: list[int] = []
    with suppress(OSError):
        found = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())
        known += [int(found[1]) // 1024] if found else []
    with suppress(OSError):
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
        if limit != _UNLIMITED:
            used = int(Path("/sys/fs/cgroup/memory.current").read_text())
            stat = Path("/sys/fs/cgroup/memory.stat").read_text()
            cache = re.search(r"^inactive_file (\d+)$", stat, re.MULTILINE)
            used -= int(cache[1]) if cache else 0  # files' contents give way
            known.append((int(limit) - used) // 1_000_000)
    return min(known, default=None)
