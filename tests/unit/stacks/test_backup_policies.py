"""What backup policies of an organization say, how they are split, and what they cannot hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

import pytest

from stacks import load
from stacks.backup_policy_content import CHARACTERS, parts
from stacks.settings import ManagementSettings
from tests.support.examples import ROOT, example

RULE = {"schedule": "cron(0 1 ? * * *)", "delete_after_days": 35}


def settings(plans: Mapping[str, Any], **policy: Any) -> ManagementSettings:
    case = example("acme-management")
    given = {
        "targets": ["ou-exam-11111111"],
        "vault": "standard",
        "regions": ["eu-central-1"],
        "plans": plans,
        **policy,
    }
    found = load.parse(case.stack, {**case.own, "backup_policies": {"all": given}}, ROOT)
    assert isinstance(found, ManagementSettings)
    return found


def plan(content: Mapping[str, Any], **policy: Any) -> Any:
    """The one plan of a policy, as AWS is told."""
    (text,) = parts(settings({"gold": content}, **policy), "all")
    return json.loads(text)["plans"]["all-gold"]


def assigned(value: Any) -> Any:
    """Without the operators, as AWS Organizations applies a policy that nothing is merged with."""
    if not isinstance(value, dict):
        return value
    given = cast("dict[str, Any]", value)
    if "@@assign" in given:
        return given["@@assign"]
    return {key: assigned(child) for key, child in given.items()}


def test_a_plan_says_in_aws_syntax_what_an_accounts_own_would() -> None:
    rule = {
        **RULE,
        "move_to_cold_storage_after_days": 5,
        "delete_after_days": 100,
        "start_window_minutes": 120,
        "recovery_point_tags": {"kind": "daily"},
        "copies": [
            {"region": "eu-west-1"},
            {"account": "central", "vault": "central", "delete_after_days": 400},
        ],
    }
    here, there = (
        "arn:aws:backup:eu-west-1:$account:backup-vault:standard",
        "arn:aws:backup:eu-central-1:222222222222:backup-vault:central",
    )
    lifecycle = {"move_to_cold_storage_after_days": "5", "delete_after_days": "100"}
    content = plan({"rules": {"daily": rule}, "air_gapped_vault": "isolated", "windows_vss": True})
    assert assigned(content) == {
        "regions": ["eu-central-1"],
        "rules": {
            "daily": {
                "schedule_expression": "cron(0 1 ? * * *)",
                "start_backup_window_minutes": "120",
                "complete_backup_window_minutes": "1440",
                "target_backup_vault_name": "standard",
                "target_logically_air_gapped_backup_vault_arn": (
                    "arn:aws:backup:$region:$account:backup-vault:isolated"
                ),
                "lifecycle": lifecycle,
                "recovery_point_tags": {"kind": {"tag_key": "kind", "tag_value": "daily"}},
                "copy_actions": {
                    here: {"target_backup_vault_arn": here, "lifecycle": lifecycle},
                    there: {
                        "target_backup_vault_arn": there,
                        "lifecycle": {"delete_after_days": "400"},
                    },
                },
            }
        },
        "selections": {
            "tags": {
                "tag-1": {
                    "iam_role_arn": "arn:aws:iam::$account:role/acme-backup-service",
                    "tag_key": "backup-plan",
                    "tag_value": ["gold"],
                }
            }
        },
        "advanced_backup_settings": {"ec2": {"windows_vss": "enabled"}},
    }


def test_with_types_of_resources_tags_stand_as_conditions() -> None:
    selection = {
        "any_tags": {"stage": "prod"},
        "resource_types": ["EC2", "RDS"],
        "exclude_resource_types": ["EBS"],
        "conditions": {"not_like": {"name": "test*"}},
    }
    found = assigned(plan({"selection": selection})["selections"])
    assert found.keys() == {"resources"}
    tags = [
        entry["conditions"]["string_equals"]["condition-1"] for entry in found["resources"].values()
    ]
    assert tags == [
        {"condition_key": "aws:ResourceTag/backup-plan", "condition_value": "gold"},
        {"condition_key": "aws:ResourceTag/stage", "condition_value": "prod"},
    ]
    for entry in found["resources"].values():
        assert entry["resource_types"] == ["arn:aws:ec2:*:*:instance/*", "arn:aws:rds:*:*:db:*"]
        assert entry["not_resource_types"] == ["arn:aws:ec2:*:*:volume/*"]
        assert entry["conditions"]["string_not_like"]["condition-1"]["condition_value"] == "test*"


def test_a_policy_too_long_for_aws_is_split_between_plans_in_their_order() -> None:
    copies = [{"region": "eu-west-1"}, {"region": "eu-north-1"}, {"region": "us-east-1"}]
    rules = {name: {**RULE, "copies": copies} for name in ("a", "b", "c")}
    found = parts(settings({f"plan-{number}": {"rules": rules} for number in range(7)}), "all")
    assert len(found) > 1
    assert all(len(part) <= CHARACTERS for part in found)
    names = [name for part in found for name in json.loads(part)["plans"]]
    assert names == [f"all-plan-{number}" for number in range(7)]
    sizes = [len(json.loads(part)["plans"]) for part in found]
    assert max(sizes[:-1]) == min(sizes[:-1])  # each holds as many as fit


LONG = {
    f"rule-{number}": {
        **RULE,
        "copies": [
            {"region": region}
            for region in ("eu-west-1", "eu-north-1", "us-east-1", "ca-central-1")
        ],
    }
    for number in range(10)
}


@pytest.mark.parametrize(
    ("content", "policy", "where", "says"),
    [
        (
            {"rules": {"daily": {**RULE, "timezone": "Europe/Berlin"}}},
            {},
            "plans.gold.rules.daily.timezone",
            "schedules in UTC alone",
        ),
        (
            {"rules": {"daily": {**RULE, "copies": [{"account": "central"}]}}},
            {"regions": ["eu-central-1", "eu-west-1"]},
            "plans.gold.rules.daily.copies[0].region",
            "the plan has 2 Regions",
        ),
        (
            {"selection": {"arns": ["arn:aws:ec2:*:*:volume/vol-1"]}},
            {},
            "plans.gold.selection.arns",
            "selects by tags and types",
        ),
        (
            {"selection": {"resource_types": ["Lambda"]}},
            {},
            "plans.gold.selection.resource_types[0]",
            "is no type of AWS Backup's; there are: Aurora",
        ),
        ({"malware_scan": {}}, {}, "plans.gold.malware_scan", "whose stacks make its role"),
        (
            {"rules": {"daily": {**RULE, "move_to_cold_storage_after_days": 5}}},
            {},
            "plans.gold.rules.daily.delete_after_days",
            "90 days at least: 95",
        ),
        (
            {"rules": {"daily": {**RULE, "scan": "full"}}},
            {},
            "plans.gold.rules.daily.scan",
            "whose stacks make its role",
        ),
        ({"tier": "platinum"}, {}, "plans.gold.tier", "none of: standard"),
        ({"rules": LONG}, {}, "plans.gold", "a backup policy has 10,000 at most"),
        ({}, {"targets": ["everything"]}, "targets[0]", "an organizational unit"),
    ],
)
def test_what_a_backup_policy_cannot_hold_is_refused_with_the_reason(
    content: Mapping[str, Any], policy: Mapping[str, Any], where: str, says: str
) -> None:
    with pytest.raises(load.SettingsError) as caught:
        settings({"gold": content}, **policy)
    (problem,) = caught.value.problems
    assert f"backup_policies.all.{where}: " in problem
    assert says in problem


def test_more_policies_than_aws_attaches_to_a_target_are_refused() -> None:
    half = {name: LONG[name] for name in list(LONG)[:6]}
    with pytest.raises(load.SettingsError) as caught:
        settings({f"plan-{number}": {"rules": half} for number in range(11)})
    (problem,) = caught.value.problems
    assert "come to 11 policies on ou-exam-11111111, where AWS attaches 10 at most" in problem
