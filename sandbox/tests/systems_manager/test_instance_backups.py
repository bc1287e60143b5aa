"""Backups of instances, as a runbook around them sees them."""

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

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

    def state(self, job: str) -> str:
        return self.backup.describe_backup_job(BackupJobId=job)["State"]

    def point(self) -> str:
        """The ARN of a recovery point."""
        job = self.start()
        self.call("backup.finish", job_id=job, state="COMPLETED")
        return self.backup.describe_backup_job(BackupJobId=job)["RecoveryPointArn"]

    def metadata(self, point: str) -> Mapping[str, str]:
        """As AWS Backup tells them."""
        return self.backup.get_recovery_point_restore_metadata(
            BackupVaultName=self.vault, RecoveryPointArn=point
        )["RestoreMetadata"]

    def kept_metadata(self, point: str) -> Mapping[str, str]:
        told = self.metadata(point)
        kept = {name: told[name] for name in ("InstanceType", "SubnetId", "SecurityGroupIds")}
        return kept | {"RequireIMDSv2": "true"}

    def restore(self, point: str, metadata: Mapping[str, str], *, copy_tags: bool = False) -> str:
        return self.backup.start_restore_job(
            RecoveryPointArn=point,
            Metadata=metadata,
            IamRoleArn=self.role,
            CopySourceTagsToRestoredResource=copy_tags,
        )["RestoreJobId"]

    def restored(self, point: str, metadata: Mapping[str, str], *, copy_tags: bool) -> str:
        """The id of the instance that a restore made, when it was looked at twice."""
        job = self.restore(point, metadata, copy_tags=copy_tags)
        looks = [self.backup.describe_restore_job(RestoreJobId=job) for _ in range(2)]
        assert [look["Status"] for look in looks] == ["RUNNING", "COMPLETED"]
        return looks[-1]["CreatedResourceArn"].rpartition("/")[2]

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


def test_a_backup_is_seen_running_and_then_comes_to_its_end(backups: Backups) -> None:
    job = backups.start()
    assert backups.state(job) == "RUNNING"
    assert backups.state(job) == "COMPLETED"
    assert backups.state(job) == "COMPLETED"


def test_a_backup_that_is_held_runs_until_it_is_let_go(backups: Backups) -> None:
    backups.call("backup.hold", resource_arn=backups.arn, state="RUNNING")
    job = backups.start()
    assert [backups.state(job) for _ in range(3)] == ["RUNNING"] * 3
    backups.call("backup.hold", resource_arn=backups.arn, held=False)
    assert [backups.state(job) for _ in range(2)] == ["RUNNING", "COMPLETED"]


def test_a_backup_that_is_stopped_is_aborted_and_leaves_no_snapshots(backups: Backups) -> None:
    job = backups.start()
    backups.backup.stop_backup_job(BackupJobId=job)
    assert [backups.state(job) for _ in range(2)] == ["ABORTING", "ABORTED"]
    assert backups.snapshots() == []
    with pytest.raises(ClientError, match="InvalidRequestException"):
        backups.backup.stop_backup_job(BackupJobId=job)


def test_a_backup_that_is_held_is_not_aborted_before_it_is_let_go(backups: Backups) -> None:
    backups.call("backup.hold", resource_arn=backups.arn, state="RUNNING")
    job = backups.start()
    backups.backup.stop_backup_job(BackupJobId=job)
    assert [backups.state(job) for _ in range(3)] == ["ABORTING"] * 3
    backups.call("backup.hold", resource_arn=backups.arn, held=False)
    assert [backups.state(job) for _ in range(2)] == ["ABORTING", "ABORTED"]


def test_a_restore_makes_an_instance_with_the_volumes_and_tags_of_the_one_that_was(
    backups: Backups,
) -> None:
    backups.ec2.create_tags(Resources=[backups.instance], Tags=[{"Key": "of", "Value": "a drill"}])
    point = backups.point()
    restored = backups.restored(point, backups.kept_metadata(point), copy_tags=True)
    (found,) = backups.ec2.describe_instances(InstanceIds=[restored])["Reservations"]
    (instance,) = found["Instances"]
    tags = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
    assert tags == {"of": "a drill", "aws:backup:source-resource": backups.instance}
    assert len(instance["BlockDeviceMappings"]) == 2
    assert instance["MetadataOptions"]["HttpTokens"] == "required"
    assert instance["State"]["Name"] == "running"


def test_what_a_restore_does_not_take_is_refused_at_once(backups: Backups) -> None:
    with pytest.raises(ClientError, match="You cannot include Colour"):
        backups.restore(backups.point(), {"Colour": "red"})


def test_metadata_as_they_were_told_fail_the_restore_as_ec2_says(backups: Backups) -> None:
    point = backups.point()
    job = backups.restore(point, backups.metadata(point))
    found = backups.backup.describe_restore_job(RestoreJobId=job)
    assert found["Status"] == "FAILED"
    assert "may not be specified on the same request" in found["StatusMessage"]


def test_a_recovery_point_goes_with_its_image_and_snapshots(backups: Backups) -> None:
    point = backups.point()
    backups.backup.delete_recovery_point(BackupVaultName=backups.vault, RecoveryPointArn=point)
    with pytest.raises(ClientError, match="NotFound"):
        backups.ec2.describe_images(ImageIds=[point.rpartition("/")[2]])
    assert backups.snapshots() == []


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
    backups.call("backup.hold", resource_arn=backups.arn, state="RUNNING")
    execution = runbooks.start(name)
    runbooks.aws.settle()
    running = runbooks.get(execution)
    assert running["CurrentStepName"] == "Wait"
    backups.call("backup.finish", job_id=running["Outputs"]["Start.Job"][0], state="COMPLETED")
    runbooks.aws.settle()
    assert runbooks.get(execution)["AutomationExecutionStatus"] == "Success"
