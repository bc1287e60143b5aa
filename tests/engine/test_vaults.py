"""A member's vaults with all that settings allow, through the genuine engine, in this order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fleet.deploy.deployment import Deployment, Outcome, StackFailed
from fleet.deploy.existing import LOCK, VAULT
from fleet.deploy.losses import DeletionRefused
from fleet.sandbox.stage import Stage
from tests.support.vault_variants import ACCOUNT, AIR_GAPPED, MEMBER, REGION, TOPIC_ARN, VAULTS

ChangeSettings = Callable[[str, Callable[[dict[str, Any]], None]], Deployment]
FINAL = f"acme-backup-final-{REGION}"
VOLUME = f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/vol-0a1b2c3d4e5f60718"
RULES = {"daily": {"schedule": "cron(0 1 ? * * *)", "delete_after_days": 35}}


def changed(outcome: Outcome) -> dict[str, int]:
    return {op: count for op, count in outcome.changes.items() if op != "same" and count}


@pytest.fixture(scope="module")
def key_arn(stage: Stage) -> str:
    """Of a key that the customer has already; a topic for events is made beside it."""
    session = stage.sandbox.session(ACCOUNT, REGION)
    assert session.client("sns").create_topic(Name="vault-events")["TopicArn"] == TOPIC_ARN
    Deployment(stage.engine, "acme-audit").up()
    return session.client("kms").create_key()["KeyMetadata"].get("Arn", "")


@pytest.fixture
def wanted(key_arn: str) -> Callable[..., Callable[[dict[str, Any]], None]]:
    def wanted(**lock: Any) -> Callable[[dict[str, Any]], None]:
        """The vaults, with another lock on the standard one."""

        def write(values: dict[str, Any]) -> None:
            standard = {**VAULTS["standard"], "lock": {**VAULTS["standard"]["lock"], **lock}}
            final = {**VAULTS["final"], "key": {REGION: key_arn}}
            isolated = {**AIR_GAPPED["isolated"], "key_arns": {REGION: key_arn}}
            values["regions"] = [REGION]
            values["vaults"] = {**VAULTS, "standard": standard, "final": final}
            values["air_gapped_vaults"] = {"isolated": isolated}
            values["plans"] = {"standard": {"vault": "standard", "rules": RULES}}
            lenient = {"level": "advisory"}
            values["policy"] = {
                "rules": {"vault_has_its_own_key": lenient, "vault_denies_deletion": lenient}
            }

        return write

    return wanted


def backed_up(stage: Stage, vault: str, days: int) -> str:
    """The state of a backup of the volume that is kept so long."""
    job = stage.sandbox.call(
        "backup.job",
        kind="backup",
        account=ACCOUNT,
        region=REGION,
        vault=vault,
        resource_arn=VOLUME,
        state="COMPLETED",
        delete_after_days=days,
    )
    return job["State"]


def test_vaults_come_up_with_all_that_is_theirs_and_a_second_up_changes_nothing(
    stage: Stage, change_settings: ChangeSettings, wanted: Any
) -> None:
    member = change_settings(MEMBER, wanted())
    assert changed(member.up()).keys() == {"create"}
    assert changed(member.up()) == {}
    assert changed(member.refresh()) == {}
    backup = stage.sandbox.session(ACCOUNT, REGION).client("backup")
    told = backup.get_backup_vault_notifications(BackupVaultName="standard")
    assert (told["SNSTopicArn"], set(told["BackupVaultEvents"])) == (
        TOPIC_ARN,
        {"COPY_JOB_FAILED", "S3_BACKUP_OBJECT_FAILED"},
    )
    vault = backup.describe_backup_vault(BackupVaultName="isolated")
    assert vault["VaultType"] == "LOGICALLY_AIR_GAPPED_BACKUP_VAULT"


def test_a_vault_takes_what_its_lock_allows_alone(stage: Stage) -> None:
    assert [backed_up(stage, "standard", days) for days in (6, 35, 401)] == [
        "FAILED",
        "COMPLETED",
        "FAILED",
    ]


def test_nobody_without_a_break_glass_role_deletes_a_recovery_point(stage: Stage) -> None:
    backed_up(stage, "final", 35)
    backup = stage.sandbox.session(ACCOUNT, REGION).client("backup")
    (point,) = backup.list_recovery_points_by_backup_vault(BackupVaultName="final")[
        "RecoveryPoints"
    ]
    arn = point.get("RecoveryPointArn", "")
    with pytest.raises(ClientError, match="AccessDenied"):
        backup.delete_recovery_point(BackupVaultName="final", RecoveryPointArn=arn)


def test_other_bounds_of_a_lock_replace_the_lock_and_not_the_vault(
    stage: Stage, change_settings: ChangeSettings, wanted: Any
) -> None:
    backup = stage.sandbox.session(ACCOUNT, REGION).client("backup")
    made = backup.describe_backup_vault(BackupVaultName="standard")["CreationDate"]
    outcome = change_settings(MEMBER, wanted(max_retention_days=500)).up()
    assert changed(outcome) == {"replace": 1}
    vault = backup.describe_backup_vault(BackupVaultName="standard")
    assert (vault["CreationDate"], vault["Locked"], vault["MaxRetentionDays"]) == (made, True, 500)


@pytest.mark.parametrize("to", ["aws_managed", "brought"])
def test_another_key_for_a_vault_is_refused(
    to: str, stage: Stage, change_settings: ChangeSettings, wanted: Any, key_arn: str
) -> None:
    keys = {"aws_managed": "aws_managed", "brought": {REGION: key_arn}}

    def change(values: dict[str, Any]) -> None:
        wanted(max_retention_days=500)(values)
        values["vaults"]["standard"]["key"] = keys[to]

    with pytest.raises(StackFailed, match="write it under retained_vaults as it was"):
        change_settings(MEMBER, change).preview()


@pytest.mark.parametrize("to", ["customer_managed", "aws_managed"])
def test_a_key_that_was_brought_stays_with_its_vault(
    to: str, stage: Stage, change_settings: ChangeSettings, wanted: Any
) -> None:
    backup = stage.sandbox.session(ACCOUNT, REGION).client("backup")
    before = backup.describe_backup_vault(BackupVaultName="final")

    def change(values: dict[str, Any]) -> None:
        wanted(max_retention_days=500)(values)
        values["vaults"]["final"]["key"] = to

    member = change_settings(MEMBER, change)
    if to == "aws_managed":  # no key named: the provider sees no difference, and nothing happens
        assert changed(member.preview()) == {}
    else:
        with pytest.raises(StackFailed, match="write it under retained_vaults as it was"):
            member.preview()
    assert backup.describe_backup_vault(BackupVaultName="final") == before


def test_destroy_is_refused_while_a_vault_is_neither_to_go_nor_to_be_left(
    change_settings: ChangeSettings, wanted: Any
) -> None:
    with pytest.raises(StackFailed, match="set force_destroy: true on the vault"):
        change_settings(MEMBER, wanted(max_retention_days=500)).destroy()


def test_what_a_final_lock_keeps_is_told_with_its_date_before_anything_is_deleted(
    stage: Stage, change_settings: ChangeSettings, wanted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = stage.sandbox.session(ACCOUNT, REGION).client("backup")
    before = backup.describe_backup_vault(BackupVaultName="final")
    since = f"{before['LockDate']:%Y-%m-%d}"
    member = change_settings(MEMBER, wanted(max_retention_days=500))
    assert since not in str(blocked(member)), "in its days of grace it can be taken off"
    days = (before["LockDate"] - datetime.now(UTC)).days + 1

    class Later(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.now(tz) + timedelta(days=days)

    monkeypatch.setattr("fleet.deploy.losses.datetime", Later)
    kept = f"under a compliance lock since {since}: nobody can delete them before"
    assert kept in blocked(member)[f"{VAULT} {FINAL}"]
    assert f"is final since {since}" in blocked(member)[f"{LOCK} {FINAL}"]

    def lift(values: dict[str, Any]) -> None:
        wanted(max_retention_days=500)(values)
        del values["vaults"]["final"]["lock"]

    with pytest.raises(DeletionRefused, match=f"{FINAL} .*: is final since {since}"):
        change_settings(MEMBER, lift).up()
    assert backup.describe_backup_vault(BackupVaultName="final") == before


def blocked(member: Deployment) -> dict[str, str]:
    """Why AWS would refuse to delete resources of a stack, by their types and names."""
    details = member.foreseen().details
    return {f"{change.type} {change.name}": change.blocked for change in details if change.blocked}


def test_destroy_leaves_what_was_to_be_left_and_says_so(
    stage: Stage, change_settings: ChangeSettings, wanted: Any
) -> None:
    def let_go(values: dict[str, Any]) -> None:
        wanted(max_retention_days=500)(values)
        values["vaults"]["final"]["leave_on_destroy"] = True
        values["vaults"]["standard"]["force_destroy"] = True
        values["air_gapped_vaults"]["isolated"]["destroy_empty"] = True

    member = change_settings(MEMBER, let_go)
    member.up()
    assert blocked(member) == {}
    left = sorted(line.split(" ")[0] for line in member.destroy().left)
    assert left == [
        "aws:backup/vault:Vault",
        "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
        "aws:backup/vaultPolicy:VaultPolicy",
    ]
    backup = stage.sandbox.session(ACCOUNT, REGION).client("backup")
    vaults = backup.list_backup_vaults()["BackupVaultList"]
    assert [(v.get("BackupVaultName"), v.get("NumberOfRecoveryPoints")) for v in vaults] == [
        ("final", 1)
    ]
    assert vaults[0].get("Locked") is True
