"""Customers other than the example, in a sandbox that runs already."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi.automation import PulumiCommand
from rich.console import Console

from fleet.deploy.progress import StackProgress
from fleet.errors import ToldError
from fleet.sandbox import tour
from fleet.sandbox.stage import Stage, running, staged
from fleet.sandbox.tour import Tour
from fleet.sandbox.workspace import Workspace, machine
from stacks.load import CUSTOMERS, KEY

OTHERS = {"organization": {"management_account": "888888888888"}, "region": "us-west-2"}

Write = Callable[..., Workspace]


@pytest.fixture
def write(stage: Stage, tmp_path: Path) -> Write:
    """Somebody's own project: writes a stack's settings, without a file that it shares."""
    (tmp_path / "Pulumi.yaml").write_text((stage.workspace.source / "Pulumi.yaml").read_text())
    (tmp_path / CUSTOMERS).mkdir(parents=True)

    def write(stack: str, **own: Any) -> Workspace:
        file = tmp_path / CUSTOMERS / f"Pulumi.{stack}.yaml"
        file.write_text(yaml.safe_dump({"config": {KEY: {"alerts_in": "management", **own}}}))
        return replace(stage.workspace, source=tmp_path)

    return write


def test_what_a_customer_does_not_have_is_passed_over_and_said(
    stage: Stage, pulumi: PulumiCommand, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    off = ("copy_job", "restore_job", "control_compliance", "resource_compliance")
    workspace = write(
        "initech-management",
        customer="initech",
        role="management",
        **OTHERS,
        deploy_role="their-own-role",
        functions={"runtime": "python3.13", "architecture": "arm64", "log_retention_days": 7},
        reports={
            "plans": dict.fromkeys(off),
            "bucket": {"force_destroy": True},
        },
    )
    monkeypatch.setattr(tour, "_ACCOUNTS", 2)
    monkeypatch.setattr(tour, "_DAYS", 2)
    sandbox = running("initech", workspace, print)
    assert sandbox.address == stage.sandbox.address
    theirs = staged("initech", workspace, sandbox, pulumi)
    screen = io.StringIO()
    done = Tour(theirs, StackProgress(1, "deploying", console=Console(file=screen, width=80)))
    done.run()
    functions = theirs.stacks["initech-management"].functions
    assert (functions.runtime, functions.log_retention_days) == (machine().runtime, 7)
    assert done.counts["reports"] == done.counts["partitions"] == done.counts["curated"] == 2
    assert done.incident is None
    assert "incident: there is no stack with vaults: none is opened\n" in screen.getvalue()
    assert "success_rate_by_account" in done.answers
    reads = "and there is no report plan of that template"
    assert reads in done.lacks["blog_5_failed_restore_jobs_in_a_region"]
    assert stage.sandbox.organization_of("888888888888").regions[-1] == "us-west-2"
    assert not stage.sandbox.organization_of("111111111111").has("888888888888")


def test_an_account_is_one_customers_alone(write: Write) -> None:
    taken = {"management_account": "111111111111"}
    workspace = write(
        "hooli-management",
        customer="hooli",
        role="management",
        organization=taken,
        region="eu-west-1",
    )
    with pytest.raises(ToldError, match=r"hooli cannot be .*111111111111.*\n.*ids of its own"):
        running("hooli", workspace, print)


def test_a_customer_that_there_is_not_is_told_with_those_that_there_are(write: Write) -> None:
    write("hooli-audit", customer="hooli", role="audit")
    workspace = write("initech-member-one", customer="initech", role="member")
    with pytest.raises(ToldError, match=r"no customer hoolie in .*; there are: hooli, initech$"):
        running("hoolie", workspace, print)
