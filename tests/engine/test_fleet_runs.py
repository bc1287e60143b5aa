"""Stacks run as somebody runs them: a failure beside what comes through, and an end that is asked
for."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fleet.deploy.deployment import Deployment
from fleet.project import PROJECT_VARIABLE
from fleet.runs import RUNS
from fleet.sandbox.stage import Stage
from stacks.load import CUSTOMERS
from tests.support.waiting import until

ChangeSettings = Callable[[str, Callable[[dict[str, Any]], None]], Deployment]
PAYMENTS, WEB = "acme-member-payments", "acme-member-web"


@pytest.fixture
def started(stage: Stage) -> Callable[..., subprocess.Popen[str]]:
    """Starts `backup-org`, as somebody types it where there is no terminal."""
    environment = {
        **os.environ,
        **stage.engine.environment,
        PROJECT_VARIABLE: str(stage.workspace.project),
    }

    def start(*arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(Path(sys.executable).parent / "backup-org"), *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    return start


@pytest.fixture
def run(started: Callable[..., subprocess.Popen[str]]) -> Callable[..., tuple[int, str, str]]:
    """Its exit code, what it printed as results, and what it told beside them."""

    def end(*arguments: str) -> tuple[int, str, str]:
        process = started(*arguments)
        out, err = process.communicate(timeout=300)
        return process.returncode, out, err

    return end


Run = Callable[..., tuple[int, str, str]]


def ended(document: dict[str, Any]) -> dict[str, str]:
    return {one["stack"]: one["ended"] for one in document["stacks"]}


def weaken(values: dict[str, Any]) -> None:
    values["vaults"]["cheap"] = {"key": "aws_managed"}


def strengthen(values: dict[str, Any]) -> None:
    del values["vaults"]["cheap"]


def keep_longer(values: dict[str, Any]) -> None:
    values["plans"]["standard"]["rules"]["daily"]["delete_after_days"] = 21


def test_a_failed_stack_hides_nothing_of_the_others_and_runs_alone_again(
    stage: Stage, run: Run, change_settings: ChangeSettings
) -> None:
    change_settings(PAYMENTS, weaken)
    code, out, err = run("up", "acme", "--exclude", "acme-management", "--yes", "--json")
    document = json.loads(out)
    assert code == 1
    assert ended(document) == {"acme-audit": "done", PAYMENTS: "failed", WEB: "done"}
    assert document == json.loads(newest_record(stage).read_text())
    told = {one["stack"]: one for one in document["stacks"]}
    assert told[WEB]["changes"]["create"] > 10
    assert "policy vault_has_its_own_key" in told[PAYMENTS]["error"]
    assert "policy vault_has_its_own_key" in err
    assert f"1 of 3 did not come through; those alone again: backup-org up {PAYMENTS}\n" in err
    assert "vault_has_its_own_key" in Path(told[PAYMENTS]["log"]).read_text()

    change_settings(PAYMENTS, strengthen)
    code, out, err = run("up", "--only-failed", "--yes", "--json")
    assert (code, ended(json.loads(out))) == (0, {PAYMENTS: "done"}), err


def newest_record(stage: Stage) -> Path:
    return max((stage.workspace.project / RUNS).glob("*/run.json"))


def test_where_changes_are_not_expected_their_being_there_is_told_by_the_exit_code(
    run: Run, change_settings: ChangeSettings
) -> None:
    code, out, err = run("preview", PAYMENTS, WEB, "--expect-no-changes")
    assert code == 0, err
    change_settings(WEB, keep_longer)
    code, out, err = run("preview", PAYMENTS, WEB, "--expect-no-changes", "--diff", "-q")
    assert code == 2
    assert "deleteAfter: 14 → 21" in out
    assert err == ""


def test_unreadable_settings_stop_their_own_stack_alone(stage: Stage, run: Run) -> None:
    path = stage.workspace.project / CUSTOMERS / f"Pulumi.{WEB}.yaml"
    text = path.read_text()
    path.write_text("config: [")
    try:
        code, out, err = run("preview", PAYMENTS, WEB, "--json")
    finally:
        path.write_text(text)
    assert code == 1
    assert ended(json.loads(out)) == {PAYMENTS: "done", WEB: "failed"}
    assert f"the settings of {WEB} have a problem" in err


@pytest.mark.parametrize("signal_", [signal.SIGTERM, signal.SIGINT])
def test_an_end_that_is_asked_for_cancels_what_has_not_begun_and_is_recorded(
    stage: Stage,
    started: Callable[..., subprocess.Popen[str]],
    change_settings: ChangeSettings,
    signal_: signal.Signals,
) -> None:
    def keep(values: dict[str, Any]) -> None:
        values["plans"]["standard"]["rules"]["daily"]["delete_after_days"] = 20 + signal_

    change_settings(WEB, keep)
    process = started("up", PAYMENTS, WEB, "--yes", "--parallel", "1", "--json")
    locks = stage.workspace.root / "state/.pulumi/locks"
    until(lambda: list(locks.rglob("*.json")))
    process.send_signal(signal_)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + signal_, err
    document = json.loads(out)
    assert document["ended"] == "cancelled"
    assert ended(document)[WEB] == "cancelled"
    assert document == json.loads(newest_record(stage).read_text())
    assert list(locks.rglob("*.json")) == []
    assert f"cancelled: {PAYMENTS}, {WEB}" in err or f"cancelled: {WEB}" in err
