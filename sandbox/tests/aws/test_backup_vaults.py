import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest


def test_a_vault_without_a_key_uses_the_accounts_aws_backup_key(aws: Any, backup: Any) -> None:
    name = aws.name("vault")
    created = backup.create_backup_vault(BackupVaultName=name, BackupVaultTags={"team": "storage"})
    vault = backup.describe_backup_vault(BackupVaultName=name)
    key = aws.client("kms").describe_key(KeyId="alias/aws/backup")["KeyMetadata"]
    assert vault["EncryptionKeyArn"] == key["Arn"]
    assert key["KeyManager"] == "AWS"
    assert vault["NumberOfRecoveryPoints"] == 0
    assert vault["Locked"] is False
    assert backup.list_tags(ResourceArn=created["BackupVaultArn"])["Tags"] == {"team": "storage"}


def test_a_vault_keeps_the_key_it_is_given(aws: Any, backup: Any, refusal: Any) -> None:
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    name = aws.name("vault")
    backup.create_backup_vault(BackupVaultName=name, EncryptionKeyArn=key)
    vault = backup.describe_backup_vault(BackupVaultName=name)
    assert (vault["EncryptionKeyArn"], vault["EncryptionKeyType"]) == (
        key,
        "CUSTOMER_MANAGED_KMS_KEY",
    )
    code, message = refusal(
        lambda: backup.create_backup_vault(BackupVaultName=aws.name(), EncryptionKeyArn=key + "x")
    )
    assert code == "InvalidParameterValueException"
    assert "does not exist" in message


def test_a_vaults_name_is_checked_and_taken_once(aws: Any, backup: Any, refusal: Any) -> None:
    name = aws.name("vault")
    backup.create_backup_vault(BackupVaultName=name)
    assert refusal(lambda: backup.create_backup_vault(BackupVaultName=name))[0] == (
        "AlreadyExistsException"
    )
    assert refusal(lambda: backup.create_backup_vault(BackupVaultName="no spaces"))[0] == (
        "InvalidParameterValueException"
    )
    assert refusal(lambda: backup.describe_backup_vault(BackupVaultName="absent"))[0] == (
        "ResourceNotFoundException"
    )


def test_vaults_are_listed_in_pages_and_by_type(aws: Any, refusal: Any) -> None:
    backup = aws.client("backup", region="eu-north-1")
    for name in ("one", "two", "three"):
        backup.create_backup_vault(BackupVaultName=name)
    backup.create_logically_air_gapped_backup_vault(
        BackupVaultName="gapped", MinRetentionDays=7, MaxRetentionDays=30
    )
    first = backup.list_backup_vaults(MaxResults=3)
    rest = backup.list_backup_vaults(MaxResults=3, NextToken=first["NextToken"])
    names = [vault["BackupVaultName"] for vault in first["BackupVaultList"]]
    assert names == ["one", "two", "three"]
    assert [vault["BackupVaultName"] for vault in rest["BackupVaultList"]] == ["gapped"]
    assert "NextToken" not in rest
    gapped = backup.list_backup_vaults(ByVaultType="LOGICALLY_AIR_GAPPED_BACKUP_VAULT")
    assert [vault["Locked"] for vault in gapped["BackupVaultList"]] == [True]
    code, _ = refusal(lambda: backup.list_backup_vaults(NextToken="made up"))
    assert code == "InvalidParameterValueException"


def test_an_access_policy_is_kept_as_it_was_put(aws: Any, backup: Any, refusal: Any) -> None:
    name = aws.name("vault")
    backup.create_backup_vault(BackupVaultName=name)
    assert refusal(lambda: backup.get_backup_vault_access_policy(BackupVaultName=name))[0] == (
        "ResourceNotFoundException"
    )
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "backup:DeleteRecoveryPoint",
        "Resource": "*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    backup.put_backup_vault_access_policy(BackupVaultName=name, Policy=policy)
    assert backup.get_backup_vault_access_policy(BackupVaultName=name)["Policy"] == policy
    backup.delete_backup_vault_access_policy(BackupVaultName=name)
    assert refusal(lambda: backup.get_backup_vault_access_policy(BackupVaultName=name))[0] == (
        "ResourceNotFoundException"
    )


