"""Stacks that begin together, in a process that has loaded nothing yet."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fleet.deploy.deployment import Deployment
from fleet.project import PROJECT_VARIABLE
from fleet.sandbox.stage import Stage


def preview(stage: Stage, *stacks: str) -> subprocess.CompletedProcess[str]:
    """`backup-org preview`, as somebody types it."""
    command = [str(Path(sys.executable).parent / "backup-org"), "preview", *stacks]
    environment = {
        **os.environ,
        **stage.engine.environment,
        PROJECT_VARIABLE: str(stage.workspace.project),
    }
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def done(answer: subprocess.CompletedProcess[str]) -> list[str]:
    """The stacks that came through, as it says."""
    return sorted(re.findall(r"^(.*): done: ", answer.stderr, re.MULTILINE))


def test_stacks_of_every_role_begin_together(stage: Stage) -> None:
    Deployment(stage.engine, "acme-audit").up()
    stacks = ("acme-audit", "acme-management", "acme-member-payments", "acme-member-web")
    answer = preview(stage, *stacks)
    assert answer.returncode == 0, answer.stderr
    assert done(answer) == [*stacks]


def test_a_stack_that_fails_is_not_said_to_be_done(
    stage: Stage, change_settings: Callable[[str, Callable[[dict[str, Any]], None]], Deployment]
) -> None:
    def weaken(values: dict[str, Any]) -> None:
        values["vaults"]["cheap"] = {"key": "aws_managed"}

    change_settings("acme-member-payments", weaken)
    answer = preview(stage, "acme-member-payments", "acme-member-web")
    assert answer.returncode == 1
    assert done(answer) == ["acme-member-web"]
    assert "acme-member-payments: failed (" in answer.stderr
    assert re.search(r"^acme-member-payments +failed ", answer.stdout, re.MULTILINE)
    assert re.search(r"^acme-member-web +done ", answer.stdout, re.MULTILINE)
    assert "policy vault_has_its_own_key" in answer.stderr
