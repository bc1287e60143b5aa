"""What is asked on a terminal and done after it, and how what AWS throttles is tried again."""

from __future__ import annotations

import io
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest
from rich.console import Console

from fleet.deploy import commands, running
from fleet.deploy.changes import Change
from fleet.deploy.deployment import Deployment, Outcome, StackFailed
from fleet.deploy.losses import DataAtStake
from fleet.deploy.progress import StackProgress
from fleet.deploy.running import patiently
from fleet.project import PROJECT
from stacks import load
from stacks.load import CUSTOMERS
from tests.support.command import Answer, backup_org

AUDIT, MANAGEMENT, WEB = "acme-audit", "acme-management", "acme-member-web"


class Stub:
    """A deployment in which a preview shows what the test says, and that notes what is done."""

    changing: ClassVar[set[str]] = set()
    losing: ClassVar[set[str]] = set()
    done: ClassVar[list[tuple[str, str]]] = []

    def __init__(self, engine: object, stack: str, *_: object, **__: object) -> None:
        del engine
        self.stack = stack
        self.settings = load.from_files(stack, PROJECT)

    def beside(self, stack: str) -> Stub:
        return Stub(None, stack)

    def is_deployed(self) -> bool:
        return True

    def preview(self, *, refreshed: bool) -> Outcome:
        assert not refreshed
        return self._outcome("preview")

    def update(self, *, refreshed: bool) -> Outcome:
        assert not refreshed
        return self._outcome("update")

    def up(self, *, refreshed: bool, lose: Sequence[str]) -> Outcome:
        assert not refreshed
        assert not lose
        return self._outcome("up")

    def _outcome(self, did: str) -> Outcome:
        self.done.append((self.stack, did))
        if self.stack not in self.changing:
            return Outcome(stack=self.stack, changes={"same": 3}, seconds=0)
        urn = f"urn:pulumi:{self.stack}::backup-org::aws:backup/plan:Plan::daily"
        plan = Change(urn=urn, op="update")
        if self.stack in self.losing:
            plan = Change(urn=urn, op="delete", id="daily", loses="12 recovery points")
        return Outcome(stack=self.stack, changes={plan.op: 1}, details=[plan], seconds=0)


@pytest.fixture
def stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> type[Stub]:
    """In place of deployments, with somebody at the terminal."""
    shutil.copytree(PROJECT / CUSTOMERS, tmp_path / CUSTOMERS)
    monkeypatch.setenv("BACKUP_ORG_PROJECT", str(tmp_path))
    monkeypatch.setattr(running, "engine_here", object)
    monkeypatch.setattr(running, "Deployment", Stub)
    monkeypatch.setattr(commands, "asks", lambda: True)
    monkeypatch.setattr(commands, "kept_scripts", no_scripts)
    monkeypatch.setattr(Stub, "changing", set[str]())
    monkeypatch.setattr(Stub, "losing", set[str]())
    monkeypatch.setattr(Stub, "done", list[tuple[str, str]]())
    return Stub


def no_scripts(stacks: object, root: object) -> list[str]:
    del stacks, root
    return []


def up(typed: str) -> Answer:
    return backup_org("up", AUDIT, MANAGEMENT, WEB, typed=typed)


def deployed(stub: type[Stub]) -> list[tuple[str, str]]:
    return sorted(one for one in stub.done if one[1] != "preview")


def test_where_a_plan_shows_no_change_nobody_is_asked(stub: type[Stub]) -> None:
    answer = up(typed="")
    assert answer.exit_code == 0
    assert deployed(stub) == []


def test_only_what_changes_is_deployed_once_somebody_says_so(stub: type[Stub]) -> None:
    stub.changing = {WEB}
    answer = up(typed="y\n")
    assert f"Deploy {WEB}: 1 update?" in answer.output
    assert (answer.exit_code, deployed(stub)) == (0, [(WEB, "update")])


def test_who_says_no_has_deployed_nothing(stub: type[Stub]) -> None:
    stub.changing = {WEB}
    answer = up(typed="n\n")
    assert "nothing was deployed" in answer.output
    assert (answer.exit_code, deployed(stub)) == (1, [])


@pytest.mark.parametrize("typed", ["\n", "web\n\n"])
def test_what_would_be_lost_is_not_deployed_unless_its_name_is_typed(
    stub: type[Stub], typed: str
) -> None:
    stub.changing = stub.losing = {WEB}
    with pytest.raises(DataAtStake, match="12 recovery points"):
        up(typed=typed)
    assert deployed(stub) == []


def test_what_is_named_may_be_lost(stub: type[Stub]) -> None:
    stub.changing = stub.losing = {WEB}
    assert up(typed=f"{WEB}/daily\ny\n").exit_code == 0
    assert deployed(stub) == [(WEB, "update")]


def test_what_reads_a_stack_that_changed_is_previewed_anew_in_its_turn(stub: type[Stub]) -> None:
    stub.changing = {AUDIT, WEB}
    assert up(typed="y\n").exit_code == 0
    assert deployed(stub) == [(AUDIT, "update"), (MANAGEMENT, "up"), (WEB, "up")]


class Throttled:
    """Fails so often as AWS throttles it, and then comes through."""

    def __init__(self, times: int, message: str) -> None:
        self.left = times
        self.message = message

    def __call__(self, deployment: Any) -> Outcome:
        if self.left:
            self.left -= 1
            raise StackFailed("web", "preview", [self.message])
        return Outcome(stack=deployment.stack, changes={}, seconds=0)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited, without waiting."""
    found: list[float] = []

    def wait(seconds: float) -> bool:
        found.append(seconds)
        return False

    monkeypatch.setattr(running, "end_asked_within", wait)
    return found


def tried(act: Throttled) -> Outcome:
    deployment = cast(Deployment, Stub(None, WEB))
    progress = StackProgress(1, "previewing", console=Console(file=io.StringIO()))
    return patiently(deployment, act, progress)


def test_what_aws_throttles_is_tried_again_after_longer_times(waits: list[float]) -> None:
    said = "creating Backup Vault: ThrottlingException: Rate exceeded"
    assert tried(Throttled(3, said)).stack == WEB
    assert [low <= wait <= 2 * low for wait, low in zip(waits, (5, 10, 20), strict=True)] == [
        True,
        True,
        True,
    ]


def test_what_aws_goes_on_throttling_fails_in_the_end(waits: list[float]) -> None:
    with pytest.raises(StackFailed, match="Too Many Requests"):
        tried(Throttled(9, "429 Too Many Requests"))
    assert len(waits) == 3


def test_another_failure_is_not_tried_again(waits: list[float]) -> None:
    with pytest.raises(StackFailed, match="is locked"):
        tried(Throttled(1, "the vault is locked"))
    assert waits == []
