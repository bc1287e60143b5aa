"""The example stacks in China and in GovCloud: their ARNs, and who is called otherwise there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping

import pytest

from policies.rules import RULES
from stacks import load
from tests.support import examples
from tests.support.policies import refused
from tests.support.recorder import Recording

ELSEWHERE = {
    "aws-cn": {"eu-central-1": "cn-north-1", "eu-west-1": "cn-northwest-1"},
    "aws-us-gov": {"eu-central-1": "us-gov-west-1", "eu-west-1": "us-gov-east-1"},
}


@pytest.fixture(scope="module", params=ELSEWHERE)
def partition(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def elsewhere(partition: str, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Recording]:
    """Every example stack, its Regions those of the partition."""
    root = tmp_path_factory.mktemp(partition)
    shutil.copy(examples.ROOT / "__main__.py", root)
    shutil.copytree(examples.ROOT / load.CUSTOMERS, root / load.CUSTOMERS)
    for path in (root / load.CUSTOMERS).glob("*.yaml"):
        text = path.read_text().replace("arn:aws:", f"arn:{partition}:")
        for here, there in ELSEWHERE[partition].items():
            text = text.replace(here, there)
        path.write_text(text)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(examples, "ROOT", root)
        return examples.record_all()


def test_no_resource_names_an_arn_of_another_partition(
    partition: str, elsewhere: Mapping[str, Recording]
) -> None:
    found = [
        f"{resource.type} {resource.name}"
        for recording in elsewhere.values()
        for resource in recording.resources
        if "arn:aws:" in json.dumps(resource.inputs, default=str)
    ]
    assert found == []
    assert any(
        f"arn:{partition}:iam::aws:policy/" in json.dumps(resource.inputs, default=str)
        for recording in elsewhere.values()
        for resource in recording.resources
    )


def test_what_other_stacks_read_is_of_the_partition(
    partition: str, elsewhere: Mapping[str, Recording]
) -> None:
    exported = json.dumps([dict(recording.exports) for recording in elsewhere.values()])
    assert f"arn:{partition}:" in exported
    assert "arn:aws:" not in exported


def test_ec2_alone_is_called_otherwise_in_china(
    partition: str, elsewhere: Mapping[str, Recording]
) -> None:
    roles = [role for each in elsewhere.values() for role in each.all("aws:iam/role:Role")]
    trusts = "".join(str(role.inputs["assumeRolePolicy"]) for role in roles)
    suffix = ".cn" if partition == "aws-cn" else ""
    assert f'"ec2.amazonaws.com{suffix}"' in trusts
    assert trusts.count(".amazonaws.com.cn") == trusts.count("ec2.amazonaws.com.cn")


def test_no_policy_is_violated_there(elsewhere: Mapping[str, Recording]) -> None:
    rules = RULES.keys() - {"region_is_allowed"}  # made-up ARNs stand in eu-central-1
    assert [told for recording in elsewhere.values() for told in refused(recording, *rules)] == []
