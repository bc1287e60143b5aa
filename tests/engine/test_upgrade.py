"""What the last landed release deployed, upgraded by this program, in this order.

That release's own program makes the state, out of the history: a shallow clone has none, and skips.
What a stack says that meets an older one needs none.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pulumi.automation import PulumiCommand

from fleet.deploy.deployment import Deployment, StackFailed
from fleet.deploy.order import in_order
from fleet.project import PROJECT, PROJECT_VARIABLE
from fleet.sandbox.stage import Stage, staged
from tests.engine.conftest import PLUGIN, Change
from tests.support.standing import resources_in

RELEASE = "269f1a3"
"""The last landed one."""
AUDIT, MANAGEMENT, MEMBER = STACKS = ("acme-audit", "acme-management", "acme-member-web")
HOLDS_DATA = {
    "aws:backup/vault:Vault",
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:dynamodb/table:Table",
    "aws:kms/key:Key",
    "aws:s3/bucket:Bucket",
    "aws:sqs/queue:Queue",
}
DATA = ("vaults", "keys", "buckets", "tables", "log groups", "queues")
"""The same, as AWS lists them."""
DELETIONS = {"delete", "replace", "delete-replaced", "create-replacement"}
_MAIN = "from fleet.cli import main; main()"


def held(deployment: Deployment) -> Mapping[str, tuple[str, str, str]]:
    """Type, id and time of creation of what can hold data, by URN, as the state has them."""
    return {
        of["urn"]: (of["type"], of["id"], of["created"])
        for of in deployment.deployed()
        if of["type"] in HOLDS_DATA
    }


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The release's files."""
    look = ["git", "-C", PROJECT, "cat-file", "-e", f"{RELEASE}^{{commit}}"]
    there = subprocess.run(look, capture_output=True, check=False)
    if there.returncode:
        pytest.skip(f"the release {RELEASE} is not in this clone: git fetch --unshallow")
    folder = tmp_path_factory.mktemp("release")
    packed = ["git", "-C", PROJECT, "archive", RELEASE]
    archive = subprocess.run(packed, stdout=subprocess.PIPE, check=True)
    subprocess.run(["tar", "x", "-C", folder], input=archive.stdout, check=True)
    return folder


@pytest.fixture(scope="module")
def released(stage: Stage, pulumi: PulumiCommand, release: Path) -> Stage:
    """acme's settings as the release has them, deployed by its own command, with what this
    installation has beside it."""
    workspace = replace(stage.workspace, source=release)
    made = staged("acme", workspace, stage.sandbox, pulumi, PLUGIN)
    environment = {
        **os.environ,
        **made.engine.environment,
        "PYTHONPATH": str(release),
        PROJECT_VARIABLE: str(workspace.project),
    }
    done = subprocess.run(
        [sys.executable, "-c", _MAIN, "up", *STACKS],
        cwd=release,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return made


def test_today_s_program_keeps_all_that_holds_data(released: Stage) -> None:
    deployments = [Deployment(released.engine, stack) for stack in STACKS]
    before = {each.stack: held(each) for each in deployments}
    accounts = {each.settings.account for each in deployments}
    standing = {account: resources_in(released, account) for account in accounts}
    outcomes = in_order(deployments, Deployment.up)
    gone = [change for of in outcomes for change in of.details if change.op in DELETIONS]
    assert [change.urn for change in gone if change.type in HOLDS_DATA] == []
    assert {kind for of in before.values() for kind, *_ in of.values()} == HOLDS_DATA
    for each in deployments:
        assert before[each.stack].items() <= held(each).items()
    for account, of in standing.items():
        now = resources_in(released, account)
        assert [
            kind for kind in of if kind.endswith(DATA) and set(of[kind]) - set(now.get(kind, []))
        ] == []


def test_it_writes_the_state_anew_and_another_up_changes_nothing(released: Stage) -> None:
    deployments = [Deployment(released.engine, stack) for stack in STACKS]
    in_order(deployments, Deployment.update)
    assert not [of.details for of in in_order(deployments, Deployment.up) if of.changed]
    assert not [of.drift for of in in_order(deployments, Deployment.drifted) if of.changed]


def test_it_changes_what_the_release_deployed(
    released: Stage, change_settings: Callable[[str, Change], Deployment]
) -> None:
    def keep_longer(own: dict[str, Any]) -> None:
        own["plans"]["standard"]["rules"]["daily"]["delete_after_days"] = 21

    (change,) = change_settings(MEMBER, keep_longer).up().details
    assert (change.op, change.type) == ("update", "aws:backup/plan:Plan")


def test_it_destroys_what_the_release_deployed(released: Stage) -> None:
    deployments = [Deployment(released.engine, stack) for stack in STACKS]
    in_order(deployments, Deployment.destroy, backwards=True)
    for each in deployments:
        assert resources_in(released, each.settings.account) == {}


def test_a_stack_that_meets_an_older_one_says_what_to_upgrade_first(stage: Stage) -> None:
    audit, member = Deployment(stage.engine, AUDIT), Deployment(stage.engine, MEMBER)
    audit.up()
    audit.change_state(lambda resources: resources[0]["outputs"]["contracts"].update(alerts="0"))
    before = resources_in(stage, member.settings.account)
    with pytest.raises(StackFailed) as caught:
        member.up()
    told = f"{AUDIT} was deployed by an older program than this one: it exports alerts in version 0"
    assert told in str(caught.value)
    assert f"run first: backup-org up {AUDIT}" in str(caught.value)
    assert resources_in(stage, member.settings.account) == before


def test_and_comes_up_once_that_was_run(stage: Stage) -> None:
    Deployment(stage.engine, AUDIT).up()
    assert Deployment(stage.engine, AUDIT).outputs()["contracts"]["alerts"] == "1"
    assert Deployment(stage.engine, MEMBER).up().changed
