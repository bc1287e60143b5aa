"""Programs on instances: run as Systems Manager's agent runs them, and none of them left behind."""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_MARKER = "AWS_SANDBOX_SHELL"
_STOPPED_CODE = 137
"""The agent's exit code for what it stopped before its end."""
_LOOK_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What became of a program; the code is None where it was not started."""

    code: int
    output: str
    errors: str
    timed_out: bool = False
    cancelled: bool = False


class Shells:
    """Runs programs, and can end them all with whatever they started, sessions of its own too."""

    def __init__(self) -> None:
        self._token = secrets.token_hex(16)

    def run(
        self,
        arguments: Sequence[str],
        *,
        directory: Path,
        environment: Mapping[str, str],
        timeout_seconds: float,
        cancelled: threading.Event,
        given: str = "",
    ) -> Ran:
        """Waits for the program's end and for that of its output, as the agent does."""
        process = subprocess.Popen(
            arguments,
            cwd=directory,
            env={**environment, _MARKER: self._token},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            text=True,
            errors="replace",
        )
        deadline = time.monotonic() + timeout_seconds
        sent: str | None = given
        while True:
            try:
                output, errors = process.communicate(sent, timeout=_LOOK_SECONDS)
                return Ran(code=_code(process.returncode), output=output, errors=errors)
            except subprocess.TimeoutExpired:
                sent = None
            if cancelled.is_set() or time.monotonic() >= deadline:
                break
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        output, errors = _rest(process)
        return Ran(
            code=_STOPPED_CODE,
            output=output,
            errors=errors,
            timed_out=not cancelled.is_set(),
            cancelled=cancelled.is_set(),
        )

    def stop(self) -> None:
        """Ends every program that was started here and still goes on, wherever it went."""
        for process in self._left():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)

    def _left(self) -> list[int]:
        wanted = f"{_MARKER}={self._token}".encode()
        found: list[int] = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if wanted in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
        return found


def _code(returned: int) -> int:
    """As a shell tells of a signal."""
    return returned if returned >= 0 else 128 - returned


def _rest(process: "subprocess.Popen[str]") -> tuple[str, str]:
    """What a killed program has written; what it left in the background may hold its output."""
    try:
        return process.communicate(timeout=1.0)
    except subprocess.TimeoutExpired:
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
        return "", ""


def interpreter(text: str) -> list[str]:
    """What runs a script: what its first line names, or sh."""
    first = text.partition("\n")[0]
    return first[2:].split() if first.startswith("#!") else ["sh"]


def find_program(names: Sequence[str], folder: Path) -> str | None:
    """The first of these programs that is in a folder."""
    return next((found for name in names if (found := shutil.which(name, path=str(folder)))), None)
