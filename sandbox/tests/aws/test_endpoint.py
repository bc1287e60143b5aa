import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

MEMBER, REGION = "333333333333", "eu-west-1"


@pytest.fixture
def bucket(aws: Any) -> str:
    name = aws.name("endpoint-")
    aws.client("s3").create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    return name


def test_a_connection_is_kept_for_the_next_request(aws: Any) -> None:
    connection = http.client.HTTPConnection(str(aws.server.url).removeprefix("http://"))
    sockets = set[int]()
    for _ in range(3):
        connection.request("POST", "/_sandbox/backup.job", "{}", {"Content-Type": "text/plain"})
        answer = connection.getresponse()
        assert json.load(answer)["error"].startswith("backup.job takes application/json")
        sockets.add(connection.sock.fileno())
    connection.close()
    assert len(sockets) == 1


def test_objects_of_every_shape_come_back_as_they_were(aws: Any, bucket: str) -> None:
    s3, large = aws.client("s3"), bytes(range(256)) * 4096
    for key, body in (("empty", b""), ("größe/ a+b%2F//c.csv", b"x"), ("large", large)):
        s3.put_object(Bucket=bucket, Key=key, Body=body, Metadata={"my_key": "one"})
        found = s3.get_object(Bucket=bucket, Key=key)
        assert found["Body"].read() == body
        assert found["Metadata"] == {"my_key": "one"}
        head = s3.head_object(Bucket=bucket, Key=key)
        assert head["ContentLength"] == len(body)
    listed = s3.list_objects_v2(Bucket=bucket)["Contents"]
    assert {entry["Key"] for entry in listed} == {"empty", "größe/ a+b%2F//c.csv", "large"}


def test_requests_are_answered_side_by_side(aws: Any, bucket: str) -> None:
    s3 = aws.client("s3")
    with ThreadPoolExecutor(4) as pool:
        keys = [f"k{index}" for index in range(20)]
        waiting = [pool.submit(s3.put_object, Bucket=bucket, Key=key, Body=b"x") for key in keys]
        assert all(answer.result() for answer in waiting)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 20


@pytest.mark.parametrize(
    ("service", "call", "arguments", "name"),
    [
        ("s3", "list_bucket_metrics_configurations", {"Bucket": "b-1"}, "s3:ListBucketMetrics"),
        ("sns", "list_sms_sandbox_phone_numbers", {}, "sns:ListSMSSandboxPhoneNumbers"),
        ("lambda", "list_code_signing_configs", {}, "lambda:ListCodeSigningConfigs"),
        ("freetier", "get_free_tier_usage", {}, "freetier:GetFreeTierUsage"),
        ("ec2", "describe_vpcs", {}, "ec2:DescribeVpcs"),
        ("stepfunctions", "list_state_machines", {}, "stepfunctions:ListStateMachines"),
    ],
)
def test_what_nobody_has_looked_after_is_refused_by_name(
    aws: Any, service: str, call: str, arguments: Any, name: str
) -> None:
    client = aws.client(service)
    code, message = aws.error(lambda: getattr(client, call)(**arguments))
    assert code == "NotImplemented"
    assert name in message
    entry = aws.server.services.journal.entries()[-1]
    assert (entry.source, entry.outcome, name in entry.target) == ("client", "refused", True)


def test_a_call_acts_in_the_region_that_it_is_signed_for(aws: Any) -> None:
    name = aws.name("regional")
    aws.client("sqs", region="us-east-1").create_queue(QueueName=name)
    assert name not in str(aws.client("sqs").list_queues().get("QueueUrls"))


def test_nobody_chooses_the_account_by_a_header(aws: Any) -> None:
    def add_header(request: Any, **_: Any) -> None:
        request.headers["x-moto-account-id"] = "111111111111"

    client = aws.session().client("sqs")
    client.meta.events.register("before-send.sqs", add_header)
    url = client.create_queue(QueueName=aws.name("mine"))["QueueUrl"]
    assert f"/{MEMBER}/" in url
