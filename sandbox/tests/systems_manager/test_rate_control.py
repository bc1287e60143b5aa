"""An automation for each instance with a tag, so many at once."""

import time
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.tests.systems_manager.conftest import (
    Commands,
    Runbooks,
    Step,
    fails,
    mark,
    until,
    waits,
)

TARGET = {"InstanceId": {"type": "String", "allowedPattern": "^i-[0-9a-f]+$"}}


class Fleet:
    """Instances with a tag of their own, and a runbook for them."""

    def __init__(self, runbooks: Runbooks, commands: Commands, *steps: Step, size: int = 4) -> None:
        self._runbooks = runbooks
        self.tag = runbooks.aws.name("fleet")
        self.ids = {commands.launch(tags={"fleet": self.tag})["instance_id"] for _ in range(size)}
        self.document = runbooks.create(
            *steps,
            role=runbooks.role("sts:*", "tag:GetResources"),
            target_type="/AWS::EC2::Instance",
            parameters=TARGET,
        )

    def start(self, **given: Any) -> str:
        return self._runbooks.start(
            self.document,
            TargetParameterName="InstanceId",
            Targets=[{"Key": "tag:fleet", "Values": [self.tag]}],
            **given,
        )

    def children(self, parent: str) -> list[Mapping[str, Any]]:
        filters = [{"Key": "ParentExecutionId", "Values": [parent]}]
        return self._runbooks.ssm.describe_automation_executions(Filters=filters)[
            "AutomationExecutionMetadataList"
        ]


def test_each_target_has_an_automation_of_its_own(runbooks: Runbooks, commands: Commands) -> None:
    fleet = Fleet(runbooks, commands, mark("First"))
    parent = fleet.start(MaxConcurrency="2", MaxErrors="100%")
    runbooks.aws.settle()
    ended = runbooks.get(parent)
    assert ended["AutomationExecutionStatus"] == "Success"
    assert {*ended["ResolvedTargets"]["ParameterValues"]} == fleet.ids
    children = fleet.children(parent)
    assert {child["Target"] for child in children} == fleet.ids
    given = runbooks.get(children[0]["AutomationExecutionId"])["Parameters"]
    assert given == {"InstanceId": [children[0]["Target"]]}


def test_no_more_run_at_once_than_the_concurrency(runbooks: Runbooks, commands: Commands) -> None:
    fleet = Fleet(runbooks, commands, waits("Wait"))
    parent = fleet.start(MaxConcurrency="50%")
    until(lambda: len(fleet.children(parent)) >= 2)
    time.sleep(0.2)
    assert len(fleet.children(parent)) == 2
    runbooks.ssm.stop_automation_execution(AutomationExecutionId=parent)
    assert runbooks.ended(parent)["AutomationExecutionStatus"] == "Cancelled"
    states = [child["AutomationExecutionStatus"] for child in fleet.children(parent)]
    assert states == ["Cancelled", "Cancelled"]


@pytest.mark.parametrize(("most", "run"), [("1", 2), ("0", 1), ("50%", 2), ("100%", 4)])
def test_no_target_more_is_taken_after_so_many_errors(
    runbooks: Runbooks, commands: Commands, most: str, run: int
) -> None:
    fleet = Fleet(runbooks, commands, fails("First"))
    parent = fleet.start(MaxConcurrency="1", MaxErrors=most)
    runbooks.aws.settle()
    assert len(fleet.children(parent)) == run
    assert runbooks.get(parent)["AutomationExecutionStatus"] == "Failed"


def test_targets_need_a_parameter_that_the_runbook_has(
    runbooks: Runbooks, commands: Commands
) -> None:
    fleet = Fleet(runbooks, commands, mark("First"), size=1)
    targets = [{"Key": "tag:fleet", "Values": [fleet.tag]}]
    with pytest.raises(ClientError, match="has no parameter Instance"):
        runbooks.start(fleet.document, TargetParameterName="Instance", Targets=targets)
