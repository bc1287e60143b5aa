from typing import Any

import pytest

from aws_sandbox.aws.backup.state import backend_of

MANAGEMENT, MEMBER = "111111111111", "333333333333"


@pytest.fixture(scope="module")
def management(aws: Any) -> Any:
    return aws.client("backup", MANAGEMENT)


def test_global_settings_are_the_management_accounts_and_hold_for_all(
    aws: Any, management: Any, backup: Any, refusal: Any
) -> None:
    management.update_global_settings(GlobalSettings={"isCrossAccountBackupEnabled": "true"})
    for client in (backup, aws.client("backup", MANAGEMENT, "us-east-1")):
        settings = client.describe_global_settings()["GlobalSettings"]
        assert settings["isCrossAccountBackupEnabled"] == "true"
    code, message = refusal(
        lambda: backup.update_global_settings(GlobalSettings={"isMpaEnabled": "true"})
    )
    assert code == "InvalidRequestException"
    assert MANAGEMENT in message


@pytest.mark.parametrize("settings", [{"isMonitored": "true"}, {"isMpaEnabled": "yes"}])
def test_an_unknown_global_setting_is_refused(management: Any, refusal: Any, settings: Any) -> None:
    code, _ = refusal(lambda: management.update_global_settings(GlobalSettings=settings))
    assert code == "InvalidParameterValueException"


def test_region_settings_change_what_is_given_and_say_so(aws: Any) -> None:
    here = aws.client("backup", region="eu-central-1")
    here.update_region_settings(
        ResourceTypeOptInPreference={"Aurora": False},
        ResourceTypeManagementPreference={"DynamoDB": False},
    )
    settings = here.describe_region_settings()
    assert settings["ResourceTypeOptInPreference"]["Aurora"] is False
    assert settings["ResourceTypeOptInPreference"]["EBS"] is True
    assert settings["ResourceTypeManagementPreference"]["DynamoDB"] is False
    elsewhere = aws.client("backup").describe_region_settings()
    assert elsewhere["ResourceTypeOptInPreference"]["Aurora"] is True
    detail = aws.details("Region Setting State Change")[-1]
    assert detail["ResourceTypeOptInPreference"]["Aurora"] is False


def test_a_resource_type_that_is_not_supported_is_refused(backup: Any, refusal: Any) -> None:
    code, message = refusal(
        lambda: backup.update_region_settings(ResourceTypeOptInPreference={"Lambda": True})
    )
    assert code == "InvalidParameterValueException"
    assert "Lambda" in message


def test_tags_come_and_go_on_what_exists(backup: Any, vault: str, refusal: Any) -> None:
    arn = backup.describe_backup_vault(BackupVaultName=vault)["BackupVaultArn"]
    backup.tag_resource(ResourceArn=arn, Tags={"a": "1", "b": "2"})
    backup.untag_resource(ResourceArn=arn, TagKeyList=["a"])
    assert backup.list_tags(ResourceArn=arn)["Tags"] == {"b": "2"}
    for call in (
        lambda: backup.list_tags(ResourceArn=f"{arn}x"),
        lambda: backup.tag_resource(ResourceArn=f"{arn}x", Tags={"a": "1"}),
    ):
        assert refusal(call)[0] == "ResourceNotFoundException"
    assert refusal(lambda: backup.tag_resource(ResourceArn=arn, Tags={"aws:a": "1"}))[0] == (
        "InvalidParameterValueException"
    )


def test_a_reset_of_moto_clears_all_of_aws_backup(aws: Any) -> None:
    region = "ap-southeast-2"
    here = aws.client("backup", region=region)
    here.create_backup_vault(BackupVaultName="vault")
    backend_of(MEMBER, region).reset()
    assert here.list_backup_vaults()["BackupVaultList"] == []


def test_an_operation_that_the_sandbox_lacks_is_refused_by_name(
    aws: Any, backup: Any, refusal: Any
) -> None:
    code, message = refusal(backup.list_legal_holds)
    assert (code, message) == (
        "NotImplemented",
        "the sandbox does not know backup:ListLegalHolds",
    )
    entry = aws.server.services.journal.entries()[-1]
    assert (entry.target, entry.outcome) == ("backup:ListLegalHolds", "refused")
