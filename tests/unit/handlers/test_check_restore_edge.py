"""The judge at its edge: what it asks AWS of what was restored, and what it leaves behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError

from handlers.check_restore import app
from handlers.check_restore.app import Environment, Judge
from tests.support.aws_in_process import REGION, Aws, aws
from tests.unit.handlers.conftest import CONTEXT
from tests.unit.handlers.test_check_restore import ENDED, PLAN, event

__all__ = ["aws"]
SELECTIONS = {
    PLAN: {
        type_: {"validation_window_hours": 8}
        for type_ in ("DynamoDB", "EBS", "EC2", "EFS", "FSx", "RDS", "Aurora", "S3", "VMware")
    }
    | {"Neptune": {"validation_window_hours": 8, "check": "own-check"}}
}
FSX = f"arn:aws:fsx:{REGION}:333333333333"
SOON = ENDED + timedelta(minutes=5)


@cache
def client(name: str) -> Any:
    """One for all tests, since each costs more than most tests do."""
    session = cast(Any, boto3.Session("testing", "testing", region_name=REGION))
    return session.client(name)


def refused(code: str = "InvalidRequestException") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "PutRestoreValidationResult")


@dataclass
class Backup:
    """AWS Backup, which moto has no restore tests of."""

    size: int | None = 1000
    given: dict[str, str] = field(default_factory=dict[str, str])
    refuses: list[ClientError] = field(default_factory=list[ClientError])
    """Of describing, one a call."""
    taken: dict[str, str] = field(default_factory=dict[str, str])
    """What somebody else gives meanwhile."""

    def describe_restore_job(self, **_: str) -> dict[str, Any]:
        if self.refuses:
            raise self.refuses.pop()
        size = {} if self.size is None else {"BackupSizeInBytes": self.size}
        return {**size, **self.given}

    def put_restore_validation_result(self, **given: str) -> None:
        if self.given or self.taken:
            self.given |= self.taken
            raise refused()
        self.given = given


class Lambda:
    def __init__(self, answer: str, error: str = "") -> None:
        self._answer, self._error = answer, error
        self.asked: dict[str, Any] = {}

    def invoke(self, **asked: Any) -> dict[str, Any]:
        self.asked = {"name": asked["FunctionName"], **json.loads(asked["Payload"])}
        body = SimpleNamespace(read=self._answer.encode)
        return {"Payload": body} | ({"FunctionError": self._error} if self._error else {})


class Fsx:
    """Moto's has no lifecycle."""

    def describe_file_systems(self, **_: Any) -> dict[str, Any]:
        return {"FileSystems": [{"Lifecycle": "AVAILABLE"}]}

    def describe_volumes(self, **_: Any) -> dict[str, Any]:
        return {"Volumes": [{"Lifecycle": "CREATED"}]}


@dataclass
class Bench:
    """A judge, with what it says on the bus."""

    aws: Aws
    backup: Backup = field(default_factory=Backup)
    own: Lambda = field(default_factory=lambda: Lambda("{}"))
    events: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    bus_is_down: bool = False
    broken: Exception | None = None
    """What a client of EC2 raises."""

    def client(self, name: str, **_: Any) -> Any:
        if name == "ec2" and self.broken:
            raise self.broken
        fakes: dict[str, Any] = {
            "backup": self.backup,
            "lambda": self.own,
            "events": self,
            "fsx": Fsx(),
        }
        return fakes.get(name) or client(name)

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's
        if not self.bus_is_down:
            self.events += [{**e, "Detail": json.loads(e["Detail"])} for e in Entries]
        return {"FailedEntryCount": int(self.bus_is_down), "Entries": Entries}

    def judge(self, message: str, tries: int = 1, now: datetime = SOON) -> str:
        """The message of the verdict that there is then, or ""."""
        settings = Environment(
            selections=json.dumps(SELECTIONS),
            queue_url=self.aws.queue,
            tries_most="5",
            retry_seconds="1800",
        )
        Judge(settings, cast(boto3.Session, self)).judge(message, tries, now)
        return self.backup.given.get("ValidationStatusMessage", "")

    @property
    def put_back(self) -> list[str]:
        """Once its delay is over."""
        attributes = ["ApproximateNumberOfMessagesDelayed"]
        found = self.aws.sqs.get_queue_attributes(
            QueueUrl=self.aws.queue, AttributeNames=attributes
        )
        return list(found["Attributes"].values())


@pytest.fixture
def bench(aws: Aws) -> Bench:
    return Bench(aws)


def volume_arn(aws: Aws, size: int = 8) -> str:
    ec2 = client("ec2")
    made = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=size)["VolumeId"]
    return f"arn:aws:ec2:{REGION}:333333333333:volume/{made}"


