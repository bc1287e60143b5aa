"""Deployments that ended without a word: the engine's lock is there, and its process is not."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_LOCKS = ".pulumi/locks"


def cut_off(state: Path) -> list[str]:
    """The stacks of a file backend whose deployment was cut off, where none is under way."""
    locks = {file: _read(file) for file in sorted((state / _LOCKS).rglob("*.json"))}
    if any(_is_held(lock) for lock in locks.values()):
        return []
    return list(dict.fromkeys(file.parent.name for file in locks))


def _read(file: Path) -> Mapping[str, Any]:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # gone by now, or cut off as it was written
        return {}


def _is_held(lock: Mapping[str, Any]) -> bool:
    """Whether the process that made it lives, as an engine; of other machines nothing is known."""
    if not lock:
        return False
    return lock["hostname"] != socket.gethostname() or _is_engine(int(lock["pid"]))


def _is_engine(pid: int) -> bool:
    try:
        # `pid (name) state …`; a process that waits for its parent to take note has ended.
        name, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
    except OSError:
        return False
    return name.startswith("pulumi") and rest.split()[0] not in ("Z", "X")
