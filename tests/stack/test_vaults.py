"""Vaults as the engine is told of them: keys, policies, locks, notifications, shares."""

from __future__ import annotations

import json
from typing import Any

from tests.support.recorder import Recording
from tests.support.vault_variants import ACCOUNT, KEY_ARN, TOPIC_ARN, with_vaults

VAULT, POLICY = "aws:backup/vault:Vault", "aws:backup/vaultPolicy:VaultPolicy"
LOCK = "aws:backup/vaultLockConfiguration:VaultLockConfiguration"
NAME = "acme-backup-{}-eu-central-1"


def statements(recording: Recording, type_: str, vault: str) -> dict[str, Any]:
    policy = json.loads(recording.one(type_, NAME.format(vault)).inputs["policy"])
    return {statement["Sid"]: statement for statement in policy["Statement"]}


def test_a_vault_has_a_key_of_its_own_one_that_exists_or_aws_s() -> None:
    recording = with_vaults()
    keys = {v.inputs["name"]: v.inputs.get("kmsKeyArn") for v in recording.all(VAULT)}
    own = recording.one("aws:kms/key:Key", NAME.format("standard"))
    assert keys == {"standard": own.state["arn"], "final": KEY_ARN, "plain": None}
    assert own.inputs["enableKeyRotation"] is True


def test_the_key_lets_the_organization_copy_in_and_a_destination_read() -> None:
    said = statements(with_vaults(), "aws:kms/key:Key", "standard")
    assert said["TheOrganizationMayUseTheKey"]["Condition"] == {
        "StringEquals": {"aws:PrincipalOrgID": "o-exampleorg1"}
    }
    assert said["CopiesMayUseTheKey"]["Condition"] == {
        "StringEquals": {"aws:PrincipalAccount": ["222222222222"]}
    }


def test_only_break_glass_roles_delete_and_only_the_deploy_role_writes_the_policy_beside() -> None:
    said = statements(with_vaults(), POLICY, "standard")
    broken_glass = f"arn:aws:iam::{ACCOUNT}:role/ops/break-glass"
    deploys = f"arn:aws:iam::{ACCOUNT}:role/OrganizationAccountAccessRole"
    deletion, rewriting = said["NobodyDeletesRecoveryPoints"], said["NobodyPutsAnotherPolicy"]
    assert deletion["Condition"] == {"ArnNotLike": {"aws:PrincipalArn": [broken_glass]}}
    assert rewriting["Condition"] == {"ArnNotLike": {"aws:PrincipalArn": [broken_glass, deploys]}}
    assert {s["Effect"] for s in (deletion, rewriting)} == {"Deny"}
    assert {s["Principal"] for s in (deletion, rewriting)} == {"*"}
    # What AWS's own control looks for in one statement.
    assert set(rewriting["Action"]) == {
        "backup:DeleteRecoveryPoint",
        "backup:UpdateRecoveryPointLifecycle",
        "backup:PutBackupVaultAccessPolicy",
    }


def test_only_a_vault_for_copies_of_the_organization_lets_others_copy_in() -> None:
    recording = with_vaults()
    copies = statements(recording, POLICY, "standard")["TheOrganizationCopiesInto"]
    assert copies["Action"] == ["backup:CopyIntoBackupVault"]
    assert copies["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": "o-exampleorg1"}}
    assert "TheOrganizationCopiesInto" not in statements(recording, POLICY, "final")
    assert "TheOrganizationCopiesInto" in statements(recording, POLICY, "isolated")


def test_a_vault_that_guards_nothing_and_takes_no_copies_has_no_policy() -> None:
    vaults = {policy.inputs["backupVaultName"] for policy in with_vaults().all(POLICY)}
    assert vaults == {"standard", "final", "isolated"}


def test_a_lock_is_final_where_days_of_grace_are_named_alone() -> None:
    locks = {lock.inputs["backupVaultName"]: lock.inputs for lock in with_vaults().all(LOCK)}
    assert "changeableForDays" not in locks["standard"]
    assert locks["final"]["changeableForDays"] == 14
    assert {(x["minRetentionDays"], x["maxRetentionDays"]) for x in locks.values()} == {(7, 400)}


def test_a_vault_tells_the_topic_of_its_region() -> None:
    told = with_vaults().one("aws:backup/vaultNotifications:VaultNotifications")
    assert told.inputs["snsTopicArn"] == TOPIC_ARN
    assert told.inputs["backupVaultEvents"] == ["COPY_JOB_FAILED", "S3_BACKUP_OBJECT_FAILED"]


def test_an_air_gapped_vault_is_shared_inside_the_organization() -> None:
    recording = with_vaults()
    vault = recording.one("aws:backup/logicallyAirGappedVault:LogicallyAirGappedVault")
    assert vault.inputs["encryptionKeyArn"] == KEY_ARN
    assert (
        recording.one("aws:ram/resourceShare:ResourceShare").inputs["allowExternalPrincipals"]
        is False
    )
    shared = recording.one("aws:ram/resourceAssociation:ResourceAssociation")
    assert shared.inputs["resourceArn"] == vault.state["arn"]
    with_whom = recording.one("aws:ram/principalAssociation:PrincipalAssociation")
    assert with_whom.inputs["principal"] == "333333333333"
    arns = recording.exports["air_gapped_vault_arns"]
    assert arns == {"eu-central-1": {"isolated": vault.state["arn"]}}
