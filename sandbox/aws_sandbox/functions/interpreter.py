"""The Python that a function's declared runtime asks for, with AWS's runtime client beside it."""

import hashlib
import json
import platform
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aws_sandbox.functions.definition import Definition
from aws_sandbox.functions.errors import NotRunnableError
from aws_sandbox.functions.here import MACHINES

_CLIENT = ("awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py")
"""AWS's runtime client and what it imports; nothing else of its environment reaches a function."""

_LOCATE = f"""
import importlib.util, json, sys
paths, missing = [], []
for name in {_CLIENT!r}:
    spec = importlib.util.find_spec(name)
    if spec is None:
        missing.append(name)
    else:
        paths.append((spec.submodule_search_locations or [spec.origin])[0])
print(json.dumps({{"version": sys.version_info[:2], "paths": paths, "missing": missing}}))
"""


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """An executable, and the folder that holds the runtime client alone."""

    executable: Path
    runtime_folder: Path


class Interpreters:
    """Finds each runtime's interpreter once."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._found: dict[str, Interpreter] = {}
        self._lock = threading.Lock()

    def find(self, definition: Definition) -> Interpreter:
        """Raises NotRunnableError naming the function, its runtime and the cure."""
        place = f"{definition.arn} ({definition.runtime}, {definition.architecture})"
        if platform.machine() not in MACHINES[definition.architecture]:
            raise NotRunnableError(
                f"{place} cannot run here: this machine is {platform.machine()}; deploy it to the "
                "sandbox for this machine's architecture"
            )
        with self._lock:
            if definition.runtime not in self._found:
                self._found[definition.runtime] = self._locate(place, definition.runtime)
            return self._found[definition.runtime]

    def _locate(self, place: str, runtime: str) -> Interpreter:
        found = _executable(runtime)
        if found is None:
            cure = (
                f"install {runtime} with awslambdaric and put it on PATH"
                if runtime.startswith("python")
                else "the sandbox runs Python functions only"
            )
            raise NotRunnableError(f"{place} cannot run here: no {runtime} is found; {cure}")
        executable, described = found
        if described["missing"]:
            raise NotRunnableError(
                f"{place} cannot run here: {executable} has no {', '.join(described['missing'])}; "
                f"install it there: {executable} -m pip install awslambdaric"
            )
        paths = [Path(path) for path in described["paths"]]
        return Interpreter(executable=executable, runtime_folder=self._folder(paths))

    def _folder(self, paths: list[Path]) -> Path:
        """A folder with links to these packages alone, kept for the next start."""
        digest = hashlib.sha256("\n".join(map(str, paths)).encode()).hexdigest()[:16]
        folder = self._cache / "runtime" / digest
        folder.mkdir(parents=True, exist_ok=True)
        for path in paths:
            link = folder / path.name
            if not link.is_symlink():
                link.symlink_to(path)
        return folder


def _executable(runtime: str) -> tuple[Path, Any] | None:
    """The interpreter of this version, ours or the one on PATH, and what it says of itself."""
    candidates = [sys.executable, shutil.which(runtime) if runtime.startswith("python") else None]
    for candidate in filter(None, candidates):
        answer = subprocess.run(
            [candidate, "-c", _LOCATE], capture_output=True, text=True, check=False
        )
        # Of a name on PATH there may be nothing behind it: version managers put such there.
        described: Any = json.loads(answer.stdout) if answer.returncode == 0 else None
        if described and runtime == "python" + ".".join(map(str, described["version"])):
            return Path(candidate), described
    return None
