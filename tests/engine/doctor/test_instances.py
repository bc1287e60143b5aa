"""Instances of scripts, as the doctor finds them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from moto.backends import get_backend

from fleet.doctor.findings import Finding, State
from fleet.doctor.instances import instances
from fleet.doctor.stack_account import StackAccount
from sandbox.tests.deployed_aws import MEMBER, DeployedAws, shared_aws
from stacks import load, names
from stacks.settings import MemberSettings
from tests.support.examples import ROOT, example

REGION, ELSEWHERE = "eu-central-1", "us-east-1"
ABOUT = f"instances for scripts in {REGION}"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeployedAws]:
    made = shared_aws(tmp_path_factory.getbasetemp() / "functions")
    made.open()
    yield made
    made.close()


@pytest.fixture
def settings() -> MemberSettings:
    case = example("acme-member-payments")
    plans = {
        **case.own["plans"],
        "other": {"vault": "standard", "selection": {"tag": "too", "value": "x"}},
    }
    found = load.parse(case.stack, {**case.own, "regions": [REGION], "plans": plans}, ROOT)
    assert isinstance(found, MemberSettings)
    return found


def launch(aws: DeployedAws, region: str = REGION, /, **given: Any) -> str:
    tags = {"backup-plan": "standard-database", **given.pop("tags", {})}
    request = {"account": MEMBER, "region": region, "tags": tags, **given}
    return str(aws.systems_manager.instances.launch(request)["instance_id"])


def found(aws: DeployedAws, settings: MemberSettings) -> list[Finding]:
    session = aws.server.session(MEMBER, REGION)
    return list(instances(StackAccount(settings=settings, session=session, root=ROOT)))


def cured(aws: DeployedAws, settings: MemberSettings, instance: str) -> Mapping[str, str]:
    """What is found of an instance, with its cure."""
    return {
        f"{finding.about}: {finding.found}": finding.cure
        for finding in found(aws, settings)
        if instance in finding.found
    }


def test_instances_that_are_reached_are_well(aws: DeployedAws, settings: MemberSettings) -> None:
    launch(aws)
    (finding,) = found(aws, settings)
    assert (finding.about, finding.found, finding.cure) == (ABOUT, "1 tagged, all are reached", "")


def test_one_with_the_profile_and_no_tag_is_told(
    aws: DeployedAws, settings: MemberSettings
) -> None:
    instance = launch(aws, tags={"backup-plan": "standard"})
    name = names.instance_profile(settings)
    iam, ec2 = aws.client("iam", MEMBER), get_backend("ec2")[MEMBER][REGION]
    iam.create_instance_profile(InstanceProfileName=name)
    profile = {"Arn": f"arn:aws:iam::{MEMBER}:instance-profile/{name}"}
    ec2.associate_iam_instance_profile(instance, iam_instance_profile_arn=profile["Arn"])
    (finding,) = [each for each in found(aws, settings) if instance in each.found]
    assert finding.found == f"with the profile {name} and no script's tag: {instance}"
    assert (finding.state, finding.cure) == (
        State.BY_HAND,
        "tag them if a script should run on them",
    )


@pytest.mark.parametrize("state", [{"managed": False}, {"online": False}])
def test_one_that_systems_manager_does_not_reach_is_told(
    state: Mapping[str, bool], aws: DeployedAws, settings: MemberSettings
) -> None:
    instance = launch(aws, **state)
    ((said, cure),) = cured(aws, settings, instance).items()
    assert said.startswith(f"{ABOUT}: not reached by Systems Manager: ")
    assert "docs/scripts.md" in cure


def test_one_that_a_plan_selects_too_is_told(aws: DeployedAws, settings: MemberSettings) -> None:
    instance = launch(aws, tags={"too": "x"})
    ((said, cure),) = cured(aws, settings, instance).items()
    assert "in a plan's selection too, so backed up twice" in said
    assert cure == "take the plan's tag off them"


def test_one_in_a_region_without_the_stack_is_told(
    aws: DeployedAws, settings: MemberSettings
) -> None:
    instance = launch(aws, ELSEWHERE)
    ((said, cure),) = cured(aws, settings, instance).items()
    assert said.startswith(f"instances for scripts in {ELSEWHERE}: the stack is not there")
    assert cure.startswith(f"add {ELSEWHERE} to regions")


@pytest.mark.parametrize(
    ("prints", "said"),
    [
        ("enabled", ""),
        ("disabled", "Windows that does not run user data: "),
        ("who knows", "Windows that does not say whether it runs user data: "),
    ],
)
def test_windows_is_asked_whether_it_runs_user_data(
    prints: str, said: str, aws: DeployedAws, settings: MemberSettings
) -> None:
    request = {"account": MEMBER, "region": REGION, "platform": "Windows"}
    tags = {"backup-plan": "standard-database"}
    launched = aws.systems_manager.instances.launch({**request, "tags": tags})
    shell = Path(launched["folder"]) / "bin" / "pwsh"
    shell.write_text(f"#!/bin/sh\necho {prints}\n")
    shell.chmod(0o755)
    about = cured(aws, settings, launched["instance_id"])
    assert [text.removeprefix(f"{ABOUT}: ").startswith(said) for text in about] == [True] * bool(
        said
    )
