from typing import Any

import pytest

MEMBER, OTHER, REGION = "333333333333", "444444444444", "eu-west-1"
VOLUME = f"arn:aws:ec2:{REGION}:{MEMBER}:volume/vol-"


def job(aws: Any, **fields: Any) -> Any:
    """A job that the sandbox is told of."""
    place = {"account": MEMBER, "region": REGION}
    return aws.call("backup.job", **{"kind": "backup", "state": "COMPLETED", **place, **fields})


def test_a_job_stays_created_until_it_is_told_how_it_went(
    aws: Any, backup: Any, vault: str, role: str
) -> None:
    resource = VOLUME + aws.name()
    started = backup.start_backup_job(
        BackupVaultName=vault,
        ResourceArn=resource,
        IamRoleArn=role,
        Lifecycle={"DeleteAfterDays": 35},
    )
    job_id = started["BackupJobId"]
    found = backup.describe_backup_job(BackupJobId=job_id)
    assert (found["State"], found["ResourceType"]) == ("CREATED", "EBS")
    for state in ("RUNNING", "COMPLETED"):
        aws.call("backup.finish", account=MEMBER, region=REGION, job_id=job_id, state=state)
    found = backup.describe_backup_job(BackupJobId=job_id)
    assert (found["State"], found["PercentDone"]) == ("COMPLETED", "100.0")
    points = backup.list_recovery_points_by_backup_vault(BackupVaultName=vault)["RecoveryPoints"]
    assert [point["ResourceArn"] for point in points] == [resource]
    assert points[0]["RecoveryPointArn"] == found["RecoveryPointArn"]
    assert points[0]["CalculatedLifecycle"]["DeleteAt"]
    created, running, completed = [
        aws.details("Backup Job State Change", backupJobId=job_id, state=state)[0]
        for state in ("CREATED", "RUNNING", "COMPLETED")
    ]
    assert set(created) == {"backupJobId", "state", "creationDate"}
    assert running["expectedCompletionDate"].endswith(("AM", "PM"))
    assert "statusMessage" not in completed
    assert completed["percentDone"] == 100
    assert completed["backupSizeInBytes"] == completed["bytesTransferred"] == "0"


@pytest.mark.parametrize("state", ["FAILED", "EXPIRED", "ABORTED"])
def test_an_unsuccessful_backups_event_quotes_its_message(aws: Any, vault: str, state: str) -> None:
    done = job(aws, state=state, vault=vault, resource_arn=VOLUME + aws.name(), message="why")
    account, region, event = aws.events[-1]
    detail = event["detail"]
    assert (account, region) == (MEMBER, REGION)
    assert (event["source"], event["detail-type"], event["resources"]) == (
        "aws.backup",
        "Backup Job State Change",
        [],
    )
    assert detail["backupJobId"] == done["BackupJobId"]
    assert (detail["state"], detail["statusMessage"]) == (state, '"why"')
    assert (detail["percentDone"], detail["bytesTransferred"]) == (0, "0")
    assert ("completionDate" in detail) is (state != "FAILED")
    assert ("retryCount" in detail) is (state == "FAILED")


def test_a_job_of_a_plan_says_so(aws: Any, backup: Any, vault: str) -> None:
    plan: Any = {
        "BackupPlanName": aws.name(),
        "Rules": [{"RuleName": "r", "TargetBackupVaultName": vault}],
    }
    created = backup.create_backup_plan(BackupPlan=plan)
    resource = VOLUME + aws.name()
    done = job(aws, vault=vault, resource_arn=resource, plan_id=created["BackupPlanId"])
    rule_id = backup.get_backup_plan(BackupPlanId=created["BackupPlanId"])["BackupPlan"]["Rules"][
        0
    ]["RuleId"]
    detail = aws.details("Backup Job State Change", backupJobId=done["BackupJobId"])[-1]
    assert detail["createdBy"] == {
        "backupPlanId": created["BackupPlanId"],
        "backupPlanArn": created["BackupPlanArn"],
        "backupPlanVersion": created["VersionId"],
        "backupPlanRuleId": rule_id,
    }
    points = backup.list_recovery_points_by_backup_vault(
        BackupVaultName=vault, ByBackupPlanId=created["BackupPlanId"]
    )["RecoveryPoints"]
    assert [point["ResourceArn"] for point in points] == [resource]


def test_a_job_comes_to_its_end_once(
    aws: Any, backup: Any, vault: str, role: str, refusal: Any
) -> None:
    job_id = backup.start_backup_job(
        BackupVaultName=vault, ResourceArn=VOLUME + aws.name(), IamRoleArn=role
    )["BackupJobId"]
    end = {"account": MEMBER, "region": REGION, "job_id": job_id, "state": "ABORTED"}
    aws.call("backup.finish", **end, message="stopped")
    found = backup.describe_backup_job(BackupJobId=job_id)
    assert (found["State"], found["StatusMessage"]) == ("ABORTED", "stopped")
    detail = aws.details("Backup Job State Change", backupJobId=job_id)[-1]
    assert detail["statusMessage"] == '"stopped"'
    assert "is ABORTED already" in aws.refused("backup.finish", **end)
    assert refusal(lambda: backup.describe_backup_job(BackupJobId="absent"))[0] == (
        "ResourceNotFoundException"
    )


