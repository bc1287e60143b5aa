from typing import Any

MEMBER, OTHER, REGION = "333333333333", "444444444444", "eu-west-1"
VOLUME = f"arn:aws:ec2:{REGION}:{MEMBER}:volume/vol-"


def job(aws: Any, **fields: Any) -> Any:
    """A job that the sandbox is told of."""
    place = {"account": MEMBER, "region": REGION}
    return aws.call("backup.job", **{"kind": "backup", "state": "COMPLETED", **place, **fields})


def test_a_copy_within_the_account_lands_in_the_other_vault(
    aws: Any, backup: Any, vault: str, role: str
) -> None:
    target = aws.name("vault")
    arn = backup.create_backup_vault(BackupVaultName=target)["BackupVaultArn"]
    point = job(aws, vault=vault, resource_arn=VOLUME + aws.name(), size_bytes=5)
    asked, again = (
        backup.start_copy_job(
            RecoveryPointArn=point["RecoveryPointArn"],
            SourceBackupVaultName=vault,
            DestinationBackupVaultArn=arn,
            IamRoleArn=role,
            IdempotencyToken="once",
        )["CopyJobId"]
        for _ in range(2)
    )
    assert asked == again
    job_id = asked
    running, copied = (backup.describe_copy_job(CopyJobId=job_id)["CopyJob"] for _ in range(2))
    assert (running["State"], copied["State"]) == ("RUNNING", "COMPLETED")
    assert backup.describe_backup_vault(BackupVaultName=target)["NumberOfRecoveryPoints"] == 1
    listed = backup.list_copy_jobs(ByDestinationVaultArn=arn)["CopyJobs"]
    assert [found["CopyJobId"] for found in listed] == [job_id]
    created = aws.details("Copy Job State Change", destinationBackupVaultArn=arn, state="CREATED")
    assert "copyJobId" not in created[0]
    running, completed = aws.details("Copy Job State Change", copyJobId=job_id)
    assert (running["destinationRecoveryPointArn"], running["backupSizeInBytes"]) == ({}, 5)
    assert completed["destinationRecoveryPointArn"] == copied["DestinationRecoveryPointArn"]


def test_a_restore_is_told_by_status_and_created_by_state(
    aws: Any, backup: Any, vault: str, role: str
) -> None:
    resource = VOLUME + aws.name()
    point = job(aws, vault=vault, resource_arn=resource, size_bytes=7)["RecoveryPointArn"]
    job_id = backup.start_restore_job(
        RecoveryPointArn=point, Metadata={"volumeType": "gp3"}, IamRoleArn=role
    )["RestoreJobId"]
    for state in ("RUNNING", "COMPLETED"):
        aws.call("backup.finish", account=MEMBER, region=REGION, job_id=job_id, state=state)
    found = backup.describe_restore_job(RestoreJobId=job_id)
    assert (found["Status"], found["SourceResourceArn"]) == ("COMPLETED", resource)
    assert job_id in {entry["RestoreJobId"] for entry in backup.list_restore_jobs()["RestoreJobs"]}
    created, running, completed = aws.details("Restore Job State Change", restoreJobId=job_id)
    assert (created["state"], "status" in created) == ("CREATED", False)
    assert (running["status"], running["backupSizeInBytes"]) == ("RUNNING", "7")
    assert "backupVaultArn" not in running
    assert completed["recoveryPointArn"] == point
    assert completed["createdResourceArn"] == found["CreatedResourceArn"]
