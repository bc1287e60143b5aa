from typing import Any

import pytest

MEMBER = "333333333333"


def plan(vault: str, name: str = "plan", **rule: Any) -> Any:
    rules = [{"RuleName": "daily", "TargetBackupVaultName": vault, **rule}]
    return {"BackupPlanName": name, "Rules": rules}


def test_a_plan_is_given_back_with_what_aws_fills_in(aws: Any, backup: Any, vault: str) -> None:
    created = backup.create_backup_plan(
        BackupPlan=plan(vault, aws.name(), Lifecycle={"DeleteAfterDays": 35}),
        BackupPlanTags={"team": "storage"},
    )
    found = backup.get_backup_plan(BackupPlanId=created["BackupPlanId"])
    rule = found["BackupPlan"]["Rules"][0]
    assert found["VersionId"] == created["VersionId"]
    assert rule.pop("RuleId")
    assert rule == {
        "RuleName": "daily",
        "TargetBackupVaultName": vault,
        "ScheduleExpression": "cron(0 5 ? * * *)",
        "ScheduleExpressionTimezone": "Etc/UTC",
        "StartWindowMinutes": 480,
        "CompletionWindowMinutes": 10_080,
        "Lifecycle": {"DeleteAfterDays": 35},
    }
    tags = backup.list_tags(ResourceArn=created["BackupPlanArn"])["Tags"]
    assert tags == {"team": "storage"}


def test_an_update_adds_a_version_and_keeps_the_rules_id(aws: Any, backup: Any, vault: str) -> None:
    name = aws.name()
    first = backup.create_backup_plan(BackupPlan=plan(vault, name))
    plan_id = first["BackupPlanId"]
    second = backup.update_backup_plan(
        BackupPlanId=plan_id, BackupPlan=plan(vault, name, Lifecycle={"DeleteAfterDays": 7})
    )
    assert second["VersionId"] != first["VersionId"]
    old = backup.get_backup_plan(BackupPlanId=plan_id, VersionId=first["VersionId"])
    new = backup.get_backup_plan(BackupPlanId=plan_id)
    assert "Lifecycle" not in old["BackupPlan"]["Rules"][0]
    assert old["BackupPlan"]["Rules"][0]["RuleId"] == new["BackupPlan"]["Rules"][0].get("RuleId")
    states = [detail["state"] for detail in aws.details("Backup Plan State Change")]
    assert states[-2:] == ["CREATED", "MODIFIED"]


def test_the_same_plan_twice_exists_already(
    aws: Any, backup: Any, vault: str, refusal: Any
) -> None:
    document = plan(vault, aws.name())
    backup.create_backup_plan(BackupPlan=document)
    assert refusal(lambda: backup.create_backup_plan(BackupPlan=document))[0] == (
        "AlreadyExistsException"
    )


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({"TargetBackupVaultName": "absent"}, "does not exist"),
        ({"ScheduleExpression": "rate(1 day)"}, "no cron"),
        ({"StartWindowMinutes": 30}, "at least 60"),
        ({"CompletionWindowMinutes": 539}, "60 minutes or more after StartWindowMinutes 480"),
        ({"Lifecycle": {"DeleteAfterDays": 0}}, "at least 1"),
        ({"Lifecycle": {"MoveToColdStorageAfterDays": 30, "DeleteAfterDays": 60}}, "90 days"),
        ({"EnableContinuousBackup": True, "Lifecycle": {"DeleteAfterDays": 36}}, "1 and 35"),
        ({"CopyActions": [{"DestinationBackupVaultArn": "arn:aws:s3:::x"}]}, "no backup vault"),
    ],
)
def test_a_rule_that_aws_refuses_is_named_with_its_problem(
    backup: Any, vault: str, rule: Any, says: str, refusal: Any
) -> None:
    code, message = refusal(lambda: backup.create_backup_plan(BackupPlan=plan(vault, **rule)))
    assert code == "InvalidParameterValueException"
    assert "rule daily" in message
    assert says in message


