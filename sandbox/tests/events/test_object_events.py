"""What happens to objects, told to rules, queues, topics and functions."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_sandbox.events.workbench import AUDIT, REGION, Workbench, sends

KEY = "Backup Jobs/2026/11/22/a+b=c.csv"


def bucket(bench: Workbench, *, versioned: bool = False, **notifications: Any) -> str:
    client, name = bench.client("s3"), bench.name("pump-objects-")
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    if versioned:
        client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    if notifications:
        client.put_bucket_notification_configuration(
            Bucket=name, NotificationConfiguration=notifications
        )
    return name


def listening_queue(bench: Workbench, bucket_name: str) -> str:
    """A queue with the events of the bucket that a rule sends it."""
    queue = bench.queue(sends("events.amazonaws.com"))
    client, name = bench.client("events"), bench.name("rule")
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket_name]}}}
    client.put_rule(Name=name, EventPattern=json.dumps(pattern))
    client.put_targets(Rule=name, Targets=[{"Id": "0", "Arn": queue}])
    return queue


def events(bench: Workbench, queue: str) -> Sequence[Any]:
    found = [json.loads(message["Body"]) for message in bench.messages(queue)]
    return sorted(found, key=lambda event: event["detail"]["object"]["sequencer"])


def test_objects_are_told_to_eventbridge_in_its_own_shape(bench: Workbench) -> None:
    name = bucket(bench, versioned=True, EventBridgeConfiguration={})
    queue = listening_queue(bench, name)
    client = bench.client("s3")
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
    client.delete_object(Bucket=name, Key="copy.csv")
    bench.settle()
    created, *others = events(bench, queue)
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
        "DeleteObject",
    ]
    deleted = others[-1]
    assert deleted["detail-type"] == "Object Deleted"
    assert deleted["detail"]["deletion-type"] == "Delete Marker Created"
    assert "size" not in deleted["detail"]["object"]


def test_tags_are_told_when_they_are_put_on_an_object_that_is_there(bench: Workbench) -> None:
    name = bucket(bench, EventBridgeConfiguration={})
    queue = listening_queue(bench, name)
    client = bench.client("s3")
    client.put_object(Bucket=name, Key=KEY, Body=b"", Tagging="a=b")
    client.put_object_tagging(
        Bucket=name, Key=KEY, Tagging={"TagSet": [{"Key": "a", "Value": "c"}]}
    )
    bench.settle()
    told = [event["detail-type"] for event in events(bench, queue)]
    assert told == ["Object Created", "Object Tags Added"]


def test_a_bucket_that_does_not_tell_eventbridge_tells_nobody(bench: Workbench) -> None:
    name = bucket(bench)
    queue = listening_queue(bench, name)
    bench.client("s3").put_object(Bucket=name, Key=KEY, Body=b"")
    bench.settle()
    assert bench.messages(queue) == []


def test_a_queue_is_told_of_matching_objects_with_encoded_keys(bench: Workbench) -> None:
    queue = bench.queue(sends("s3.amazonaws.com"))
    configuration = {
        "QueueArn": queue,
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {
            "Key": {
                "FilterRules": [
                    {"Name": "prefix", "Value": "Backup Jobs/"},
                    {"Name": "suffix", "Value": ".csv"},
                ]
            }
        },
    }
    name = bucket(bench, QueueConfigurations=[configuration])
    [test] = bench.messages(queue)
    assert json.loads(test["Body"])["Event"] == "s3:TestEvent"
    for key in (KEY, "Backup Jobs/readme.txt", "other/x.csv"):
        bench.client("s3").put_object(Bucket=name, Key=key, Body=b"five!")
    bench.settle()
    [message] = bench.messages(queue)
    [record] = json.loads(message["Body"])["Records"]
    assert (record["eventSource"], record["eventName"]) == ("aws:s3", "ObjectCreated:Put")
    assert record["s3"]["bucket"]["name"] == name
    assert record["s3"]["object"]["key"] == "Backup+Jobs%2F2026%2F11%2F22%2Fa%2Bb%3Dc.csv"
    assert record["s3"]["object"]["size"] == 5


def test_a_function_is_told_when_its_policy_admits_the_bucket(bench: Workbench) -> None:
    function = bench.function(
        "def handler(event, context):\n    print('got', event['Records'][0]['eventName'])\n"
    )
    configuration = {"LambdaFunctionArn": function, "Events": ["s3:ObjectRemoved:*"]}
    name = bucket(bench, LambdaFunctionConfigurations=[configuration])
    client = bench.client("s3")
    client.put_object(Bucket=name, Key="x", Body=b"")
    client.delete_object(Bucket=name, Key="x")
    bench.settle()
    bucket_arn = f"arn:aws:s3:::{name}"
    assert [hop.outcome for hop in bench.hops(bucket_arn, function)] == ["refused"]
    bench.client("lambda").add_permission(
        FunctionName=function,
        StatementId="bucket",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn=bucket_arn,
        SourceAccount=AUDIT,
    )
    client.put_object(Bucket=name, Key="x", Body=b"")
    client.delete_object(Bucket=name, Key="x")
    bench.settle()
    lines = bench.functions.logs({"function": function})["lines"]
    assert "got ObjectRemoved:Delete" in lines


def test_a_notification_that_its_queue_does_not_admit_is_refused_when_put(
    bench: Workbench,
) -> None:
    name = bucket(bench, EventBridgeConfiguration={})
    configuration = {"QueueArn": bench.queue(), "Events": ["s3:ObjectCreated:*"]}
    client = bench.client("s3")
    with pytest.raises(ClientError, match="Unable to validate the following destination"):
        client.put_bucket_notification_configuration(
            Bucket=name, NotificationConfiguration={"QueueConfigurations": [configuration]}
        )
    kept = client.get_bucket_notification_configuration(Bucket=name)
    assert "EventBridgeConfiguration" in kept
    assert "QueueConfigurations" not in kept
