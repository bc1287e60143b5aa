from collections.abc import Sequence
from typing import Any

import pytest

from aws_sandbox.iam import PolicyError
from aws_sandbox.iam.conditions import parse_conditions


def holds(condition: dict[str, Any], **keys: str | Sequence[str]) -> bool:
    context = {name.replace("__", ":").lower(): value for name, value in keys.items()}
    return all(
        entry.holds(context, variables=True) for entry in parse_conditions("here", condition)
    )


@pytest.mark.parametrize(
    ("operator", "wanted", "found", "expected"),
    [
        ("StringEquals", "a*", "a*", True),
        ("StringEquals", "a*", "ab", False),
        ("StringEquals", ["a", "b"], "b", True),
        ("StringEqualsIgnoreCase", "ABC", "abc", True),
        ("StringLike", "a*", "abc", True),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringNotEquals", ["a", "b"], "c", True),
        ("StringNotLike", "a*", "abc", False),
        ("NumericLessThan", "10", "9.5", True),
        ("NumericLessThanEquals", 10, "10", True),
        ("NumericGreaterThan", "10", "10", False),
        ("NumericEquals", "10", "ten", False),
        ("NumericNotEquals", "10", "11", True),
        ("DateGreaterThan", "2026-01-01T00:00:00Z", "2026-11-22T00:00:00+00:00", True),
        ("DateLessThan", "1767225600", "2025-01-01T00:00:00Z", True),
        ("DateEquals", "2026-01-01T00:00:00Z", "1767225600", True),
        ("Bool", "true", "true", True),
        ("Bool", False, "true", False),
        ("BinaryEquals", "QQ==", "QQ==", True),
        ("IpAddress", "10.0.0.0/8", "10.1.2.3", True),
        ("NotIpAddress", "10.0.0.0/8", "10.1.2.3", False),
        ("IpAddress", "2001:db8::/32", "2001:db8::1", True),
        ("IpAddress", "10.0.0.0/8", "2001:db8::1", False),
        ("ArnLike", "arn:aws:sns:*:*:t*", "arn:aws:sns:eu-west-1:222222222222:topic", True),
        ("ArnEquals", "arn:aws:sns:*:*:t*", "arn:aws:sns:eu-west-1:222222222222:topic", True),
        ("ArnNotLike", "arn:aws:sns:*:*:t*", "arn:aws:sns:eu-west-1:222222222222:topic", False),
        ("StringEquals", "${aws:other}", "value", True),
    ],
)
def test_each_operator_on_a_key_with_one_value(
    operator: str, wanted: Any, found: str, expected: bool
) -> None:
    assert holds({operator: {"aws:Key": wanted}}, aws__key=found, aws__other="value") is expected


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("StringEquals", False),
        ("StringNotEquals", True),
        ("ArnNotLike", True),
        ("NotIpAddress", True),
        ("StringEqualsIfExists", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringNotEquals", False),
        ("ForAllValues:StringEquals", True),
    ],
)
def test_a_key_that_the_request_does_not_have(operator: str, expected: bool) -> None:
    value = "10.0.0.0/8" if "Ip" in operator else "x"
    assert holds({operator: {"aws:Absent": value}}) is expected


def test_null_looks_only_whether_the_key_is_there() -> None:
    assert holds({"Null": {"aws:Key": "true"}})
    assert not holds({"Null": {"aws:Key": "true"}}, aws__key="x")
    assert holds({"Null": {"aws:Key": "false"}}, aws__key="x")
    assert not holds({"Null": {"aws:Key": "false"}}, aws__key=[])


@pytest.mark.parametrize(
    ("operator", "found", "expected"),
    [
        ("ForAnyValue:StringEquals", ["a", "x"], True),
        ("ForAnyValue:StringEquals", ["x", "y"], False),
        ("ForAllValues:StringEquals", ["a", "b"], True),
        ("ForAllValues:StringEquals", ["a", "x"], False),
        ("ForAnyValue:StringNotEquals", ["a", "x"], True),
        ("ForAllValues:StringNotEquals", ["x", "y"], True),
        ("ForAllValues:StringNotEquals", ["a", "y"], False),
    ],
)
def test_a_key_with_several_values(operator: str, found: list[str], expected: bool) -> None:
    assert holds({operator: {"aws:Keys": ["a", "b"]}}, aws__keys=found) is expected


def test_several_values_without_a_set_operator_are_refused() -> None:
    with pytest.raises(PolicyError, match="ForAnyValue"):
        holds({"StringEquals": {"aws:Keys": "a"}}, aws__keys=["a", "b"])


def test_every_condition_must_hold_and_keys_have_no_case() -> None:
    condition = {"StringEquals": {"AWS:One": "1", "aws:two": "2"}, "Bool": {"aws:Three": "true"}}
    assert holds(condition, aws__one="1", aws__two="2", aws__three="true")
    assert not holds(condition, aws__one="1", aws__two="2", aws__three="false")


@pytest.mark.parametrize(
    "condition",
    [
        {"StringMatches": {"aws:Key": "x"}},
        {"NullIfExists": {"aws:Key": "true"}},
        {"ForSomeValues:StringEquals": {"aws:Key": "x"}},
        {"NumericEquals": {"aws:Key": "ten"}},
        {"DateEquals": {"aws:Key": "tomorrow"}},
        {"IpAddress": {"aws:Key": "10.0.0.0/40"}},
        {"Bool": {"aws:Key": "yes"}},
        {"StringEquals": {"aws:Key": []}},
        {"StringEquals": {"aws:Key": {"a": "b"}}},
        {"StringEquals": "x"},
        ["StringEquals"],
    ],
)
def test_a_condition_that_is_not_known_is_refused(condition: Any) -> None:
    with pytest.raises(PolicyError, match="here"):
        parse_conditions("here", condition)
