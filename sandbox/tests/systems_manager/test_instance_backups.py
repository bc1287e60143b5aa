"""Backups of instances, as a runbook around them sees them."""

from collections.abc import Mapping
from typing import Any

import pytest

from sandbox.tests.deployed_aws import AUDIT, REGION, DeployedAws
from sandbox.tests.systems_manager.conftest import Commands, Runbooks, api, step


class Backups:
    def __init__(self, aws: DeployedAws, commands: Commands) -> None:
        self.backup, self.ec2 = aws.client("backup"), aws.client("ec2")
        self.role = aws.role("backup.amazonaws.com")
        self.vault = aws.name("vault")
        self.backup.create_backup_vault(BackupVaultName=self.vault)
        self.instance = commands.launch(volumes=2)["instance_id"]
        self.arn = f"arn:aws:ec2:{REGION}:{AUDIT}:instance/{self.instance}"
        self._call = aws.call

    def call(self, name: str, **given: Any) -> Any:
        return self._call(name, account=AUDIT, region=REGION, **given)

    def start(self, **given: Any) -> str:
        return self.backup.start_backup_job(
            BackupVaultName=self.vault, ResourceArn=self.arn, IamRoleArn=self.role, **given
        )["BackupJobId"]

    def snapshots(self) -> list[Mapping[str, Any]]:
        """Those of the instance's volumes."""
        (found,) = self.ec2.describe_instances(InstanceIds=[self.instance])["Reservations"]
        devices = found["Instances"][0]["BlockDeviceMappings"]
        volumes = [device["Ebs"]["VolumeId"] for device in devices]
        asked = [{"Name": "volume-id", "Values": volumes}]
        return self.ec2.describe_snapshots(OwnerIds=["self"], Filters=asked)["Snapshots"]


@pytest.fixture
def backups(aws: DeployedAws, commands: Commands) -> Backups:
    return Backups(aws, commands)


def test_the_snapshots_are_there_pending_while_the_job_runs(backups: Backups) -> None:
    job = backups.start()
    assert backups.backup.describe_backup_job(BackupJobId=job)["State"] == "RUNNING"
    found = backups.snapshots()
    assert [each["State"] for each in found] == ["pending", "pending"]
    assert {tag["Key"]: tag["Value"] for tag in found[0]["Tags"]} == {
        "aws:backup:source-resource": backups.instance
    }


def test_a_completed_backup_is_an_image_of_completed_snapshots(backups: Backups) -> None:
    job = backups.start(RecoveryPointTags={"script": "files"})
    backups.call("backup.finish", job_id=job, state="COMPLETED")
    arn = backups.backup.describe_backup_job(BackupJobId=job)["RecoveryPointArn"]
    (image,) = backups.ec2.describe_images(ImageIds=[arn.rpartition("/")[2]])["Images"]
    snapshots = {each["SnapshotId"]: each["State"] for each in backups.snapshots()}
    assert {each["Ebs"]["SnapshotId"] for each in image["BlockDeviceMappings"]} == {*snapshots}
    assert {*snapshots.values()} == {"completed"}
    assert backups.backup.list_tags(ResourceArn=arn)["Tags"] == {"script": "files"}
    assert {"Key": "script", "Value": "files"} in image["Tags"]


def test_a_backup_that_is_held_begins_when_it_is_told_to(backups: Backups) -> None:
    backups.call("backup.hold", resource_arn=backups.arn)
    job = backups.start()
    assert (backups.backup.describe_backup_job(BackupJobId=job)["State"], backups.snapshots()) == (
        "CREATED",
        [],
    )
    backups.call("backup.finish", job_id=job, state="RUNNING")
    assert len(backups.snapshots()) == 2


def test_a_backup_that_failed_leaves_no_snapshots(backups: Backups) -> None:
    backups.call("backup.finish", job_id=backups.start(), state="FAILED", message="why")
    assert backups.snapshots() == []


def test_a_job_is_started_once_for_a_token(backups: Backups) -> None:
    assert backups.start(IdempotencyToken="once") == backups.start(IdempotencyToken="once")


def test_a_runbook_waits_for_a_backup_that_settling_does_not_wait_for(
    backups: Backups, runbooks: Runbooks
) -> None:
    started = {"Name": "Job", "Selector": "$.BackupJobId", "Type": "String"}
    request = {
        "BackupVaultName": backups.vault,
        "ResourceArn": backups.arn,
        "IamRoleArn": backups.role,
    }
    state = {
        "Service": "backup",
        "Api": "DescribeBackupJob",
        "BackupJobId": "{{ Start.Job }}",
        "PropertySelector": "$.State",
        "DesiredValues": ["COMPLETED", "FAILED"],
    }
    name = runbooks.create(
        api("Start", "backup", "StartBackupJob", inputs=request, outputs=[started]),
        step("Wait", "waitForAwsResourceProperty", state, timeoutSeconds=86_400),
        role=runbooks.role("backup:*", "iam:PassRole"),
        outputs=["Start.Job"],
    )
    execution = runbooks.start(name)
    runbooks.aws.settle()
    running = runbooks.get(execution)
    assert running["CurrentStepName"] == "Wait"
    backups.call("backup.finish", job_id=running["Outputs"]["Start.Job"][0], state="COMPLETED")
    runbooks.aws.settle()
    assert runbooks.get(execution)["AutomationExecutionStatus"] == "Success"
