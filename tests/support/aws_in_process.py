"""An AWS in this process for the functions' edges: what they call is counted."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

import boto3
import pytest
from moto import mock_aws

REGION = "eu-central-1"
DAY = "Backup/crossaccount/crossregion/2026/11/21/"


_CALLS: Counter[str] = Counter()
"""By operation, what the running test has called."""


@cache
def _client(service: str) -> Any:
    """One for all tests, since each costs more than most tests do; moto answers it all the same."""
    session = cast(Any, boto3.Session("testing", "testing", region_name=REGION))
    client = session.client(service)
    client.meta.events.register("before-call", _count)
    return client


def _count(model: Any, **_: Any) -> None:
    _CALLS[model.name] += 1


@dataclass
class Aws:
    """Buckets, a database and queues, with what was called of each API."""

    calls: Counter[str] = field(default_factory=lambda: _CALLS)

    def __post_init__(self) -> None:
        self.calls.clear()
        self.s3, self.glue, self.sqs = _client("s3"), _client("glue"), _client("sqs")
        for bucket in ("reports", "lake"):
            self.s3.create_bucket(
                Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
            )
        self.glue.create_database(DatabaseInput={"Name": "reports"})
        self.queue = self.sqs.create_queue(QueueName="work")["QueueUrl"]
        self.dead_letters = self.sqs.create_queue(QueueName="dead")["QueueUrl"]

    def table(self, name: str, columns: Sequence[str]) -> None:
        self.glue.create_table(
            DatabaseName="reports",
            TableInput={
                "Name": name,
                "StorageDescriptor": {"Columns": [{"Name": c, "Type": "string"} for c in columns]},
                "PartitionKeys": [
                    {"Name": key, "Type": "string"}
                    for key in ("report_plan", "year", "month", "day")
                ],
            },
        )

    def deliver(self, key: str, content: str, *, told_as: str = "") -> str:
        """Puts an object, and returns the event's message about it."""
        self.s3.put_object(Bucket="reports", Key=key, Body=content.encode())
        return json.dumps(
            {
                "detail-type": "Object Created",
                "detail": {
                    "bucket": {"name": "reports"},
                    "object": {"key": told_as or key, "size": len(content)},
                },
            }
        )

    def partitions(self, table: str) -> list[tuple[list[str], str]]:
        """Values and location of each partition."""
        found = self.glue.get_partitions(DatabaseName="reports", TableName=table)["Partitions"]
        return sorted((p["Values"], p["StorageDescriptor"]["Location"]) for p in found)

    def rest(self) -> list[dict[str, str]]:
        """What lies in the dead-letter queue: the attributes of each message, and its Body."""
        found = self.sqs.receive_message(
            QueueUrl=self.dead_letters, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        return [
            {
                "Body": message["Body"],
                **{k: v["StringValue"] for k, v in message["MessageAttributes"].items()},
            }
            for message in found.get("Messages", [])
        ]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        yield Aws()
