"""The filesystem freeze, run by a shell over filesystems that are made up."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import scripts
from tests.support.filesystems import Filesystems
from tests.support.waiting import until


@dataclass(frozen=True)
class Instance(Filesystems):
    """Of which only what is asked for mounts and freezes is made up."""

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            "PATH": f"{self.home / 'bin'}:{os.environ['PATH']}",
            "RUNTIME_DIRECTORY": str(self.home / "run"),
        }

    def run(
        self, command: str, *, execution: str = "e1", **given: str
    ) -> subprocess.CompletedProcess[str]:
        limit = {"freezeSeconds": "6"}  # what thaws later has ended soon after the tests
        parameters = {"command": command, "executionId": execution, **limit, **given}
        return scripts.run("filesystem_freeze", parameters, self.environment)


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    found = Instance(tmp_path)
    found.install()
    return found


def test_the_script_before_freezes_and_the_one_after_thaws(instance: Instance) -> None:
    data, logs = instance.mount("data", "259:2"), instance.mount("my logs", "259:3")
    before = instance.run("pre-script")
    assert before.returncode == 0, before.stderr
    assert instance.frozen == sorted([data, logs])
    after = instance.run("post-script")
    assert after.returncode == 0, after.stderr
    assert instance.frozen == []
    assert f"thawed {logs}" in after.stdout


def test_a_dry_run_freezes_nothing_and_is_what_runs_by_default(instance: Instance) -> None:
    data = instance.mount("data", "259:2")
    assert scripts.document("filesystem_freeze")["parameters"]["command"]["default"] == "dry-run"
    tried = instance.run("dry-run")
    assert f"would freeze {data}" in tried.stdout
    assert instance.calls() == []


def test_it_thaws_by_itself_though_nobody_sends_the_script_after(instance: Instance) -> None:
    instance.mount("data", "259:2")
    started = time.monotonic()
    assert instance.run("pre-script", freezeSeconds="2").returncode == 0
    assert len(instance.frozen) == 1
    instance.thaws(10)
    assert time.monotonic() - started >= 2


def test_the_thaw_outlives_a_command_that_is_killed_while_it_freezes(instance: Instance) -> None:
    """The agent kills a command that takes too long, with all that it started in its group."""
    data, slow = instance.mount("data", "259:2"), instance.mount("slow", "259:3")
    instance.order("freeze", data, takes_seconds=60)
    parameters = {"command": "pre-script", "executionId": "e1", "freezeSeconds": "3"}
    script = instance.home / "run" / "_script.sh"
    script.write_text(scripts.shell_text("filesystem_freeze", parameters))
    process = subprocess.Popen(
        ["bash", str(script)],
        env={**os.environ, **instance.environment},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )
    try:
        until(lambda: instance.frozen == [slow] or process.poll() is not None)
        assert process.poll() is None
    finally:
        os.killpg(process.pid, 9)
        process.wait()
    instance.thaws(10)


def test_what_a_killed_try_froze_the_next_try_thaws_first(instance: Instance) -> None:
    data = instance.mount("data", "259:2")
    assert instance.run("pre-script").returncode == 0
    again = instance.run("pre-script")
    assert again.returncode == 0, again.stderr
    assert instance.calls() == [f"--freeze {data}", f"--unfreeze {data}", f"--freeze {data}"]


@pytest.mark.parametrize("device", ["259:1", "259:9"])
def test_neither_the_root_nor_what_must_go_on_writing_is_ever_frozen(
    device: str, instance: Instance
) -> None:
    """By its device, so that a bind mount or a second mount point of it is left alone as well."""
    data = instance.mount("data", "259:2")
    instance.put({"target": tempfile.gettempdir(), "device": "259:9", "type": "xfs"})
    instance.mount("bind", device)
    assert instance.run("pre-script").returncode == 0
    assert instance.frozen == [data]


def test_the_root_is_refused_by_name_too(instance: Instance) -> None:
    instance.mount("data", "259:2")
    refused = instance.run("pre-script", mounts="/")
    assert refused.returncode == 1
    assert "/ is not frozen: / or the agent lies on it" in refused.stderr
    assert instance.calls() == []


def test_mount_points_that_are_named_are_those_that_freeze(instance: Instance) -> None:
    data = instance.mount("data", "259:2")
    instance.mount("other", "259:3")
    assert instance.run("pre-script", mounts=data).returncode == 0
    assert instance.frozen == [data]


def test_what_is_no_mount_point_freezes_nothing(instance: Instance) -> None:
    data = instance.mount("data", "259:2")
    refused = instance.run("pre-script", mounts=f"{data},{instance.home}/nothing")
    assert refused.returncode == 1
    assert f"{instance.home}/nothing is no mount point" in refused.stderr
    assert instance.calls() == []


def test_an_instance_with_nothing_but_its_root_is_told_so(instance: Instance) -> None:
    """A freeze of nothing would pass for a consistent backup."""
    refused = instance.run("pre-script")
    assert refused.returncode == 1
    assert "there is no filesystem to freeze" in refused.stderr


def test_a_filesystem_with_two_mount_points_is_frozen_once(instance: Instance) -> None:
    instance.mount("data", "259:2")
    instance.mount("again", "259:2")
    assert instance.run("pre-script").returncode == 0
    assert len(instance.frozen) == 1


def test_a_filesystem_within_another_freezes_first_and_thaws_last(instance: Instance) -> None:
    """Its device may be a file of the outer one."""
    outer = instance.mount("data", "259:2")
    inner = instance.mount("data/inner", "7:0")
    assert instance.run("pre-script").returncode == 0
    assert instance.run("post-script").returncode == 0
    assert instance.calls() == [
        f"--freeze {inner}",
        f"--freeze {outer}",
        f"--unfreeze {outer}",
        f"--unfreeze {inner}",
    ]


def test_what_was_frozen_thaws_when_the_rest_fails(instance: Instance) -> None:
    broken, whole = instance.mount("a", "259:2"), instance.mount("b", "259:3")
    instance.order("freeze", broken)
    failed = instance.run("pre-script")
    assert failed.returncode == 1
    assert instance.calls() == [f"--freeze {whole}", f"--freeze {broken}", f"--unfreeze {whole}"]
    assert "nothing is frozen" in failed.stderr


def test_somebody_elses_freeze_is_not_thawed(instance: Instance) -> None:
    data = instance.mount("data", "259:2")
    assert instance.run("pre-script", execution="e1").returncode == 0
    assert instance.run("pre-script", execution="e2").returncode == 1
    assert instance.run("post-script", execution="e2").returncode == 0
    assert instance.frozen == [data]


def test_the_script_after_may_run_twice_and_without_the_one_before(instance: Instance) -> None:
    instance.mount("data", "259:2")
    assert instance.run("post-script").returncode == 0
    assert instance.run("pre-script", execution="e2").returncode == 0
    assert instance.run("post-script", execution="e2").returncode == 0
    assert instance.run("post-script", execution="e2").returncode == 0


def test_nothing_freezes_once_the_script_after_has_run(instance: Instance) -> None:
    """Of a cancelled runbook it may come first."""
    instance.mount("data", "259:2")
    assert instance.run("post-script").returncode == 0
    assert instance.run("pre-script").returncode == 1
    assert instance.frozen == []


def test_a_filesystem_that_stays_frozen_is_told(instance: Instance) -> None:
    data = instance.mount("data", "259:2")
    assert instance.run("pre-script").returncode == 0
    instance.order("unfreeze", data)
    failed = instance.run("post-script")
    assert failed.returncode == 1
    assert "Input/output error" in failed.stderr
    instance.obey("unfreeze")
    assert instance.run("post-script").returncode == 0
    assert instance.frozen == []
