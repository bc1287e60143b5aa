"""moto's event patterns, where the sandbox relies on them: texts, prefix, nested fields and $or."""

import json
from typing import Any

import pytest
from moto.events.models import EventPattern

EC2 = {
    "version": "0",
    "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    "detail-type": "EC2 Instance State-change Notification",
    "source": "aws.ec2",
    "account": "111111111111",
    "time": "2017-12-22T18:43:48Z",
    "region": "us-west-1",
    "resources": ["arn:aws:ec2:us-west-1:111111111111:instance/i-1234567890abcdef0"],
    "detail": {"instance-id": "i-1234567890abcdef0", "state": "terminated"},
}
"""The example of EventBridge's guide."""


def matches(pattern: Any, event: Any) -> bool:
    return EventPattern.load(json.dumps(pattern)).matches_event(event)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"source": ["aws.ec2"]}, True),
        ({"source": ["aws.s3"]}, False),
        ({"source": ["aws.s3", "aws.ec2"], "detail": {"state": ["terminated", "running"]}}, True),
        ({"source": ["aws.ec2"], "detail": {"state": ["running"]}}, False),
        ({"detail": {"state": ["Terminated"]}}, False),
        ({"detail": {"missing": ["terminated"]}}, False),
        ({"detail": {"state": {"deeper": ["terminated"]}}}, False),
        ({"resources": [{"prefix": "arn:aws:ec2:"}]}, True),
        ({"resources": EC2["resources"]}, True),
        ({"detail": {"instance-id": [{"prefix": "i-"}]}}, True),
        ({"detail": {"instance-id": [{"prefix": "I-"}]}}, False),
        ({"detail": {"missing": [{"prefix": ""}]}}, False),
    ],
)
def test_every_field_of_a_pattern_must_match(pattern: Any, expected: bool) -> None:
    assert matches(pattern, EC2) is expected


@pytest.mark.parametrize("value", ["", None, 5, True, [], ["other"], {"state": "down"}])
def test_another_value_than_the_text_does_not_match(value: Any) -> None:
    assert not matches({"detail": {"state": ["down"]}}, {"detail": {"state": value}})


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"source": "x", "detail": {"name": "acme-1"}}, True),
        ({"source": "x", "detail": {"state": "down"}}, True),
        ({"source": "x", "detail": {"name": "other", "state": "up"}}, False),
        ({"source": "y", "detail": {"name": "acme-1"}}, False),
    ],
)
def test_or_holds_when_one_of_its_objects_does(event: Any, expected: bool) -> None:
    choices = [{"name": [{"prefix": "acme-"}]}, {"state": ["down"]}]
    assert matches({"source": ["x"], "detail": {"$or": choices}}, event) is expected
