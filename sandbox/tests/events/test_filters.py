"""Filter policies of subscriptions and filter criteria of event-source mappings."""

import json
from typing import Any

import pytest

from aws_sandbox.events.filters import mapping_wants, subscription_wants
from aws_sandbox.events.pattern import PatternError

ATTRIBUTES = {
    "event": {"Type": "String", "Value": "order_placed"},
    "price": {"Type": "Number", "Value": "210.75"},
    "tags": {"Type": "String.Array", "Value": '["a", "b", 3]'},
    "image": {"Type": "Binary", "Value": "AAECAw=="},
}


def patterns(*entries: Any) -> Any:
    """Filter criteria of these patterns."""
    return {"Filters": [{"Pattern": json.dumps(entry)} for entry in entries]}


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({"event": ["order_placed", "order_cancelled"]}, True),
        ({"event": [{"anything-but": "order_placed"}]}, False),
        ({"event": [{"prefix": "order_"}], "price": [{"numeric": [">=", 100]}]}, True),
        ({"price": [210.75]}, True),
        ({"price": [{"numeric": ["<", 100]}]}, False),
        ({"tags": ["b"]}, True),
        ({"tags": [3]}, True),
        ({"image": [{"exists": True}]}, False),
        ({"missing": [{"exists": False}]}, True),
        ({"$or": [{"event": ["other"]}, {"tags": ["a"]}]}, True),
    ],
)
def test_a_policy_on_attributes_reads_them_by_their_type(policy: Any, expected: bool) -> None:
    wanted = subscription_wants(json.dumps(policy), "MessageAttributes", "text", ATTRIBUTES)
    assert wanted is expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ('{"store": {"name": "one"}}', True),
        ('{"store": {"name": "two"}}', False),
        ("no JSON", False),
        ("[1]", False),
    ],
)
def test_a_policy_on_the_body_looks_into_it(message: str, expected: bool) -> None:
    policy = json.dumps({"store": {"name": ["one"]}})
    assert subscription_wants(policy, "MessageBody", message, ATTRIBUTES) is expected


@pytest.mark.parametrize(
    ("criteria", "body", "expected"),
    [
        (None, "anything", True),
        ({"Filters": []}, "anything", True),
        (patterns({"body": {"state": ["FAILED"]}}), '{"state": "FAILED"}', True),
        (patterns({"body": {"state": ["FAILED"]}}), '{"state": "COMPLETED"}', False),
        (patterns({"body": {"state": ["FAILED"]}}), "FAILED", False),
        (patterns({"body": [{"prefix": "FAIL"}]}), "FAILED", True),
        (patterns({"body": ["one"]}, {"messageId": ["m-1"]}), "two", True),
    ],
)
def test_any_one_filter_of_a_mapping_lets_a_record_through(
    criteria: Any, body: str, expected: bool
) -> None:
    assert mapping_wants(criteria, {"messageId": "m-1", "body": body}) is expected


def test_a_filter_that_nobody_knows_is_refused() -> None:
    with pytest.raises(PatternError, match="unknown operator 'like'"):
        subscription_wants('{"a": [{"like": "x"}]}', "MessageBody", "{}", {})
