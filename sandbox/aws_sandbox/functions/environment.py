"""An execution environment: one process that serves one invocation at a time, and stays warm."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

from aws_sandbox.aws.sessions import Session
from aws_sandbox.functions.archives import Archives
from aws_sandbox.functions.definition import Definition
from aws_sandbox.functions.exchange import Call, End, Exchange, Outcome
from aws_sandbox.functions.interpreter import Interpreter
from aws_sandbox.functions.output import Output
from aws_sandbox.functions.runtime_api import RuntimeApi
from aws_sandbox.functions.variables import Folders, variables

_START_LIMIT_SECONDS = 120.0
"""Lambda gives the start 10 s on its own processors; a machine that is busy or small may need more,
and a start that is reported too slow here would say nothing of Lambda."""


class Environment:
    """A process of a function, from its start until it is stopped."""

    def __init__(
        self,
        definition: Definition,
        *,
        interpreter: Interpreter,
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
        self._start_ms: float | None = None
        self._begun = time.monotonic()
        self._temporary = Path(tempfile.mkdtemp(prefix="function-"))
        self._exchange = Exchange()
        self._api = RuntimeApi(self._exchange)
        folders = Folders(
            task=archives.task(definition.code),
            opt=archives.opt(definition.layers),
            runtime=interpreter.runtime_folder,
            temporary=self._temporary,
            bytecode=archives.bytecode,
        )
        self._process = subprocess.Popen(
            # -S: no site-packages, so that nothing is importable but what PYTHONPATH holds.
            [interpreter.executable, "-S", "-m", "awslambdaric", definition.handler],
            cwd=folders.task,
            env=variables(
                definition,
                folders,
                session=session,
                endpoint=endpoint,
                runtime_api=self._api.address,
                log_stream=self.log_stream,
            ),
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

    @property
    def max_memory_mb(self) -> int | None:
        """The most memory that the process ever used; None where the system does not say."""
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text()
        except FileNotFoundError:
            return None
        peak = next((line for line in status.splitlines() if line.startswith("VmHWM:")), None)
        return None if peak is None else int(peak.split()[1]) // 1024

    def start(self) -> Outcome | None:
        """Waits until the handler is imported, the first time; the outcome is why it is not."""
        if self._warm:
            return None
        outcome = self._exchange.wait_started(_START_LIMIT_SECONDS)
        self._start_ms = (time.monotonic() - self._begun) * 1000
        self._warm = outcome is None
        return outcome

    def take_start_ms(self) -> float | None:
        """How long the start took; given out once, to the first invocation."""
        start_ms, self._start_ms = self._start_ms, None
        return start_ms

    def run(self, call: Call) -> Outcome:
        """One invocation; afterwards the process is fit for another unless it ended or hung."""
        outcome = self._exchange.run(call)
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