def snapshot_arn() -> str:
    ec2 = client("ec2")
    source = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=9)["VolumeId"]
    made = ec2.create_snapshot(VolumeId=source)["SnapshotId"]
    return f"arn:aws:ec2:{REGION}::snapshot/{made}"


def table(items: int) -> str:
    dynamodb, name = client("dynamodb"), "awsbackup-restore-test-1"
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    for number in range(items):
        dynamodb.put_item(TableName=name, Item={"id": {"S": str(number)}})
    return f"arn:aws:dynamodb:{REGION}:333333333333:table/{name}"


def bucket(*keys: str) -> str:
    s3 = client("s3")
    place: Any = {"LocationConstraint": REGION}
    s3.create_bucket(Bucket="awsbackup-restore-test-1", CreateBucketConfiguration=place)
    for key in keys:
        s3.put_object(Bucket="awsbackup-restore-test-1", Key=key, Body=b"x")
    return "arn:aws:s3:::awsbackup-restore-test-1"


def database() -> str:
    rds = client("rds")
    made = rds.create_db_instance(
        DBInstanceIdentifier="awsbackup-restore-test-1",
        DBInstanceClass="db.t3.micro",
        Engine="postgres",
        AllocatedStorage=20,
    )
    return made["DBInstance"]["DBInstanceArn"]


def cluster() -> str:
    rds = client("rds")
    made = rds.create_db_cluster(
        DBClusterIdentifier="awsbackup-restore-test-1",
        Engine="aurora-postgresql",
        MasterUsername="admin1",
        MasterUserPassword="not-a-secret",
    )
    return made["DBCluster"]["DBClusterArn"]


def file_system() -> str:
    made = client("efs").create_file_system(CreationToken="1")
    return f"arn:aws:elasticfilesystem:{REGION}:333333333333:file-system/{made['FileSystemId']}"


def instance() -> str:
    ec2 = client("ec2")
    image = ec2.describe_images()["Images"][0].get("ImageId", "")
    made = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]
    return f"arn:aws:ec2:{REGION}:333333333333:instance/{made.get('InstanceId')}"


@pytest.mark.parametrize(
    ("type_", "restored", "said"),
    [
        ("EC2", instance, "runs, both status checks are ok"),
        ("RDS", database, "available; there is no snapshot to compare with"),
        ("RDS", cluster, "available, 0 instances"),
        ("Aurora", cluster, "available, 0 instances"),
        ("DynamoDB", lambda: table(3), "ACTIVE, 3 items"),
        ("S3", lambda: bucket("a", "b"), "it holds objects, 2 of which were read: a…"),
        ("FSx", lambda: f"{FSX}:file-system/fs-1", "AVAILABLE"),
        ("FSx", lambda: f"{FSX}:volume/fs-1/fsvol-1", "CREATED"),
    ],
)
def test_what_is_good_is_found_so_by_what_its_service_says(
    bench: Bench, type_: str, restored: Callable[[], str], said: str
) -> None:
    assert bench.judge(event(resourceType=type_, createdResourceArn=restored())).startswith(said)
    assert bench.backup.given["ValidationStatus"] == "SUCCESSFUL"
    (told,) = bench.events
    assert (told["Source"], told["DetailType"]) == ("backup-org", "Restore Test Verdict")
    assert told["Detail"]["validationStatus"] == "SUCCESSFUL"
    assert told["Resources"] == [told["Detail"]["recoveryPointArn"]]


def test_a_volume_is_held_against_its_snapshot_where_that_can_be_seen(bench: Bench) -> None:
    made = volume_arn(bench.aws)
    assert "smaller" not in bench.judge(event(createdResourceArn=made))
    other = Bench(bench.aws)
    said = other.judge(event(createdResourceArn=made, recoveryPointArn=snapshot_arn()))
    assert said == "the volume has 8 GiB, its snapshot 9 GiB"
    assert other.backup.given["ValidationStatus"] == "FAILED"


def test_an_empty_table_is_not_good_where_the_backup_has_bytes(bench: Bench) -> None:
    said = bench.judge(event(resourceType="DynamoDB", createdResourceArn=table(0)))
    assert said == "the table is ACTIVE and has no items, but the backup has 1000 bytes"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"createdResourceArn": "arn:aws:ec2:eu-central-1:333333333333:volume/vol-00000000"},
         "not judged: it is gone"),
        ({"resourceType": "S3", "createdResourceArn": "arn:aws:s3:::awsbackup-restore-test-0"},
         "not judged: it is gone"),
        ({"resourceType": "VMware"}, "not judged: nothing here checks what is restored of VMware"),
        ({"createdResourceArn": {}}, "not judged: AWS Backup does not tell what it restored"),
    ],
)  # fmt: skip
def test_what_nobody_can_judge_is_failed_with_the_reason(
    bench: Bench, changed: dict[str, Any], said: str
) -> None:
    assert bench.judge(event(**changed)).startswith(said)
    assert bench.backup.given["ValidationStatus"] == "FAILED"
    assert len(bench.events) == 1


