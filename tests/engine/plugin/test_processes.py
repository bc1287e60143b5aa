"""The plugin's processes: each ends with what started it."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aws_sandbox.plugin import ForkServer, install
from tests.support.waiting import until

pytestmark = pytest.mark.engine

PARENT = """
import subprocess, sys, time
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, text=True)
print(child.stdout.readline(), flush=True)
time.sleep(600)
"""


def answers(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def ends(port: int) -> None:
    until(lambda: not answers(port), within_seconds=10)


@pytest.fixture
def executable(tmp_path: Path) -> Path:
    return install(tmp_path)


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    """Processes to be ended with the test."""
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.kill()
        process.communicate()


def start(started: list[subprocess.Popen[str]], *command: str) -> int:
    """Starts a process that tells a port, as the engine does; gives the port."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    started.append(process)
    assert process.stdout is not None
    return int(process.stdout.readline())


def test_a_plugin_ends_when_the_engine_has_died(
    executable: Path, started: list[subprocess.Popen[str]]
) -> None:
    port = start(started, sys.executable, "-c", PARENT, str(executable), "engine")
    assert answers(port)
    started[0].kill()
    ends(port)


def test_forks_serve_apart_and_end_when_the_engine_ends_them(
    tmp_path: Path, executable: Path, started: list[subprocess.Popen[str]]
) -> None:
    with ForkServer(tmp_path):
        engine = (sys.executable, "-c", PARENT)
        ports = [start(started, *by, str(executable), "engine") for by in ((), (), engine)]
        assert len({*ports}) == 3
        started[0].kill()
        ends(ports[0])
        started[2].kill()
        ends(ports[2])
        assert answers(ports[1])
    # The fork outlives its server for as long as the engine needs it.
    assert answers(ports[1])
    started[1].kill()
    ends(ports[1])
    assert not [*executable.parent.glob("*.sock")]
