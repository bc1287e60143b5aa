"""Restore testing plans that are refused, each with the cure, and those that are warned of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from stacks import load, names
from stacks.settings import MemberSettings
from stacks.warnings import warnings_of
from tests.unit.stacks.conftest import ACME, MEMBER, problem, problems

VOLUME = "arn:aws:ec2:eu-central-1:333333333333:volume/vol-1"


def weekly(selection: Mapping[str, Any], **plan: Any) -> dict[str, Any]:
    selections = {"one": {"type": "EBS", **selection}}
    return {"restore_testing": {"weekly": {"selections": selections, **plan}}}


ONE = "restore_testing.weekly.selections.one"


@pytest.mark.parametrize(
    ("change", "place", "says"),
    [
        (
            weekly({}, recovery_points={"vaults": ["other"]}),
            "restore_testing.weekly.recovery_points.vaults[0]",
            "none of the stack's vaults: standard",
        ),
        (
            weekly({}, regions=["eu-west-1"]),
            "restore_testing.weekly.regions[0]",
            "they stand in eu-central-1",
        ),
        (
            weekly({"arns": [VOLUME], "equals": {"stage": "prod"}}),
            f"{ONE}.arns",
            "AWS Backup takes either",
        ),
        (
            weekly({"arns": ["arn:aws:rds:eu-central-1:333333333333:db:one"]}),
            f"{ONE}.arns[0]",
            "none of EBS",
        ),
        (
            weekly({"arns": [VOLUME.replace("333333333333", "444444444444")]}),
            f"{ONE}.arns[0]",
            "of another account",
        ),
        (
            weekly({"arns": [VOLUME.replace("eu-central-1", "us-east-1")]}),
            f"{ONE}.arns[0]",
            "none of the stack's Regions",
        ),
        (weekly({"arns": [VOLUME[:-1] + "*"]}), f"{ONE}.arns[0]", "whole ARNs"),
        (weekly({"type": "Timestream"}), f"{ONE}.type", "EBS"),
        (
            weekly({"metadata": {"encrypted": "true"}}),
            f"{ONE}.metadata.encrypted",
            "AWS Backup takes: availabilityZone",
        ),
        (
            weekly({"type": "EC2", "metadata": {"securityGroupIds": "sg-1"}}),
            f"{ONE}.metadata.securityGroupIds",
            "'[\"sg-1\"]'",
        ),
        (
            weekly({"type": "FSx", "metadata": {"windowsConfiguration": "{}", "subnetIds": "[]"}}),
            f"{ONE}.metadata.windowsConfiguration",
            "needs activeDirectoryId",
        ),
        (
            weekly({"type": "FSx", "metadata": {"lustreConfiguration": "{}"}}),
            f"{ONE}.metadata.lustreConfiguration",
            "needs subnetIds beside it",
        ),
        (weekly({"validation_window_hours": 0}), f"{ONE}.validation_window_hours", "1"),
        (
            {"restore_testing": {"w" * 50: {"selections": {"one": {"type": "EBS"}}}}},
            f"restore_testing.{'w' * 50}",
            "shorten it by 5",
        ),
    ],
)
def test_what_aws_would_refuse_is_refused_with_the_cure(
    change: Mapping[str, Any], place: str, says: str, root: Path
) -> None:
    told = problem(change, root)
    assert f" {place}: " in told
    assert says in told


def test_a_stack_without_vaults_tests_no_restores(root: Path) -> None:
    own = {"extends": "acme", "role": "management", "reports": None, **weekly({})}
    assert "of which this stack has none" in problems("acme-management", own, root)[0]


def test_copies_of_others_are_tested_where_a_vault_takes_them_in(root: Path) -> None:
    other = VOLUME.replace("333333333333", "444444444444")
    own = {**MEMBER, "vaults": {"standard": {"copies_from": "organization"}}}
    load.parse("acme-member-web", {**own, **weekly({"arns": [other]})}, root)


def told(root: Path, **own: Any) -> list[str]:
    return list(warnings_of(load.parse("acme-member-web", {**MEMBER, **own}, root)))


def test_a_vault_that_a_plan_fills_and_no_test_takes_from_is_warned_of(root: Path) -> None:
    own: dict[str, Any] = {
        "vaults": {"standard": {}, "other": {}},
        "plans": {"bronze": {"vault": "other"}},
    }
    points = {"vaults": ["standard"]}
    (said,) = told(root, **own, **weekly({}, recovery_points=points))
    assert said.startswith("plans.bronze: fills other in eu-central-1, from which no restore test")
    assert told(root, **own, **weekly({})) == []
    assert told(root, **own) == []


def test_a_type_that_a_plan_names_and_no_test_restores_is_warned_of(root: Path) -> None:
    plans = {"bronze": {"selection": {"resource_types": ["EBS", "RDS", "Timestream"]}}}
    said = told(root, plans=plans, **weekly({}))
    assert [text.rpartition("; ")[2] for text in said] == [
        "add a selection of the type",
        "AWS Backup's restore tests do not take the type: restore one by hand",
    ]


def test_file_systems_of_which_aws_infers_too_little_are_warned_of(root: Path) -> None:
    (said,) = told(root, **weekly({"type": "FSx"}))
    assert "subnetIds of Lustre and Windows" in said
    metadata = {"subnetIds": '["subnet-1"]'}
    assert told(root, **weekly({"type": "FSx", "metadata": metadata})) == []


def test_a_customers_hyphens_become_underscores_in_a_plans_name(root: Path) -> None:
    (root / load.CUSTOMERS / "acme.yaml").write_text(json.dumps({**ACME, "customer": "ac-me"}))
    settings = load.parse("ac-me-member-web", {**MEMBER, **weekly({})}, root)
    assert isinstance(settings, MemberSettings)
    assert names.restore_testing_plan(settings, "weekly") == "ac_me_weekly"
