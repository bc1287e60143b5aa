"""No edit of settings and no refused destroy costs data, or the key that it lies under."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fleet.deploy.deployment import Deployment, Outcome, StackFailed
from fleet.sandbox.stage import Stage

ChangeSettings = Callable[[str, Callable[[dict[str, Any]], None]], Deployment]
MEMBER, ACCOUNT, REGION = "acme-member-web", "444444444444", "eu-central-1"


def changed(outcome: Outcome) -> dict[str, int]:
    return {op: count for op, count in outcome.changes.items() if op != "same" and count}


def keep(values: dict[str, Any]) -> None:
    values["vaults"]["standard"] = {}


def test_vaults_that_may_not_be_destroyed_come_up(
    stage: Stage, change_settings: ChangeSettings
) -> None:
    Deployment(stage.engine, "acme-audit").up()
    change_settings(MEMBER, keep).up()


def what_lies_there(stage: Stage) -> tuple[list[str], list[str]]:
    """Recovery points, and the states of the keys that they lie under."""
    session = stage.sandbox.session(ACCOUNT, REGION)
    backup, kms = session.client("backup"), session.client("kms")
    vaults = backup.list_backup_vaults()["BackupVaultList"]
    points = [
        point.get("RecoveryPointArn", "")
        for vault in vaults
        for point in backup.list_recovery_points_by_backup_vault(
            BackupVaultName=vault.get("BackupVaultName", "")
        )["RecoveryPoints"]
    ]
    keys = [vault.get("EncryptionKeyArn", "") for vault in vaults]
    return points, [kms.describe_key(KeyId=key)["KeyMetadata"].get("KeyState", "") for key in keys]


def test_a_key_of_a_vault_that_is_dropped_from_the_settings_is_refused_in_the_preview(
    stage: Stage, change_settings: ChangeSettings
) -> None:
    stage.sandbox.call(
        "backup.job",
        kind="backup",
        account=ACCOUNT,
        region=REGION,
        vault="standard",
        resource_arn=f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/vol-0a1b2c3d4e5f60718",
        state="COMPLETED",
    )
    points, states = what_lies_there(stage)
    assert (len(points), states) == (1, ["Enabled"])

    def aws_managed(values: dict[str, Any]) -> None:
        values["vaults"]["standard"] = {"key": "aws_managed"}
        values["policy"] = {"rules": {"vault_has_its_own_key": {"level": "advisory"}}}

    with pytest.raises(StackFailed) as caught:
        change_settings(MEMBER, aws_managed).preview()
    assert "is protected, and so not deleted or replaced" in str(caught.value)
    assert "write it under retained_vaults as it was" in str(caught.value)


def test_a_destroy_that_is_refused_leaves_all_as_it_was(
    stage: Stage, change_settings: ChangeSettings
) -> None:
    before = what_lies_there(stage)
    with pytest.raises(StackFailed) as caught:
        change_settings(MEMBER, keep).destroy()
    assert "set force_destroy: true on the vault, deploy that, and try again" in str(caught.value)
    assert what_lies_there(stage) == before
    assert changed(change_settings(MEMBER, keep).up()) == {}


def test_another_vault_takes_the_place_of_one_that_is_retained(
    stage: Stage, change_settings: ChangeSettings
) -> None:
    def replace(values: dict[str, Any]) -> None:
        values["vaults"] = {"aws-keyed": {"key": "aws_managed"}}
        values["retained_vaults"] = {"standard": {}}
        values["plans"]["standard"]["vault"] = "aws-keyed"
        values["policy"] = {"rules": {"vault_has_its_own_key": {"level": "advisory"}}}

    points, _ = what_lies_there(stage)
    made = change_settings(MEMBER, replace).up()
    assert "delete" not in made.changes
    assert "replace" not in made.changes
    assert what_lies_there(stage)[0] == points


def test_a_bucket_that_is_not_empty_keeps_its_guards_and_its_key(
    stage: Stage, change_settings: ChangeSettings
) -> None:
    def keep_reports(values: dict[str, Any]) -> None:
        values["reports"] = {"bucket": {"force_destroy": False}}

    management = change_settings("acme-management", keep_reports)
    management.up()
    session = stage.sandbox.session(management.settings.account, REGION)
    s3, kms = session.client("s3"), session.client("kms")
    bucket = management.outputs()["reports_bucket"]
    s3.put_object(Bucket=bucket, Key="a report", Body=b"jobs")

    def guards() -> list[object]:
        encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
        rule = encryption["Rules"][0].get("ApplyServerSideEncryptionByDefault", {})
        key = kms.describe_key(KeyId=rule.get("KMSMasterKeyID", ""))["KeyMetadata"]
        return [
            key.get("KeyState"),
            s3.get_bucket_policy(Bucket=bucket)["Policy"],
            s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"],
            s3.get_bucket_versioning(Bucket=bucket).get("Status"),
            s3.get_object(Bucket=bucket, Key="a report")["Body"].read(),
        ]

    before = guards()
    assert before[0] == "Enabled"
    with pytest.raises(StackFailed) as caught:
        management.destroy()
    assert "BucketNotEmpty" in str(caught.value)
    assert guards() == before


def test_a_bucket_whose_own_key_is_given_up_leaves_the_key_in_the_account(
    stage: Stage, change_settings: ChangeSettings
) -> None:
    def own_key(values: dict[str, Any]) -> None:
        values["reports"] = {"bucket": {"force_destroy": False}}

    def s3_managed(values: dict[str, Any]) -> None:
        values["reports"] = {"bucket": {"force_destroy": False, "encryption": "s3_managed"}}

    management = change_settings("acme-management", own_key)
    management.up()
    session = stage.sandbox.session(management.settings.account, REGION)
    s3 = session.client("s3")
    bucket = management.outputs()["reports_bucket"]
    s3.put_object(Bucket=bucket, Key="a report", Body=b"jobs")
    key = s3.head_object(Bucket=bucket, Key="a report").get("SSEKMSKeyId", "")
    change_settings("acme-management", s3_managed).up()
    state = session.client("kms").describe_key(KeyId=key)["KeyMetadata"].get("KeyState")
    assert state == "Enabled"
    assert s3.get_object(Bucket=bucket, Key="a report")["Body"].read() == b"jobs"
