"""`backup-org sandbox up`, cut short, run twice at once, and in the shell of somebody at work."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from aws_sandbox.client import Sandbox
from tests.support.processes import processes_with
from tests.support.waiting import until

_COMMAND = str(Path(sys.executable).parent / "backup-org")
_UP_IN_SMALL = (
    "from fleet.sandbox import tour; tour._ACCOUNTS, tour._DAYS = 4, 4; "
    "from fleet.cli import main; main()"
)
_AT_WORK = {
    "AWS_PROFILE": "prod",
    "AWS_CONFIG_FILE": "/nowhere/config",
    "AWS_SESSION_TOKEN": "of-prod",
    "PULUMI_ACCESS_TOKEN": "of-prod",
    "PULUMI_BACKEND_URL": "https://127.0.0.1:1",
    "PULUMI_CONFIG_PASSPHRASE_FILE": "/nowhere/passphrase",
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("interrupted") / "sandbox"


@pytest.fixture(scope="module")
def shell(root: Path) -> Iterator[Mapping[str, str]]:
    """The environment of somebody who works on real accounts."""
    environment = {**os.environ, **_AT_WORK, "BACKUP_ORG_SANDBOX": str(root)}
    yield environment
    subprocess.run([_COMMAND, "sandbox", "down"], env=environment, check=True)
    assert processes_with("BACKUP_ORG_SANDBOX", str(root)) == {}


@pytest.fixture
def up(shell: Mapping[str, str], tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts `backup-org sandbox up`; what it says goes to a file by its process id."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        with (tmp_path / f"{len(started)}.log").open("w") as log:
            command = [sys.executable, "-c", _UP_IN_SMALL, "sandbox", "up"]
            started.append(subprocess.Popen(command, env=shell, stdout=log, stderr=log))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def locks(root: Path) -> list[Path]:
    return list((root / "state/.pulumi/locks").rglob("*.json"))


def engines(root: Path) -> list[int]:
    """The engines that work for this sandbox, and then their policy packs."""
    found = processes_with("BACKUP_ORG_SANDBOX", str(root))
    return [
        pid
        for kind in ("pulumi --non-inter", "pulumi.policy")
        for pid, line in found.items()
        if kind in line
    ]


def test_a_deployment_that_is_asked_to_end_does_so_in_order(
    root: Path, up: Callable[[], subprocess.Popen[bytes]]
) -> None:
    process = up()
    # Between its lock and its policy pack the engine takes no signals yet, and is ended by them.
    until(lambda: bool(locks(root)) and len(engines(root)) > 1)
    process.terminate()
    assert process.wait(30) == 128 + signal.SIGTERM
    assert locks(root) == []
    until(lambda: engines(root) == [], within_seconds=5)


def test_after_a_deployment_that_was_killed_two_at_once_come_through_in_one_sandbox(
    root: Path, up: Callable[[], subprocess.Popen[bytes]], shell: Mapping[str, str], tmp_path: Path
) -> None:
    process = up()
    until(lambda: bool(locks(root)))
    for engine in engines(root):  # first: an engine whose program is killed still gives locks back
        with suppress(ProcessLookupError):  # a policy pack ends with its engine
            os.kill(engine, signal.SIGKILL)
    process.kill()
    process.wait()
    until(lambda: engines(root) == [], within_seconds=10)
    assert locks(root)

    assert [process.wait(300) for process in (up(), up())] == [0, 0]
    said = "".join(file.read_text() for file in sorted(tmp_path.glob("*.log")))
    assert said.count("begun anew, as a deployment was cut off: acme-") == 1
    assert said.count("waiting for another process that works in this sandbox") == 1
    for file in sorted(tmp_path.glob("*.log"))[1:]:
        assert len(file.read_text().splitlines()) <= 60
    assert "…" not in said
    running = processes_with("BACKUP_ORG_SANDBOX", str(root)).values()
    assert len([line for line in running if "-m aws_sandbox --directory" in line]) == 1
    assert engines(root) == []
    told = json.loads((root.parent / "sandbox.json").read_text())
    assert told["endpoint"] == Sandbox.attach(root).endpoint
    incident = told["servicenow"]["incident"]
    assert incident["url"] in said.splitlines()


def test_a_shell_in_the_sandbox_forgets_where_else_it_was(
    root: Path, shell: Mapping[str, str]
) -> None:
    script = (
        f'eval "$({_COMMAND} sandbox env)"; env; '
        f"{_COMMAND} query success_rate_by_account --set days=3; pulumi whoami --verbose"
    )
    bash = ["bash", "-e", "-c", script]
    answer = subprocess.run(bash, env=shell, capture_output=True, text=True, check=True)
    lines = [line.partition("=") for line in answer.stdout.splitlines()]
    variables = {name: value for name, _, value in lines}
    assert not variables.keys() & (_AT_WORK.keys() - {"AWS_CONFIG_FILE", "PULUMI_BACKEND_URL"})
    assert variables["AWS_CONFIG_FILE"] == os.devnull
    assert " rows, " in answer.stderr
    assert f"Backend URL: file://{root}/state" in answer.stdout


def test_the_summary_of_a_sandbox_that_died_is_not_that_of_the_next(
    root: Path, shell: Mapping[str, str]
) -> None:
    died = Sandbox.attach(root)
    os.kill(died.address.pid, signal.SIGKILL)
    until(lambda: processes_with("BACKUP_ORG_SANDBOX", str(root)) == {})
    status = [_COMMAND, "sandbox", "status"]
    answer = subprocess.run(status, env=shell, capture_output=True, text=True, check=False)
    assert (answer.returncode, "no sandbox runs in" in answer.stderr) == (1, True)
    started = Sandbox.start(root, with_parent=True)
    try:
        answer = subprocess.run(status, env=shell, capture_output=True, text=True, check=False)
    finally:
        started.stop()
    assert answer.returncode == 1
    assert f"a sandbox runs at {started.endpoint}, but its main job has not" in answer.stderr