def test_a_deleted_plan_is_still_read_but_no_longer_listed(
    aws: Any, backup: Any, vault: str, refusal: Any
) -> None:
    plan_id = backup.create_backup_plan(BackupPlan=plan(vault, aws.name()))["BackupPlanId"]
    backup.delete_backup_plan(BackupPlanId=plan_id)
    assert "DeletionDate" in backup.get_backup_plan(BackupPlanId=plan_id)
    listed = {p["BackupPlanId"] for p in backup.list_backup_plans()["BackupPlansList"]}
    everything = backup.list_backup_plans(IncludeDeleted=True)["BackupPlansList"]
    assert plan_id not in listed
    assert plan_id in {p["BackupPlanId"] for p in everything}
    for call in (
        lambda: backup.delete_backup_plan(BackupPlanId=plan_id),
        lambda: backup.update_backup_plan(BackupPlanId=plan_id, BackupPlan=plan(vault)),
        lambda: backup.get_backup_plan(BackupPlanId="absent"),
    ):
        assert refusal(call)[0] == "ResourceNotFoundException"


def test_selections_come_and_go_with_their_plan(
    aws: Any, backup: Any, vault: str, role: str, refusal: Any
) -> None:
    plan_id = backup.create_backup_plan(BackupPlan=plan(vault, aws.name()))["BackupPlanId"]
    selection: Any = {
        "SelectionName": "by-tag",
        "IamRoleArn": role,
        "Resources": ["*"],
        "Conditions": {
            "StringEquals": [{"ConditionKey": "aws:ResourceTag/backup", "ConditionValue": "daily"}]
        },
    }
    created = backup.create_backup_selection(BackupPlanId=plan_id, BackupSelection=selection)
    selection_id = created["SelectionId"]
    found = backup.get_backup_selection(BackupPlanId=plan_id, SelectionId=selection_id)
    assert found["BackupSelection"] == selection
    again = refusal(
        lambda: backup.create_backup_selection(BackupPlanId=plan_id, BackupSelection=selection)
    )
    assert again[0] == "AlreadyExistsException"
    assert refusal(lambda: backup.delete_backup_plan(BackupPlanId=plan_id))[0] == (
        "InvalidRequestException"
    )
    backup.delete_backup_selection(BackupPlanId=plan_id, SelectionId=selection_id)
    backup.delete_backup_plan(BackupPlanId=plan_id)


@pytest.fixture(scope="module")
def plan_id(aws: Any, backup: Any) -> str:
    """A plan that tests put selections on."""
    vault = aws.name("vault")
    backup.create_backup_vault(BackupVaultName=vault)
    return backup.create_backup_plan(BackupPlan=plan(vault, aws.name()))["BackupPlanId"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"Resources": []}, "Resources or ListOfTags"),
        ({"Resources": ["volume"]}, "neither an ARN"),
        ({"Conditions": {"StringLike": [{"ConditionKey": "tag"}]}}, "aws:ResourceTag/"),
        ({"IamRoleArn": f"arn:aws:iam::{MEMBER}:role/absent"}, "cannot be assumed"),
        ({"IamRoleArn": "role"}, "no ARN"),
    ],
)
def test_a_selection_that_aws_refuses(
    aws: Any, refusal: Any, plan_id: str, changes: Any, says: str
) -> None:
    backup, role = aws.client("backup"), aws.backup_role
    selection = {"SelectionName": "bad", "IamRoleArn": role, "Resources": ["*"], **changes}
    code, message = refusal(
        lambda: backup.create_backup_selection(BackupPlanId=plan_id, BackupSelection=selection)
    )
    assert code == "InvalidParameterValueException"
    assert says in message


def test_a_role_that_trusts_another_service_is_no_backup_role(
    aws: Any, backup: Any, plan_id: str, refusal: Any
) -> None:
    arn = aws.role(trusts={"Service": "lambda.amazonaws.com"})
    selection = {"SelectionName": "s", "IamRoleArn": arn, "Resources": ["*"]}
    code, message = refusal(
        lambda: backup.create_backup_selection(BackupPlanId=plan_id, BackupSelection=selection)
    )
    assert code == "InvalidParameterValueException"
    assert "backup.amazonaws.com" in message
