"""What the runbooks of a recovery tell AWS Backup, and what they say when it does not come through;
the table that they go by is the one in docs/recover.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from components.recovery.restore_metadata import RESTORES, missing
from components.recovery.runbook_steps import restore_steps
from components.recovery.steps import read_copy, read_restore, start_restore
from fleet.project import PROJECT

POINT = "arn:aws:backup:eu-central-1:333333333333:recovery-point:1"
ROLE = "arn:aws:iam::333333333333:role/backup"


@pytest.fixture
def backup(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """AWS Backup, which answers what it is told to and nothing else."""
    client = boto3.client(
        "backup", "eu-central-1", aws_access_key_id="x", aws_secret_access_key="x"
    )

    def at_hand(_service: str) -> Any:
        return client

    monkeypatch.setattr(boto3, "client", at_hand)
    with Stubber(client) as stub:
        yield stub
        stub.assert_no_pending_responses()


def payload(metadata: Mapping[str, str]) -> Mapping[str, Any]:
    """As the runbook hands it to its step."""
    (start,) = [step for step in restore_steps(ROLE) if step["name"] == "StartRestore"]
    return {
        **start["inputs"]["InputPayload"],
        "RecoveryPointArn": POINT,
        "BackupVaultName": "standard",
        "Metadata": metadata,
        "ExecutionId": "e-1",
    }


def point(backup: Stubber, kind: str, tells: Mapping[str, str]) -> None:
    asked = {"BackupVaultName": "standard", "RecoveryPointArn": POINT}
    backup.add_response("describe_recovery_point", {"ResourceType": kind}, asked)
    backup.add_response("get_recovery_point_restore_metadata", {"RestoreMetadata": tells}, asked)


@pytest.mark.parametrize(
    ("kind", "tells", "given", "told"),
    [
        (
            "EC2",
            {
                "SubnetId": "subnet-1",
                "NetworkInterfaces": "[{}]",
                "IamInstanceProfileName": "p",
                "aws:backup:request-id": "r",
                "InstanceType": "t3.large",
                "KeyName": "",
            },
            {"subnetid": "subnet-2"},
            {"subnetid": "subnet-2", "InstanceType": "t3.large"},
        ),
        (
            "EBS",
            {"volumeId": "vol-1", "encrypted": "false", "availabilityZone": "null"},
            {"availabilityZone": "eu-central-1a"},
            {"encrypted": "true", "availabilityZone": "eu-central-1a"},
        ),
        (
            "EFS",
            {"file-system-id": "fs-1", "PerformanceMode": "maxIO", "KmsKeyId": "lost"},
            {},
            {
                "file-system-id": "fs-1",
                "PerformanceMode": "maxIO",
                "CreationToken": "e-1",
                "Encrypted": "true",
                "newFileSystem": "true",
            },
        ),
        (
            "DynamoDB",
            {"kmsMasterKeyArn": "lost"},
            {"targetTableName": "orders"},
            {"encryptionType": "Default", "targetTableName": "orders"},
        ),
        (
            "Redshift",
            {"NumberOfNodes": "2"},
            {"ClusterIdentifier": "c"},
            {"ClusterIdentifier": "c"},
        ),
    ],
)
def test_what_is_given_lies_over_what_is_set_and_that_over_what_the_point_tells(
    backup: Stubber,
    kind: str,
    tells: Mapping[str, str],
    given: Mapping[str, str],
    told: Mapping[str, str],
) -> None:
    point(backup, kind, tells)
    backup.add_response(
        "start_restore_job",
        {"RestoreJobId": "j-1"},
        {
            "RecoveryPointArn": POINT,
            "ResourceType": kind,
            "Metadata": told,
            "IamRoleArn": ROLE,
            "IdempotencyToken": "e-1",
            "CopySourceTagsToRestoredResource": kind in ("EBS", "EC2", "EFS"),
        },
    )
    assert start_restore.script_handler(payload(given), None) == {"RestoreJobId": "j-1"}


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("RDS", "a restore of RDS needs DBInstanceIdentifier: give it as Metadata"),
        ("EBS", "a restore of EBS needs availabilityZone"),
        ("FSx", r"restore of FSx needs is not known here.*tells of its source: \{'a': 'b'\}"),
    ],
)
def test_a_restore_that_lacks_something_is_not_begun(backup: Stubber, kind: str, said: str) -> None:
    point(backup, kind, {"a": "b"})
    with pytest.raises(RuntimeError, match=said):
        start_restore.script_handler(payload({}), None)


def test_a_job_that_failed_is_told_with_its_reason(backup: Stubber) -> None:
    copy = {"State": "FAILED", "StatusMessage": "Access Denied"}
    backup.add_response("describe_copy_job", {"CopyJob": copy}, {"CopyJobId": "c"})
    with pytest.raises(RuntimeError, match="the copy job is FAILED: Access Denied"):
        read_copy.script_handler({"CopyJobId": "c"}, None)
    backup.add_response("describe_restore_job", {"Status": "ABORTED"}, {"RestoreJobId": "r"})
    with pytest.raises(RuntimeError, match="the restore job is ABORTED"):
        read_restore.script_handler({"RestoreJobId": "r"}, None)


@pytest.mark.parametrize(
    ("kind", "given", "lacking"),
    [
        ("EC2", {}, ()),
        ("EBS", {}, ()),  # the recovery point may tell the zone
        ("S3", {}, ("DestinationBucketName",)),
        ("S3", {"destinationbucketname": "b"}, ()),
        ("FSx", {}, ("all metadata of FSx",)),
        ("FSx", {"SubnetIds": "s"}, ()),
    ],
)
def test_what_nothing_can_tell_is_known_before_anything_is_copied(
    kind: str, given: Mapping[str, str], lacking: tuple[str, ...]
) -> None:
    assert missing(kind, given) == lacking


def test_the_page_has_the_table() -> None:
    page = (PROJECT / "docs" / "recover.md").read_text(encoding="utf-8").splitlines()
    for kind, row in RESTORES.items():
        sets = [f"{key}={value}" for key, value in row.sets.items()]
        cells = [
            ", ".join(f"`{name}`" for name in names) or "nothing"
            for names in (row.keeps, sets, row.needs)
        ]
        assert f"| {kind} | {' | '.join(cells)} | {row.afterwards} |" in page
