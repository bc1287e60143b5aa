"""An end that is asked for: who is told of it, and what is begun no more."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

_HEARS = """
import os, signal, sys, time
# In one piece: others write to the same pipe.
say = lambda what: os.write(1, f"{sys.argv[1]} {what}\\n".encode())
signal.signal(signal.SIGINT, lambda *_: sys.exit(say("told") * 0))
say("ready")
time.sleep(20)
"""
_STARTS_TWO = f"""
import subprocess, sys, threading, time
from fleet.interrupts import asked, end_in_order
end_in_order()
child = lambda name, **how: subprocess.Popen([sys.executable, "-c", {_HEARS!r}, name], **how)
own, apart = child("engine"), child("sandbox", start_new_session=True)
try:
    time.sleep(20)
except KeyboardInterrupt:
    own.wait()
    late = child("late")
    late.wait()
    print("sandbox", "runs" if apart.poll() is None else "ended", asked(), flush=True)
    apart.kill()
"""


def test_the_process_ends_though_nobody_reads_what_it_said() -> None:
    script = "import os; from fleet.interrupts import leave; print('said'); os.read(0, 1); leave(3)"
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": ""},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.close()
    assert process.returncode == 3


@pytest.fixture
def said() -> list[str]:
    """What a process and its children say until they have ended, once it is asked to end."""
    with subprocess.Popen(
        [sys.executable, "-c", _STARTS_TWO],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline(), process.stdout.readline()]
        process.send_signal(signal.SIGTERM)
        return [line.strip() for line in (*lines, *process.stdout)]


def test_sigterm_tells_the_engine_and_what_is_begun_later_and_leaves_the_sandbox(
    said: list[str],
) -> None:
    assert sorted(said[:2]) == ["engine ready", "sandbox ready"]
    assert said[2] == "engine told"
    assert said[-1] == "sandbox runs True"


def test_a_process_that_is_ended_leaves_at_once_whatever_its_threads_do() -> None:
    script = (
        "import threading, time; from fleet.interrupts import leave; "
        "threading.Thread(target=time.sleep, args=(20,)).start(); print('said'); leave(7)"
    )
    started = time.monotonic()
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert (answer.returncode, answer.stdout) == (7, "said\n")
    assert time.monotonic() - started < 10
