"""Objects that are created, told to EventBridge."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.tests.deployed_aws import AUDIT, REGION, DeployedAws, sends

KEY = "Backup Jobs/2026/11/22/a+b=c.csv"


def bucket(aws: DeployedAws, *, versioned: bool = False, **notifications: Any) -> str:
    client, name = aws.client("s3"), aws.name("pump-objects-")
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    if versioned:
        client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    if notifications:
        client.put_bucket_notification_configuration(
            Bucket=name, NotificationConfiguration=notifications
        )
    return name


def listening_queue(aws: DeployedAws, bucket_name: str) -> str:
    """A queue with the events of the bucket that a rule sends it."""
    queue = aws.queue(sends("events.amazonaws.com"))
    client, name = aws.client("events"), aws.name("rule")
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket_name]}}}
    client.put_rule(Name=name, EventPattern=json.dumps(pattern))
    client.put_targets(Rule=name, Targets=[{"Id": "0", "Arn": queue}])
    return queue


def events(aws: DeployedAws, queue: str) -> Sequence[Any]:
    found = [json.loads(message["Body"]) for message in aws.messages(queue)]
    return sorted(found, key=lambda event: event["detail"]["object"]["sequencer"])


def test_objects_are_told_to_eventbridge_in_its_own_shape(aws: DeployedAws) -> None:
    name = bucket(aws, versioned=True, EventBridgeConfiguration={})
    queue = listening_queue(aws, name)
    client = aws.client("s3")
    put = client.put_object(Bucket=name, Key=KEY, Body=b"five!")
    client.copy_object(Bucket=name, Key="copy.csv", CopySource={"Bucket": name, "Key": KEY})
    upload = client.create_multipart_upload(Bucket=name, Key="large.csv")["UploadId"]
    part = client.upload_part(
        Bucket=name, Key="large.csv", UploadId=upload, PartNumber=1, Body=b"part"
    )
    client.complete_multipart_upload(
        Bucket=name,
        Key="large.csv",
        UploadId=upload,
        MultipartUpload={"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]},
    )
    aws.settle()
    created, *others = events(aws, queue)
    assert (created["detail-type"], created["account"], created["region"]) == (
        "Object Created",
        AUDIT,
        REGION,
    )
    assert created["resources"] == [f"arn:aws:s3:::{name}"]
    detail = created["detail"]
    assert (detail["bucket"], detail["requester"]) == ({"name": name}, AUDIT)
    assert detail["object"] == {
        "key": KEY,
        "size": 5,
        "etag": put["ETag"].strip('"'),
        "version-id": put["VersionId"],
        "sequencer": detail["object"]["sequencer"],
    }
    assert [event["detail"]["reason"] for event in (created, *others)] == [
        "PutObject",
        "CopyObject",
        "CompleteMultipartUpload",
    ]


def test_a_bucket_that_does_not_tell_eventbridge_tells_nobody(aws: DeployedAws) -> None:
    name = bucket(aws)
    queue = listening_queue(aws, name)
    aws.client("s3").put_object(Bucket=name, Key=KEY, Body=b"")
    aws.settle()
    assert aws.messages(queue) == []


def test_the_journal_says_that_a_removal_is_not_told(aws: DeployedAws) -> None:
    name = bucket(aws, EventBridgeConfiguration={})
    queue = listening_queue(aws, name)
    client = aws.client("s3")
    client.put_object(Bucket=name, Key="x", Body=b"", Tagging="a=b")
    client.delete_object(Bucket=name, Key="x")
    aws.settle()
    assert [event["detail-type"] for event in events(aws, queue)] == ["Object Created"]
    [entry] = aws.entries(f"arn:aws:s3:::{name}/x", "EventBridge")
    assert entry.outcome == "refused"
    assert "their creation alone" in entry.reason


def test_notifications_but_to_eventbridge_are_refused_and_those_before_stay(
    aws: DeployedAws,
) -> None:
    name = bucket(aws, EventBridgeConfiguration={})
    configuration = {"QueueArn": aws.queue(), "Events": ["s3:ObjectCreated:*"]}
    client = aws.client("s3")
    with pytest.raises(ClientError, match="does not carry out QueueConfiguration of buckets"):
        client.put_bucket_notification_configuration(
            Bucket=name, NotificationConfiguration={"QueueConfigurations": [configuration]}
        )
    kept = client.get_bucket_notification_configuration(Bucket=name)
    assert "EventBridgeConfiguration" in kept
    assert "QueueConfigurations" not in kept