@pytest.mark.parametrize(
    "policy",
    [
        "no json",
        json.dumps({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}),
        json.dumps({"Statement": {"Effect": "Perhaps", "Action": "*", "Principal": "*"}}),
    ],
)
def test_an_access_policy_that_cannot_be_read_is_refused(
    aws: Any, backup: Any, refusal: Any, policy: str
) -> None:
    name = aws.name("vault")
    backup.create_backup_vault(BackupVaultName=name)
    code, _ = refusal(
        lambda: backup.put_backup_vault_access_policy(BackupVaultName=name, Policy=policy)
    )
    assert code == "InvalidParameterValueException"


def test_a_governance_lock_can_be_removed(aws: Any, backup: Any) -> None:
    name = aws.name("vault")
    backup.create_backup_vault(BackupVaultName=name)
    backup.put_backup_vault_lock_configuration(
        BackupVaultName=name, MinRetentionDays=7, MaxRetentionDays=90
    )
    vault = backup.describe_backup_vault(BackupVaultName=name)
    assert (vault["Locked"], vault["MinRetentionDays"], vault["MaxRetentionDays"]) == (True, 7, 90)
    assert "LockDate" not in vault
    backup.delete_backup_vault_lock_configuration(BackupVaultName=name)
    assert backup.describe_backup_vault(BackupVaultName=name)["Locked"] is False
    changes = aws.details("Backup Vault State Change", backupVaultName=name, state="MODIFIED")
    assert [detail["isLocked"] for detail in changes] == ["true", "false"]


def test_a_compliance_lock_has_a_grace_time_and_then_none(
    aws: Any, backup: Any, refusal: Any
) -> None:
    name = aws.name("vault")
    backup.create_backup_vault(BackupVaultName=name)
    backup.put_backup_vault_lock_configuration(
        BackupVaultName=name, MinRetentionDays=7, ChangeableForDays=3
    )
    lock_date = backup.describe_backup_vault(BackupVaultName=name)["LockDate"]
    assert timedelta(days=2.9) < lock_date - datetime.now(UTC) <= timedelta(days=3)
    later = datetime.now(UTC) + timedelta(days=4)
    with aws.at(later):
        fresh = aws.session().client("backup")
        code, message = refusal(
            lambda: fresh.delete_backup_vault_lock_configuration(BackupVaultName=name)
        )
    assert code == "InvalidRequestException"
    assert "compliance" in message


@pytest.mark.parametrize(
    "lock",
    [
        {"MinRetentionDays": 0},
        {"MinRetentionDays": 30, "MaxRetentionDays": 7},
        {"MaxRetentionDays": 36_501},
        {"ChangeableForDays": 2},
    ],
)
def test_a_lock_outside_its_bounds_is_refused(
    aws: Any, backup: Any, refusal: Any, lock: dict[str, int]
) -> None:
    name = aws.name("vault")
    backup.create_backup_vault(BackupVaultName=name)
    code, _ = refusal(
        lambda: backup.put_backup_vault_lock_configuration(BackupVaultName=name, **lock)
    )
    assert code == "InvalidParameterValueException"


def test_notifications_need_a_topic_of_the_same_account(
    aws: Any, backup: Any, refusal: Any
) -> None:
    name = aws.name("vault")
    backup.create_backup_vault(BackupVaultName=name)
    topic = aws.client("sns").create_topic(Name=name)["TopicArn"]
    backup.put_backup_vault_notifications(
        BackupVaultName=name, SNSTopicArn=topic, BackupVaultEvents=["BACKUP_JOB_FAILED"]
    )
    found = backup.get_backup_vault_notifications(BackupVaultName=name)
    assert (found["SNSTopicArn"], found["BackupVaultEvents"]) == (topic, ["BACKUP_JOB_FAILED"])
    for other in (topic.replace("333333333333", "222222222222"), f"{topic}.fifo", "no arn"):
        code, _ = refusal(
            lambda arn=other: backup.put_backup_vault_notifications(
                BackupVaultName=name, SNSTopicArn=arn, BackupVaultEvents=["BACKUP_JOB_FAILED"]
            )
        )
        assert code == "InvalidParameterValueException"
    backup.delete_backup_vault_notifications(BackupVaultName=name)
    assert refusal(lambda: backup.get_backup_vault_notifications(BackupVaultName=name))[0] == (
        "ResourceNotFoundException"
    )
