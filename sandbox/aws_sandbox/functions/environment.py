"""An execution environment: one process that serves one invocation at a time, and stays warm."""

import contextlib
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from aws_sandbox.aws.principals import Session
from aws_sandbox.functions.definition import Archives, Definition
from aws_sandbox.functions.runtime_api import End, Exchange, Invocation, Outcome, RuntimeApi

_START_LIMIT_SECONDS = 120.0
"""Lambda gives the start 10 s on its own processors; a machine that is busy or small may need more,
and a start that is reported too slow here would say nothing of Lambda."""


@dataclass(frozen=True, kw_only=True)
class Folders:
    """Where a process finds what Lambda keeps at /var/task, /opt, /var/runtime and /tmp."""

    task: Path
    opt: Path
    runtime: Path
    temporary: Path
    bytecode: Path
    """Where compiled modules are kept: what is at /var/task and /opt is never written to."""


class Environment:
    """A process of a function, from its start until it is stopped."""

    def __init__(
        self,
        definition: Definition,
        *,
        runtime_folder: Path,
        archives: Archives,
        session: Session,
        endpoint: str,
    ) -> None:
        self.definition = definition
        self.session = session
        self.last_used = time.monotonic()
        now = datetime.now(UTC)
        self.log_stream = f"{now:%Y/%m/%d}/[{definition.version}]{uuid.uuid4().hex}"
        self._warm = False
        self._temporary = Path(tempfile.mkdtemp(prefix="function-"))
        self._exchange = Exchange()
        self._api = RuntimeApi(self._exchange)
        folders = Folders(
            task=archives.task(definition.code),
            opt=archives.opt(definition.layers),
            runtime=runtime_folder,
            temporary=self._temporary,
            bytecode=archives.bytecode,
        )
        self._process = subprocess.Popen(
            # -S: no site-packages, so that nothing is importable but what PYTHONPATH holds.
            [sys.executable, "-S", "-m", "awslambdaric", definition.handler],
            cwd=folders.task,
            env={
                **_variables(definition, folders, session),
                "AWS_LAMBDA_LOG_STREAM_NAME": self.log_stream,
                "AWS_LAMBDA_RUNTIME_API": self._api.address,
                "AWS_ENDPOINT_URL": endpoint,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self.output = Output(self._process.stdout)
        threading.Thread(target=self._await_end, name="function-end", daemon=True).start()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def start(self) -> Outcome | None:
        """Waits until the handler is imported, the first time; the outcome is why it is not."""
        if self._warm:
            return None
        outcome = self._exchange.wait_started(_START_LIMIT_SECONDS)
        self._warm = outcome is None
        return outcome

    def run(self, invocation: Invocation) -> Outcome:
        """One invocation; afterwards the process is fit for another unless it ended or hung."""
        outcome = self._exchange.run(invocation)
        if outcome.end is End.EXIT:
            self._process.wait()
        self.last_used = time.monotonic()
        return outcome

    def stop(self) -> None:
        """Ends the process and whatever it started."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._api.close()
        shutil.rmtree(self._temporary, ignore_errors=True)

    def _await_end(self) -> None:
        code = self._process.wait()
        if code == 0:
            text = "Runtime exited without providing a reason"
        else:
            how = (
                f"exit status {code}" if code > 0 else f"signal: {signal.strsignal(-code)}".lower()
            )
            text = f"Runtime exited with error: {how}"
        self._exchange.fail(Outcome(end=End.EXIT, body=text.encode()))


def _variables(definition: Definition, folders: Folders, session: Session) -> Mapping[str, str]:
    """As Lambda documents them; a reserved name of the function's own is overridden, as there.

    `TMPDIR` is not Lambda's: it keeps the temporary files of processes apart. Code that writes to
    /tmp by name shares this machine's.
    """
    package_folders = (
        folders.task,
        folders.opt / "python" / "lib" / definition.runtime / "site-packages",
        folders.opt / "python",
        folders.runtime,
    )
    libraries = [str(folders.opt / "lib"), os.environ.get("LD_LIBRARY_PATH", "")]
    return {
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "TMPDIR": str(folders.temporary),
        **definition.environment,
        "PATH": f"/usr/local/bin:/usr/bin:/bin:{folders.opt / 'bin'}",
        "LD_LIBRARY_PATH": ":".join(filter(None, libraries)),
        "PYTHONPATH": ":".join(map(str, package_folders)),
        "PYTHONPYCACHEPREFIX": str(folders.bytecode),
        "LAMBDA_TASK_ROOT": str(folders.task),
        "LAMBDA_RUNTIME_DIR": str(folders.runtime),
        "_HANDLER": definition.handler,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{definition.runtime}",
        "AWS_REGION": definition.region,
        "AWS_DEFAULT_REGION": definition.region,
        "AWS_LAMBDA_FUNCTION_NAME": definition.name,
        "AWS_LAMBDA_FUNCTION_VERSION": definition.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(definition.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": definition.log_group,
        "AWS_LAMBDA_LOG_FORMAT": definition.log_format,
        **({"AWS_LAMBDA_LOG_LEVEL": definition.log_level} if definition.log_level else {}),
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_ACCESS_KEY_ID": session.access_key_id,
        "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
        "AWS_SESSION_TOKEN": session.session_token,
    }


class Output:
    """What a process prints, standard output and error joined, without ever holding it up."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._lock = threading.Lock()
        self._pending = b""
        self._lines: list[str] = []
        os.set_blocking(pipe.fileno(), False)
        threading.Thread(target=self._follow, name="function-output", daemon=True).start()

    def take(self) -> list[str]:
        """The lines since the last call, whatever the process wrote before this one included."""
        with self._lock:
            self._read()
            lines, self._lines = self._lines, []
            return lines

    def take_rest(self) -> list[str]:
        """Like `take`, with a last line that has no end."""
        lines = self.take()
        with self._lock:
            rest, self._pending = self._pending, b""
        return [*lines, _text(rest)] if rest else lines

    def _follow(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._pipe, selectors.EVENT_READ)
            while not self._pipe.closed:
                selector.select()
                with self._lock:
                    if not self._read():
                        self._pipe.close()

    def _read(self) -> bool:
        """Reads all that is there; False at the end."""
        while not self._pipe.closed:
            try:
                chunk = os.read(self._pipe.fileno(), 65536)
            except BlockingIOError:
                return True
            if not chunk:
                return False
            *complete, self._pending = (self._pending + chunk).split(b"\n")
            self._lines += map(_text, complete)
        return False


def _text(line: bytes) -> str:
    """The runtime client ends the lines of one error report by carriage returns."""
    return line.decode(errors="replace").rstrip("\r").replace("\r", "\n")