def test_a_token_starts_a_job_once(aws: Any, backup: Any, vault: str, role: str) -> None:
    started = {
        backup.start_backup_job(
            BackupVaultName=vault,
            ResourceArn=VOLUME + "same",
            IamRoleArn=role,
            IdempotencyToken=vault,
        )["BackupJobId"]
        for _ in range(2)
    }
    assert len(started) == 1


def test_jobs_are_listed_by_what_they_are(aws: Any, backup: Any, vault: str) -> None:
    first, second = VOLUME + aws.name(), f"arn:aws:rds:{REGION}:{MEMBER}:db:{aws.name()}"
    job(aws, vault=vault, resource_arn=first)
    job(aws, vault=vault, resource_arn=second, state="FAILED", message="why")
    in_vault = backup.list_backup_jobs(ByBackupVaultName=vault)["BackupJobs"]
    assert [found["ResourceType"] for found in in_vault] == ["EBS", "RDS"]
    failed = backup.list_backup_jobs(ByBackupVaultName=vault, ByState="FAILED")["BackupJobs"]
    assert [found["ResourceArn"] for found in failed] == [second]
    before = backup.list_backup_jobs(
        ByBackupVaultName=vault, ByCreatedBefore=in_vault[0]["CreationDate"]
    )
    assert before["BackupJobs"] == []
    pages = backup.get_paginator("list_backup_jobs").paginate(
        ByBackupVaultName=vault, PaginationConfig={"PageSize": 1}
    )
    assert [len(page["BackupJobs"]) for page in pages] == [1, 1]


def test_a_locked_vault_fails_a_backup_that_it_may_not_keep(
    aws: Any, backup: Any, vault: str, refusal: Any
) -> None:
    backup.put_backup_vault_lock_configuration(BackupVaultName=vault, MinRetentionDays=30)
    resource = VOLUME + aws.name()
    short = job(aws, vault=vault, resource_arn=resource, delete_after_days=7)
    assert short["State"] == "FAILED"
    assert "minimum 30" in short["StatusMessage"]
    long = job(aws, vault=vault, resource_arn=resource, delete_after_days=30)
    assert long["State"] == "COMPLETED"
    point = long["RecoveryPointArn"]
    code, _ = refusal(
        lambda: backup.delete_recovery_point(BackupVaultName=vault, RecoveryPointArn=point)
    )
    assert code == "InvalidRequestException"


def test_recovery_points_are_deleted_and_keep_their_vault(
    aws: Any, backup: Any, vault: str, refusal: Any
) -> None:
    resource = VOLUME + aws.name()
    point = job(aws, vault=vault, resource_arn=resource)["RecoveryPointArn"]
    assert backup.describe_backup_vault(BackupVaultName=vault)["NumberOfRecoveryPoints"] == 1
    code, message = refusal(lambda: backup.delete_backup_vault(BackupVaultName=vault))
    assert code == "InvalidRequestException"
    assert "contains recovery points" in message
    backup.delete_recovery_point(BackupVaultName=vault, RecoveryPointArn=point)
    backup.delete_backup_vault(BackupVaultName=vault)
    statuses = [
        detail["status"]
        for detail in aws.details("Recovery Point State Change", backupVaultName=vault)
    ]
    assert statuses == ["COMPLETED", "DELETING"]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"kind": "scan"}, "kind is one of"),
        ({"state": "SLOW"}, "no state"),
        ({"vault": "absent"}, "does not exist"),
        ({"colour": "red"}, "unknown: colour"),
        ({"resource_arn": "arn:aws:sqs:eu-west-1:333333333333:q"}, "of no type"),
        ({"kind": "copy", "resource_arn": VOLUME + "never"}, "no recovery point"),
    ],
)
def test_a_job_that_cannot_be_is_refused_with_the_reason(
    aws: Any, vault: str, fields: Any, says: str
) -> None:
    given = {"vault": vault, "resource_arn": VOLUME + "1", **fields}
    assert says in aws.refused(
        "backup.job",
        **{"account": MEMBER, "region": REGION, "kind": "backup", "state": "FAILED", **given},
    )


def test_a_job_that_is_not_there_cannot_be_finished(aws: Any) -> None:
    message = aws.refused(
        "backup.finish", account=MEMBER, region=REGION, job_id="absent", state="FAILED"
    )
    assert "there is no job absent" in message
