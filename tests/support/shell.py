"""A shell as somebody has it who has just cloned the project."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

_WHERE_THINGS_ARE_KEPT = ("HOME", "XDG_CACHE_HOME")
"""The engine and the layers that this run found are found from there too."""


def plain_shell(**more: str) -> Mapping[str, str]:
    """The environment: the commands of this run's Python on PATH, and little else."""
    kept = {name: os.environ[name] for name in _WHERE_THINGS_ARE_KEPT if name in os.environ}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, **kept, **more}