def test_what_is_still_being_made_goes_back_to_the_queue_until_its_window_closes(
    bench: Bench,
) -> None:
    message = event(resourceType="EFS", createdResourceArn=file_system())
    bench.backup.size = 9000
    assert bench.judge(message) == ""
    assert bench.put_back == ["1"]
    assert bench.events == []
    said = bench.judge(message, now=ENDED + timedelta(hours=7, minutes=48))
    assert said.startswith("not judged: until its validation window closed")
    assert bench.put_back == ["1"]


def test_a_message_that_comes_again_finds_the_verdict_and_only_tells_it(bench: Bench) -> None:
    message = event(createdResourceArn=volume_arn(bench.aws))
    first = bench.judge(message)
    bench.broken = AssertionError("nothing is looked at again")
    assert bench.judge(message) == first
    assert bench.events[0] == bench.events[1]


def test_a_verdict_that_another_gives_meanwhile_is_the_one_that_is_told(bench: Bench) -> None:
    bench.backup.taken = {"ValidationStatus": "TIMED_OUT"}
    bench.judge(event(createdResourceArn=volume_arn(bench.aws)))
    assert [e["Detail"]["validationStatus"] for e in bench.events] == ["TIMED_OUT"]


def test_a_verdict_that_cannot_be_given_fails_the_message(bench: Bench) -> None:
    bench.backup.put_restore_validation_result = lambda **_: throw(refused("AccessDenied"))  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(ClientError, match="AccessDenied"):
        bench.judge(event(createdResourceArn=volume_arn(bench.aws)), tries=5)
    assert bench.events == []


def throw(error: Exception) -> None:
    raise error


def test_a_verdict_that_the_bus_does_not_take_is_told_by_the_next_try(bench: Bench) -> None:
    message = event(createdResourceArn=volume_arn(bench.aws))
    bench.bus_is_down = True
    with pytest.raises(RuntimeError, match="did not take"):
        bench.judge(message)
    bench.bus_is_down = False
    bench.judge(message, tries=2)
    assert [e["Detail"]["validationStatus"] for e in bench.events] == ["SUCCESSFUL"]


def test_an_error_of_aws_is_tried_again_and_judged_by_nobody_in_the_end(bench: Bench) -> None:
    bench.backup.refuses = [refused("ThrottlingException"), refused("ThrottlingException")]
    message = event(createdResourceArn=volume_arn(bench.aws))
    with pytest.raises(ClientError):
        bench.judge(message)
    assert bench.judge(message, tries=5).startswith("not judged: ClientError: An error occurred")
    (told,) = bench.events
    assert told["Detail"]["validationStatus"] == "FAILED"


def test_an_error_of_this_function_leaves_no_test_open_and_is_a_dead_letter_too(
    bench: Bench,
) -> None:
    bench.broken = KeyError("State")
    with pytest.raises(KeyError):
        bench.judge(event())
    assert bench.backup.given == {}
    with pytest.raises(KeyError):
        bench.judge(event(), now=ENDED + timedelta(hours=7, minutes=30))
    assert bench.backup.given["ValidationStatusMessage"] == "not judged: KeyError: 'State'"
    assert len(bench.events) == 1


def test_a_customers_own_check_is_asked_in_place_of_the_built_in_one(bench: Bench) -> None:
    bench.own = Lambda('{"status": "FAILED", "message": "3 rows are missing"}')
    said = bench.judge(event(resourceType="Neptune"))
    assert said == "own-check: 3 rows are missing"
    assert bench.own.asked["name"] == "own-check"
    assert bench.own.asked["restoreTestingPlanArn"] == PLAN
    other = Bench(bench.aws, own=Lambda('{"errorMessage": "boom"}', "Unhandled"))
    assert other.judge(event(resourceType="Neptune")).startswith(
        "not judged: the check own-check failed (Unhandled)"
    )


def test_the_handler_hands_a_message_over_with_how_often_it_has_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[tuple[str, int]] = []

    def judge(message: str, tries: int, _now: datetime) -> str:
        seen.append((message, tries))
        return "Good"

    monkeypatch.setattr(app, "_judge", lambda: SimpleNamespace(judge=judge))
    record = {
        "messageId": "m-1",
        "body": "told",
        "eventSource": "aws:sqs",
        "attributes": {"ApproximateReceiveCount": "4"},
    }
    assert app.handler({"Records": [record]}, cast(Any, CONTEXT)) == {"batchItemFailures": []}
    assert seen == [("told", 4)]
