"""Vaults and plans that a customer made by hand become a stack's, and stay what they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fleet.deploy.adopt import NothingToAdopt, adopted, previewed, to_adopt
from fleet.deploy.deployment import Deployment, Outcome
from fleet.deploy.existing import CannotAdopt, Existing
from fleet.sandbox.stage import Stage

ChangeSettings = Callable[[str, Callable[[dict[str, Any]], None]], Deployment]
MEMBER, ACCOUNT, REGION = "acme-member-web", "444444444444", "eu-central-1"
VOLUME = f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/vol-0a1b2c3d4e5f60718"


def changed(outcome: Outcome) -> dict[str, int]:
    return {op: count for op, count in outcome.changes.items() if op != "same" and count}


@pytest.fixture(scope="module")
def key_arn(stage: Stage) -> str:
    """Of the vault that was made by hand: in it a recovery point, and a plan that fills it."""
    Deployment(stage.engine, "acme-audit").up()
    session = stage.sandbox.session(ACCOUNT, REGION)
    backup, iam = session.client("backup"), session.client("iam")
    key = session.client("kms").create_key()["KeyMetadata"].get("Arn", "")
    backup.create_backup_vault(BackupVaultName="standard", EncryptionKeyArn=key)
    backup.put_backup_vault_lock_configuration(
        BackupVaultName="standard", MinRetentionDays=7, ChangeableForDays=30
    )
    backup.create_backup_vault(BackupVaultName="theirs")
    rule: Any = {
        "RuleName": "nightly",
        "TargetBackupVaultName": "standard",
        "ScheduleExpression": "cron(0 3 ? * * *)",
        "Lifecycle": {"DeleteAfterDays": 60},
    }
    plan = backup.create_backup_plan(BackupPlan={"BackupPlanName": "standard", "Rules": [rule]})[
        "BackupPlanId"
    ]
    trust = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",'
        '"Principal":{"Service":"backup.amazonaws.com"}}]}'
    )
    role = iam.create_role(RoleName="theirs", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    backup.create_backup_selection(
        BackupPlanId=plan,
        BackupSelection={"SelectionName": "volumes", "IamRoleArn": role, "Resources": [VOLUME]},
    )
    stage.sandbox.call(
        "backup.job",
        kind="backup",
        account=ACCOUNT,
        region=REGION,
        vault="standard",
        resource_arn=VOLUME,
        state="COMPLETED",
        delete_after_days=60,
    )
    return key


def found(stage: Stage, deployment: Deployment) -> Existing:
    session = stage.sandbox.session(ACCOUNT, REGION)
    return to_adopt(stage.engine, MEMBER, deployment.settings, session)


def settings(**vault: Any) -> Callable[[dict[str, Any]], None]:
    def write(values: dict[str, Any]) -> None:
        values["regions"] = [REGION]
        values["vaults"] = {"standard": vault}
        values["plans"] = {"standard": {}}
        values["policy"] = {"rules": {"vault_has_its_own_key": {"level": "advisory"}}}

    return write


LOCK = {"mode": "compliance", "min_retention_days": 7, "changeable_for_days": 30}


def test_what_differs_and_cannot_change_is_refused_with_what_to_write(
    stage: Stage, change_settings: ChangeSettings, key_arn: str
) -> None:
    with pytest.raises(CannotAdopt) as caught:
        found(stage, change_settings(MEMBER, settings()))
    key, lock = str(caught.value).splitlines()
    assert f"write key: {{{REGION}: {key_arn}}}" in key
    assert "write lock: {mode: compliance, min_retention_days: 7}, adopt it" in lock


def test_what_stands_is_adopted_and_nothing_of_it_is_made_anew(
    stage: Stage, change_settings: ChangeSettings, key_arn: str
) -> None:
    backup = stage.sandbox.session(ACCOUNT, REGION).client("backup")
    before = backup.describe_backup_vault(BackupVaultName="standard")
    (plan,) = backup.list_backup_plans()["BackupPlansList"]
    lock = {**LOCK, "final": "standard"}
    member = change_settings(MEMBER, settings(key={REGION: key_arn}, lock=lock))
    standing = found(stage, member)
    assert standing.lines[0] == "vault standard in eu-central-1: 1 points"
    assert "keeps its selection volumes" in standing.lines[2]
    assert "replace" not in previewed(stage.engine, MEMBER, standing).changes
    assert changed(adopted(stage.engine, MEMBER, standing))["import"] == 3
    after = backup.describe_backup_vault(BackupVaultName="standard")
    same = ("CreationDate", "EncryptionKeyArn", "NumberOfRecoveryPoints", "LockDate")
    assert [after.get(field) for field in same] == [before.get(field) for field in same]
    (kept,) = backup.list_backup_plans()["BackupPlansList"]
    assert kept.get("BackupPlanId") == plan.get("BackupPlanId")
    assert changed(member.up()) == {}
    assert changed(member.refresh()) == {}
    with pytest.raises(NothingToAdopt, match="run: backup-org up acme-member-web"):
        found(stage, member)
    names = {v.get("BackupVaultName") for v in backup.list_backup_vaults()["BackupVaultList"]}
    assert names == {"standard", "theirs"}
