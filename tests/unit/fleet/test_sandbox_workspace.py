"""The sandbox's folder: deployments that were cut off, and what a shell brings from elsewhere."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet.sandbox.cut_off import cut_off
from fleet.sandbox.workspace import Workspace, foreign

HERE = socket.gethostname()


@pytest.fixture
def engine_process(tmp_path: Path) -> Iterator[int]:
    """A process that is called like the engine."""
    sleep = shutil.which("sleep")
    assert sleep is not None
    shutil.copy(sleep, tmp_path / "pulumi")
    with subprocess.Popen([tmp_path / "pulumi", "30"]) as process:
        yield process.pid
        process.kill()


def lock(state: Path, stack: str, pid: int, hostname: str = HERE) -> None:
    folder = state / ".pulumi/locks/organization/backup-org" / stack
    folder.mkdir(parents=True)
    content = {"pid": pid, "username": "somebody", "hostname": hostname}
    (folder / "5d27be65.json").write_text(json.dumps(content))
    (folder / "5d27be65.json.attrs").write_text("{}")


def test_a_state_without_locks_was_left_in_order(tmp_path: Path) -> None:
    assert cut_off(tmp_path) == []


def test_a_lock_whose_process_is_no_engine_tells_of_a_deployment_that_was_cut_off(
    tmp_path: Path,
) -> None:
    lock(tmp_path, "acme-audit", os.getpid())
    assert cut_off(tmp_path) == ["acme-audit"]


def test_a_lock_that_was_cut_off_itself_counts(tmp_path: Path) -> None:
    lock(tmp_path, "acme-audit", os.getpid())
    next(tmp_path.rglob("*.json")).write_text("")
    assert cut_off(tmp_path) == ["acme-audit"]


def test_while_an_engine_is_at_work_nothing_is_taken_from_it(
    tmp_path: Path, engine_process: int
) -> None:
    lock(tmp_path, "acme-audit", os.getpid())
    lock(tmp_path, "acme-management", engine_process)
    assert cut_off(tmp_path) == []


def test_of_an_engine_on_another_machine_nothing_is_known(tmp_path: Path) -> None:
    lock(tmp_path, "acme-audit", os.getpid(), hostname=f"not-{HERE}")
    assert cut_off(tmp_path) == []


def test_an_engine_that_has_ended_and_is_not_yet_taken_note_of_holds_nothing(
    tmp_path: Path,
) -> None:
    true = shutil.which("true")
    assert true is not None
    shutil.copy(true, tmp_path / "pulumi")
    process = subprocess.Popen([tmp_path / "pulumi"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    lock(tmp_path, "acme-audit", process.pid)
    assert cut_off(tmp_path) == ["acme-audit"]
    process.wait()


def test_what_leads_elsewhere_is_foreign_and_nothing_else() -> None:
    shell = ["PATH", "AWS_PROFILE", "PULUMI_ACCESS_TOKEN", "BOTO_CONFIG", "NO_PROXY", "MY_AWS_"]
    assert foreign(shell) == ["AWS_PROFILE", "BOTO_CONFIG", "PULUMI_ACCESS_TOKEN"]


def test_a_workspace_that_is_cleared_has_no_summary_of_what_was_in_it(tmp_path: Path) -> None:
    workspace = Workspace(root=tmp_path / "sandbox")
    workspace.summary.write_text("{}")
    workspace.clear()
    assert not (tmp_path / "sandbox.json").exists()
