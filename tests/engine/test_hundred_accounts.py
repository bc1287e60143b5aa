"""A customer of a hundred member accounts, from its AWS Organization until nothing is left:
enrolled, brought up, changed, drifted by hand, found, repaired, destroyed; by the real commands.

What each step took is printed, and what all processes of a step held at most.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi.automation import PulumiCommand

from aws_sandbox.aws.organization import Account
from aws_sandbox.client import Sandbox
from benchmarks.members import backup_org
from benchmarks.processes import largest_while
from fleet.project import PROJECT
from fleet.sandbox.stage import Stage, organization_for, stacks_of, staged
from fleet.sandbox.tour import give_credentials
from fleet.sandbox.workspace import Workspace
from stacks.load import CUSTOMERS
from tests.engine.conftest import PLUGIN
from tests.support.standing import resources_in

ACCOUNTS = int(os.environ.get("SOAK_ACCOUNTS", "100"))
CUSTOMER, REGION = "acme", "eu-central-1"
DEFAULTS: Mapping[str, Any] = {
    "regions": [REGION],
    "vaults": {"standard": {"force_destroy": True}},
    "plans": {
        "standard": {
            "vault": "standard",
            "selection": {"value": "standard"},
            "rules": {"daily": {"schedule": "cron(30 0 ? * * *)", "delete_after_days": 14}},
        }
    },
}


@dataclass(frozen=True, kw_only=True)
class Fleet:
    stage: Stage
    accounts: Mapping[str, str]
    """Of the members, by their stacks."""

    def does(self, *arguments: str, exit_code: int = 0) -> str:
        """What a command says; prints what it took."""
        started = time.perf_counter()
        with largest_while(self.stage.sandbox.address.pid) as peaks:
            said = backup_org(self.stage, *arguments, exit_code=exit_code)
        seconds = time.perf_counter() - started
        sys.stdout.write(
            f"{' '.join(arguments)} | {len(self.accounts)} accounts | {seconds:.0f} s | "
            f"{seconds / len(self.accounts):.2f} s each | {sum(peaks.values()):.0f} MB at most\n"
        )
        return said

    def stacks_that(self, field: str, *arguments: str, exit_code: int = 0) -> set[str]:
        """Of which a command tells something in a field of its JSON."""
        said = self.does(*arguments, "--json", exit_code=exit_code)
        rows: list[dict[str, Any]] = json.loads(said)["stacks"]
        return {row["stack"] for row in rows if row[field]}

    def of_each(self, look: Callable[[Any], Any]) -> dict[str, Any]:
        """What is seen with a session in each member's account."""

        def seen(account: str) -> Any:
            return look(self.stage.sandbox.session(account, REGION))

        with ThreadPoolExecutor(4) as pool:
            return dict(zip(self.accounts, pool.map(seen, self.accounts.values()), strict=True))

    def change(self, how: Callable[[dict[str, Any]], None]) -> None:
        """What all members have by their customer's file."""
        path = self.stage.workspace.project / CUSTOMERS / f"{CUSTOMER}.yaml"
        content = yaml.safe_load(path.read_text())
        how(content["member_defaults"])
        path.write_text(yaml.safe_dump(content, sort_keys=False))


@pytest.fixture
def fleet(tmp_path: Path, pulumi: PulumiCommand, _layers: None) -> Iterator[Fleet]:
    """The example customer's central stacks, and an organization with further accounts, none of
    which has a row yet."""
    workspace = Workspace(root=tmp_path / "sandbox", source=_source(tmp_path / "source"))
    organization = organization_for(CUSTOMER, stacks_of(CUSTOMER, workspace.source))
    added = [Account(id=str(300_000_000_000 + i), name=f"team-{i}") for i in range(ACCOUNTS)]
    sandbox = Sandbox.start(
        workspace.root,
        organizations=[replace(organization, accounts=[*organization.accounts, *added])],
        with_parent=True,
        pulumi_home=workspace.pulumi_home,
    )
    try:
        stage = staged(CUSTOMER, workspace, sandbox, pulumi, PLUGIN)
        give_credentials(stage)
        accounts = {f"{CUSTOMER}-member-{account.name}": account.id for account in added}
        yield Fleet(stage=stage, accounts=accounts)
    finally:
        sandbox.stop()


def _source(folder: Path) -> Path:
    customers = folder / CUSTOMERS
    shutil.copytree(PROJECT / CUSTOMERS, customers)
    shutil.copy(PROJECT / "Pulumi.yaml", folder)
    for member in customers.glob(f"Pulumi.{CUSTOMER}-member-*.yaml"):
        member.unlink()
    shared = customers / f"{CUSTOMER}.yaml"
    content = {**yaml.safe_load(shared.read_text()), "member_defaults": DEFAULTS}
    shared.write_text(yaml.safe_dump(content, sort_keys=False))
    return folder


@pytest.mark.soak
def test_a_hundred_accounts_are_enrolled_brought_up_changed_repaired_and_left_empty(
    fleet: Fleet,
) -> None:
    fleet.does("enrol", CUSTOMER, "--yes")
    assert fleet.stage.stacks.keys() > fleet.accounts.keys()

    fleet.does("up", CUSTOMER, "--yes")
    assert set(fleet.of_each(_retention).values()) == {14}
    fleet.does("enrol", CUSTOMER, "--check")
    assert fleet.stacks_that("changed", "up", CUSTOMER, "--yes") == set()

    fleet.change(_keep_longer)
    assert fleet.stacks_that("changed", "up", CUSTOMER, "--yes") == fleet.accounts.keys()
    assert set(fleet.of_each(_retention).values()) == {21}

    by_hand = dict([*fleet.accounts.items()][::10])
    for account in by_hand.values():
        _stop_alerts(fleet.stage, account)
    assert not any(fleet.of_each(_has_rules)[stack] for stack in by_hand)
    assert fleet.stacks_that("drift", "drift", CUSTOMER, exit_code=2) == by_hand.keys()
    fleet.does("up", CUSTOMER, "--yes", "--refresh")
    assert all(fleet.of_each(_has_rules).values())
    assert fleet.stacks_that("drift", "drift", CUSTOMER) == set()

    fleet.does("destroy", CUSTOMER, "--yes", "--lose", "*")
    assert [resources_in(fleet.stage, a) for a in fleet.accounts.values()] == [{}] * ACCOUNTS


def _retention(session: Any) -> int:
    """Days that the plan keeps recovery points for."""
    backup = session.client("backup")
    [plan] = backup.list_backup_plans()["BackupPlansList"]
    [rule] = backup.get_backup_plan(BackupPlanId=plan["BackupPlanId"])["BackupPlan"]["Rules"]
    return rule["Lifecycle"]["DeleteAfterDays"]


def _has_rules(session: Any) -> bool:
    return bool(session.client("events").list_rules()["Rules"])


def _keep_longer(defaults: dict[str, Any]) -> None:
    defaults["plans"]["standard"]["rules"]["daily"]["delete_after_days"] = 21


def _stop_alerts(stage: Stage, account: str) -> None:
    """As somebody does in the console: every rule that forwards, with its targets."""
    events = stage.sandbox.session(account, REGION).client("events")
    for rule in events.list_rules()["Rules"]:
        name = rule.get("Name", "")
        targets = [t["Id"] for t in events.list_targets_by_rule(Rule=name)["Targets"]]
        events.remove_targets(Rule=name, Ids=targets)
        events.delete_rule(Name=name)
