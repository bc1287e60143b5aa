"""Restore testing plans as AWS Backup gets them: vaults, selections, the role that restores."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.support.examples import recordings
from tests.support.proof_variants import VOLUME, with_proof
from tests.support.recorder import Recorded, Recording

PLAN = "aws:backup/restoreTestingPlan:RestoreTestingPlan"
SELECTION = "aws:backup/restoreTestingSelection:RestoreTestingSelection"


def plan(recording: Recording, name: str) -> Recorded:
    (found,) = [each for each in recording.all(PLAN) if each.inputs["name"] == name]
    return found


def selection(name: str) -> Mapping[str, Any]:
    (found,) = [each for each in with_proof().all(SELECTION) if each.inputs["name"] == name]
    return found.inputs


def test_a_plan_takes_recovery_points_of_all_vaults_of_its_region_unless_some_are_named() -> None:
    made = with_proof()
    arns = {
        vault.inputs["name"]: vault.state["arn"]
        for kind in ("vault:Vault", "logicallyAirGappedVault:LogicallyAirGappedVault")
        for vault in made.all(f"aws:backup/{kind}")
    }
    chosen = plan(made, "acme_weekly").inputs["recoveryPointSelection"]
    assert sorted(chosen["includeVaults"]) == sorted(arns.values())
    assert chosen["algorithm"] == "RANDOM_WITHIN_WINDOW"
    assert (chosen["recoveryPointTypes"], chosen["selectionWindowDays"]) == (["SNAPSHOT"], 14)
    isolated = plan(made, "acme_isolated").inputs["recoveryPointSelection"]
    assert isolated["includeVaults"] == [arns["isolated"]]


def test_a_plan_stands_in_each_region_in_which_one_of_its_vaults_does() -> None:
    plans = recordings()["hooli-member-trading"].all(PLAN)
    standing = {
        each.inputs["region"]: len(each.inputs["recoveryPointSelection"]["includeVaults"])
        for each in plans
    }
    assert standing == {"eu-central-1": 2, "eu-west-1": 1}  # the air-gapped one stands in one


def test_a_selection_has_arns_or_tags_and_never_both() -> None:
    assert selection("named")["protectedResourceArns"] == [VOLUME]
    assert selection("tables")["protectedResourceArns"] == ["*"]
    tagged = selection("tagged")
    assert "protectedResourceArns" not in tagged
    assert tagged["protectedResourceConditions"] == {
        "stringEquals": [{"key": "aws:ResourceTag/stage", "value": "prod"}],
        "stringNotEquals": [{"key": "aws:ResourceTag/restored", "value": "no"}],
    }
    assert tagged["restoreMetadataOverrides"] == {"instanceType": "t3.micro"}


def test_restore_tests_run_in_a_role_that_cannot_back_up() -> None:
    made = with_proof()
    role = made.one("aws:iam/role:Role", "acme-backup-restore-tests")
    assert {each.inputs["iamRoleArn"] for each in made.all(SELECTION)} == {role.state["arn"]}
    policies = {
        attached.inputs["policyArn"].rpartition("/")[2]
        for attached in made.all("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
        if role.urn in attached.sources["role"]
    }
    assert policies == {
        "AWSBackupServiceRolePolicyForRestores",
        "AWSBackupServiceRolePolicyForS3Restore",
    }
    (trusted,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
    assert trusted["Principal"] == {"Service": "backup.amazonaws.com"}
