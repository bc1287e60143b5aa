"""What is asked on a terminal and done after it, and how what AWS throttles is tried again."""

from __future__ import annotations

import io
import json
import re
import shutil
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest
from rich.console import Console

from fleet.deploy import commands, running
from fleet.deploy.changes import Change
from fleet.deploy.deployment import Deployment, NeverDeployed, Outcome, StackFailed
from fleet.deploy.losses import DataAtStake
from fleet.deploy.progress import StackProgress, changes_text
from fleet.deploy.running import RunFailed, patiently
from fleet.project import PROJECT
from stacks import load
from stacks.load import CUSTOMERS
from tests.support.command import Answer, backup_org

AUDIT, MANAGEMENT, WEB = "acme-audit", "acme-management", "acme-member-web"
GLOBEX = "globex-management"


class Stub:
    """A deployment in which a preview shows what the test says, and that notes what is done."""

    changing: ClassVar[set[str]] = set()
    losing: ClassVar[set[str]] = set()
    failing: ClassVar[set[str]] = set()
    done: ClassVar[list[tuple[str, str]]] = []

    def __init__(self, engine: object, stack: str, *_: object, **__: object) -> None:
        del engine
        self.stack = stack
        self.settings = load.from_files(stack, PROJECT)

    def beside(self, stack: str) -> Stub:
        return Stub(None, stack)

    def is_deployed(self) -> bool:
        self.done.append((self.stack, "looked up"))
        time.sleep(0.05)
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

    def foreseen(self) -> Outcome:
        raise NeverDeployed(self.stack)

    def removal(self) -> str:
        return f"pulumi stack rm {self.stack}"

    def _outcome(self, did: str) -> Outcome:
        self.done.append((self.stack, did))
        if self.stack in self.failing:
            raise StackFailed(self.stack, did, ["policy vault_has_its_own_key"])
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
    monkeypatch.setattr(Stub, "failing", set[str]())
    monkeypatch.setattr(Stub, "done", list[tuple[str, str]]())
    return Stub


def no_scripts(stacks: object, root: object) -> list[str]:
    del stacks, root
    return []


def up(*options: str, typed: str) -> Answer:
    return backup_org("up", AUDIT, MANAGEMENT, WEB, *options, typed=typed)


def deployed(stub: type[Stub]) -> list[tuple[str, str]]:
    return sorted(one for one in stub.done if one[1] in ("update", "up"))


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


def test_of_many_stacks_a_question_says_how_much_it_is_in_all(stub: type[Stub]) -> None:
    stub.changing = set(load.stacks_in(PROJECT))
    answer = backup_org("up", "--all", typed="n\n")
    assert f"Deploy {len(stub.changing)} stacks: {len(stub.changing)} update?" in answer.output


def test_what_reads_a_stack_whose_preview_failed_is_not_deployed(stub: type[Stub]) -> None:
    stub.changing, stub.failing = {MANAGEMENT, WEB, GLOBEX}, {AUDIT}
    with pytest.raises(RunFailed) as told:
        backup_org("up", AUDIT, MANAGEMENT, WEB, GLOBEX, typed="y\n")
    assert f"not tried: {MANAGEMENT}, {WEB}" in str(told.value)
    assert deployed(stub) == [(GLOBEX, "update")]


def test_with_fail_fast_nothing_is_deployed_once_a_preview_failed(stub: type[Stub]) -> None:
    stub.changing, stub.failing = {AUDIT}, {WEB}
    with pytest.raises(RunFailed, match=f"not tried: {AUDIT}"):
        up("--fail-fast", "--parallel", "1", typed="y\n")
    assert deployed(stub) == []


def test_json_is_all_that_results_have_where_somebody_is_asked(stub: type[Stub]) -> None:
    stub.changing = {WEB}
    answer = up("--json", typed="y\n")
    assert [one["ended"] for one in json.loads(answer.results)["stacks"]] == ["done"] * 3
    assert "update daily" in answer.output


def again(*arguments: str) -> str:
    """The command that is told to run only what failed."""
    with pytest.raises(RunFailed) as told:
        backup_org("preview", *arguments)
    found = re.search("those alone again: (.*)", str(told.value))
    assert found is not None
    return found[1]


def test_the_command_for_what_failed_does_the_same_to_these_alone(stub: type[Stub]) -> None:
    stub.failing = {AUDIT, WEB}
    assert again("acme", "--diff", "--json") == f"backup-org preview {AUDIT} {WEB} --diff"


def test_the_command_for_many_that_failed_chooses_as_before(stub: type[Stub]) -> None:
    stub.failing = set(load.stacks_in(PROJECT))
    roles = ("--role", "member", "--role", "audit", "--role", "management")
    assert again("acme", "*-member-*", "--exclude", "globex*", *roles) == (
        "backup-org preview acme '*-member-*' --exclude 'globex*' --role member --role audit "
        "--role management --only-failed"
    )


def test_the_command_for_a_table_that_cannot_be_read_chooses_as_before(
    stub: type[Stub], tmp_path: Path
) -> None:
    del stub
    (tmp_path / CUSTOMERS / "labs.yaml").write_text("members: [web]\n")
    assert again("labs-member-web") == "backup-org preview labs-member-web --only-failed"


def test_scripts_of_stacks_that_were_not_chosen_are_not_looked_up(
    stub: type[Stub], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def noted(stacks: Collection[str], root: object) -> list[str]:
        asked.extend(stacks)
        return no_scripts(stacks, root)

    monkeypatch.setattr(commands, "kept_scripts", noted)
    stub.failing = {AUDIT}
    again(AUDIT, WEB)
    assert asked == [WEB]


def test_a_stack_that_was_never_deployed_is_not_told_to_be_removed(stub: type[Stub]) -> None:
    del stub
    answer = backup_org("destroy", WEB, "--yes")
    assert "never deployed" in answer.output
    assert "pulumi stack rm" not in answer.output


def test_a_stack_that_several_read_is_looked_up_once(stub: type[Stub]) -> None:
    assert backup_org("preview", "acme", "--parallel", "4").exit_code == 0
    assert [one for one in stub.done if one[1] == "looked up"] == [(AUDIT, "looked up")]


@pytest.mark.parametrize("typed", ["", "y\n"])
def test_a_refresh_of_nothing_asks_nothing(stub: type[Stub], typed: str) -> None:
    del stub
    answer = backup_org("refresh", "--only-failed", typed=typed)
    assert (answer.exit_code, "no stack is chosen" in answer.output) == (0, True)


def test_a_change_in_the_state_alone_is_not_called_no_change() -> None:
    urn = "urn:pulumi:s::backup-org::pulumi:pulumi:Stack::backup-org-s"
    output = Change(urn=urn, op="same")
    outcome = Outcome(stack=WEB, changes={"same": 3}, details=[output], seconds=0)
    assert changes_text(outcome) == "1 in the state alone"


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
