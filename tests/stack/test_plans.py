"""Backup plans as AWS Backup gets them: rules with copies, selections, scans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.examples import recordings
from tests.support.plan_variants import OTHER_REGION, all_of_plans, with_plans
from tests.support.recorder import Recording

PLAN, SELECTION = "aws:backup/plan:Plan", "aws:backup/selection:Selection"


def rule(recording: Recording, plan: str, name: str) -> Mapping[str, Any]:
    (found,) = [p for p in recording.all(PLAN) if p.inputs["name"] == plan]
    return next(r for r in found.inputs["rules"] if r["ruleName"] == name)


def selection(recording: Recording, plan: str) -> Mapping[str, Any]:
    (found,) = [s for s in recording.all(SELECTION) if s.inputs["name"] == plan]
    return found.inputs


def selected(**own: Any) -> Mapping[str, Any]:
    plans = {"one": {"vault": "standard", "regions": ["eu-central-1"], "selection": own}}
    exports = {name: recorded.exports for name, recorded in recordings().items()}
    return selection(with_plans(plans=plans).run(exports), "one")


def test_a_copy_keeps_what_its_rule_keeps_unless_it_says_otherwise() -> None:
    here, there = rule(all_of_plans(), "everything", "monthly")["copyActions"]
    vault = all_of_plans().one("aws:backup/vault:Vault", f"acme-backup-copies-{OTHER_REGION}")
    assert here["destinationVaultArn"] == vault.state["arn"]
    assert here["lifecycle"] == {"deleteAfter": 90}
    assert there == {
        "destinationVaultArn": "arn:aws:backup:eu-central-1:222222222222:backup-vault:central",
        "lifecycle": {
            "coldStorageAfter": 30,
            "deleteAfter": 365,
            "optInToArchiveForSupportedResources": True,
        },
    }


def test_a_plan_waits_for_the_vaults_that_it_copies_to() -> None:
    plan = all_of_plans().one(PLAN, "acme-backup-everything-eu-central-1")
    vault = all_of_plans().one("aws:backup/vault:Vault", f"acme-backup-copies-{OTHER_REGION}")
    assert vault.urn in plan.after


def test_a_copy_to_the_central_vault_goes_where_the_central_stack_says() -> None:
    member, central = recordings()["hooli-member-trading"], recordings()["hooli-audit"]
    copies = rule(member, "regulated", "daily")["copyActions"]
    arns = [copy["destinationVaultArn"] for copy in copies]
    assert central.exports["vault_arns"]["eu-central-1"]["central"] in arns


def test_what_air_gapped_vaults_take_lies_in_one_beside_the_plans_vault() -> None:
    member = recordings()["hooli-member-trading"]
    isolated = member.one("aws:backup/logicallyAirGappedVault:LogicallyAirGappedVault")
    daily = rule(member, "isolated", "daily")
    assert daily["targetLogicallyAirGappedBackupVaultArn"] == isolated.state["arn"]
    assert daily["targetVaultName"] == "standard"


def test_scans_run_in_a_role_that_guardduty_may_have() -> None:
    plan = all_of_plans().one(PLAN, "acme-backup-everything-eu-central-1")
    (settings,) = plan.inputs["scanSettings"]
    role = all_of_plans().one("aws:iam/role:Role", "acme-backup-scanner")
    assert settings["scannerRoleArn"] == role.state["arn"]
    assert settings["resourceTypes"] == ["EBS", "S3"]
    scanned = rule(all_of_plans(), "everything", "monthly")["scanActions"]
    assert scanned == [{"malwareScanner": "GUARDDUTY", "scanMode": "FULL_SCAN"}]


def test_types_are_narrowed_by_the_tag_and_conditions() -> None:
    found = selection(all_of_plans(), "everything")
    assert found["resources"] == ["arn:aws:ec2:*:*:volume/*", "arn:aws:s3:::*"]
    assert "selectionTags" not in found
    (condition,) = found["conditions"]
    assert condition["stringEquals"] == [
        {"key": "aws:ResourceTag/backup-plan", "value": "everything"},
        {"key": "aws:ResourceTag/stage", "value": "prod"},
    ]
    assert condition["stringNotLikes"] == [{"key": "aws:ResourceTag/owner", "value": "*-temporary"}]


def test_any_of_several_tags_is_enough() -> None:
    found = selection(all_of_plans(), "by-tags")
    assert [(tag["key"], tag["value"]) for tag in found["selectionTags"]] == [
        ("backup-plan", "by-tags"),
        ("tier", "bronze"),
    ]
    assert found["notResources"] == ["arn:aws:ec2:*:*:instance/*"]
    assert "resources" not in found


@pytest.mark.parametrize(
    ("own", "resources"),
    [
        ({"tag": None, "conditions": {"equals": {"stage": "prod"}}}, ["*"]),
        ({"tag": None, "arns": ["arn:aws:s3:::one"]}, ["arn:aws:s3:::one"]),
        ({"arns": ["arn:aws:s3:::one"]}, ["arn:aws:s3:::one"]),
        (
            {"tag": None, "resource_types": ["Aurora", "Neptune"], "arns": ["arn:aws:s3:::one"]},
            ["arn:aws:rds:*:*:cluster:*", "arn:aws:s3:::one"],
        ),
    ],
)
def test_resources_are_those_that_settings_name(own: Any, resources: list[str]) -> None:
    found = selected(**own)
    assert found["resources"] == resources
    assert ("selectionTags" in found) == (own.get("tag", "backup-plan") is not None)
