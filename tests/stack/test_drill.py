"""What a stack makes of its drill: runbooks whose every way removes what was made, a narrow role,
a vault that gives everything back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from stacks.load import SettingsError
from tests.stack.conftest import statements
from tests.support.examples import Case, example, recordings
from tests.support.recorder import Recording

DOCUMENT, VAULT = "aws:ssm/document:Document", "aws:backup/vault:Vault"
NAME = "globex-backup-drill"
LARGEST_DOCUMENT = 64 * 1024
"""Bytes: https://docs.aws.amazon.com/general/latest/gr/ssm.html"""


@pytest.fixture(scope="module")
def globex() -> Recording:
    return recordings()["globex-management"]


def drilled(**drill: Any) -> Recording:
    """The same with another drill."""
    like = example("globex-management")
    return Case(stack=like.stack, own={**like.own, "drill": drill}).run({})


def steps(recording: Recording, name: str = NAME) -> Mapping[str, Mapping[str, Any]]:
    content = json.loads(recording.one(DOCUMENT, name).inputs["content"])
    return {step["name"]: step for step in content["mainSteps"]}


@pytest.mark.parametrize("name", [NAME, f"{NAME}-clean-up"])
def test_the_documents_are_of_a_size_that_systems_manager_takes(
    name: str, globex: Recording
) -> None:
    assert len(globex.one(DOCUMENT, name).inputs["content"].encode()) < LARGEST_DOCUMENT


def test_whatever_fails_once_something_is_made_goes_on_with_its_removal(
    globex: Recording,
) -> None:
    known = steps(globex)
    names = list(known)
    acts = names[1 : names.index("EndJobs")]
    assert {known[name]["onFailure"] for name in acts} == {"step:EndJobs"}
    removes = names[names.index("EndJobs") : names.index("StartCleanUp")]
    for name, following in zip(removes, [*removes[1:-1], *2 * ["StartCleanUp"]], strict=True):
        assert known[name]["onFailure"] == f"step:{following}"
    assert "onFailure" not in known["CheckAlone"]
    assert all(step["isCritical"] for step in known.values())


def test_a_cancellation_starts_the_clean_up_from_every_step_that_something_was_made_before(
    globex: Recording,
) -> None:
    known = steps(globex)
    guarded = [*known][1:-1]
    assert {known[name]["onCancel"] for name in guarded} == {"step:StartCleanUp"}
    inputs = known["StartCleanUp"]["inputs"]
    assert inputs["DocumentName"] == f"{NAME}-clean-up"
    assert inputs["Parameters"] == {"DrillId": ["{{automation:EXECUTION_ID}}"]}


def test_the_clean_up_does_the_same_by_itself(globex: Recording) -> None:
    known, alone = steps(globex), steps(globex, f"{NAME}-clean-up")
    names = list(known)
    assert [*alone][1:] == names[names.index("EndJobs") : names.index("StartCleanUp")]
    assert alone["EndJobs"]["inputs"]["InputPayload"]["DrillId"] == "{{DrillId}}"


def test_every_step_has_its_time(globex: Recording) -> None:
    without = [n for n, step in steps(globex).items() if "timeoutSeconds" not in step]
    assert without == ["WaitForTheIncident"]  # which sleeps, and does nothing else


def test_what_is_made_carries_the_drills_tag_and_only_that_is_removed(globex: Recording) -> None:
    request = steps(globex)["CreateInstance"]["inputs"]
    for specification in request["TagSpecifications"]:
        tags = {tag["Key"]: tag["Value"] for tag in specification["Tags"]}
        assert tags["backup-org:drill"] == "{{automation:EXECUTION_ID}}"
    assert request["MetadataOptions"] == {"HttpTokens": "required"}
    assert "IamInstanceProfile" not in request
    found = statements(globex, NAME)
    for sid in ("RunItsInstance", "WithItsVolumes"):
        asked = {"aws:RequestTag/backup-org:drill": "*"}
        assert found[sid]["Condition"]["StringLike"] == asked
    for sid in ("RemoveInstances", "RemoveVolumes"):
        tagged = {"aws:ResourceTag/backup-org:drill": "*"}
        assert found[sid]["Condition"] == {"StringLike": tagged}


def test_its_role_hands_over_itself_and_the_role_of_backups_alone(globex: Recording) -> None:
    found = statements(globex, NAME)
    passed = [s for s in found.values() if "iam:PassRole" in s["Action"]]
    (backups,) = [r for r in globex.all("aws:iam/role:Role") if r.name.endswith("-service")]
    assert {arn for s in passed for arn in s["Resource"]} == {
        "arn:aws:iam::777777777777:role/globex-backup-drill",
        backups.state["arn"],
    }


def test_its_vault_has_neither_lock_nor_guard(globex: Recording) -> None:
    vault = globex.one(VAULT, NAME)
    assert vault.inputs["forceDestroy"] is True
    for kind in ("vaultPolicy:VaultPolicy", "vaultLockConfiguration:VaultLockConfiguration"):
        assert [r for r in globex.all(f"aws:backup/{kind}") if NAME in r.name] == []


def test_a_customer_that_asks_for_keys_of_its_own_has_one_for_the_vault() -> None:
    (member,) = [r for stack, r in recordings().items() if stack == "hooli-member-trading"]
    (vault,) = [v for v in member.all(VAULT) if v.inputs["name"] == "hooli-backup-drill"]
    assert vault.inputs["kmsKeyArn"]


@pytest.mark.parametrize(
    ("type_", "architecture"),
    [
        ("t3.micro", "x86_64"),
        ("t4g.micro", "arm64"),
        ("c7gn.large", "arm64"),
        ("g5.xlarge", "x86_64"),
    ],
)
def test_the_image_is_one_for_the_instance_type(type_: str, architecture: str) -> None:
    parameter = steps(drilled(instance_type=type_))["FindImage"]["inputs"]["Name"]
    assert parameter.endswith(f"al2023-ami-kernel-default-{architecture}")


def test_its_network_is_the_one_of_the_settings() -> None:
    recording = drilled(subnet="subnet-0123456789abcdef0", security_groups=["sg-0123456789abcdef0"])
    request = steps(recording)["CreateInstance"]["inputs"]
    assert request["SubnetId"] == "subnet-0123456789abcdef0"
    assert request["SecurityGroupIds"] == ["sg-0123456789abcdef0"]
    network = statements(recording, NAME)["InItsNetwork"]["Resource"]
    assert [arn.rpartition("/")[2] for arn in network] == [
        "*",
        "subnet-0123456789abcdef0",
        "sg-0123456789abcdef0",
    ]


def test_a_drill_whose_alerts_nobody_forwards_is_refused() -> None:
    with pytest.raises(SettingsError, match="no event is forwarded from there"):
        drilled(region="us-east-1")
