"""Bytecode for a layer, by a Python of the function's own version, the same on every machine.

Without it a function compiles what it imports at each cold start, because it cannot write to a
layer.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

MOUNTED = "/opt/python"
"""Where a function finds its layers' modules, so where its tracebacks say that they are."""


@dataclass(frozen=True, kw_only=True)
class Compiler:
    executable: str
    version: str
    """With its patch release, since a mended compiler may write other bytecode: 3.12.1."""


@cache
def compiler(runtime: str) -> Compiler | None:
    """A Python of the runtime's version: this one, one on PATH, or one that uv has; None if none.

    Nothing is downloaded.
    """
    wanted = runtime.removeprefix("python")
    for executable in _candidates(runtime, wanted):
        version = _said([executable, "-I", "-c", "import platform as p; print(p.python_version())"])
        if version.startswith(f"{wanted}."):
            return Compiler(executable=executable, version=version)
    return None


def _candidates(runtime: str, wanted: str) -> Iterator[str]:
    yield sys.executable
    if on_path := shutil.which(runtime):
        yield on_path
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv and (found := _said([uv, "python", "find", "--no-python-downloads", wanted])):
        yield found


def _said(command: list[str]) -> str:
    """Empty where the command fails, as pyenv's stand-in for a version that is not chosen does."""
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return answer.stdout.strip() if answer.returncode == 0 else ""


def compile_all(content: Path, by: Compiler) -> str:
    """Beside each source; what could not be compiled is said, nothing if all was.

    Unchecked: no time or size of a source is in it, and none is looked at when it is imported.
    """
    answer = subprocess.run(
        [
            *(by.executable, "-I", "-m", "compileall", "-q", "-f"),
            *("--invalidation-mode", "unchecked-hash"),
            *("-s", str(content), "-p", MOUNTED, str(content)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if answer.returncode == 0 else f"{answer.stdout}{answer.stderr}".strip()
