"""Event patterns: the examples of AWS's documentation, and what holds for all patterns."""

import json
import string
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_sandbox.events.pattern import EventPattern, PatternError

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


def matches(pattern: Any, event: dict[str, Any]) -> bool:
    return EventPattern.parse(pattern).matches(event)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"source": ["aws.ec2"]}, True),
        ({"source": ["aws.s3"]}, False),
        ({"source": ["aws.s3", "aws.ec2"], "detail": {"state": ["terminated", "running"]}}, True),
        ({"source": ["aws.ec2"], "detail": {"state": ["running"]}}, False),
        ({"detail": {"state": ["Terminated"]}}, False),
        ({"resources": [{"suffix": "instance/i-1234567890abcdef0"}]}, True),
        ({"detail": {"missing": ["terminated"]}}, False),
        ({"detail": {"state": {"deeper": ["terminated"]}}}, False),
    ],
)
def test_every_field_of_a_pattern_must_match(pattern: Any, expected: bool) -> None:
    assert matches(pattern, EC2) is expected


@pytest.mark.parametrize(
    ("choice", "value", "expected"),
    [
        # exact, null, empty string, booleans, numbers by how they are written
        ("alice", "alice", True),
        ("alice", "Alice", False),
        ("", "", True),
        ("", None, False),
        (None, None, True),
        (None, "null", False),
        (True, True, True),
        (True, 1, False),
        (1, True, False),
        (300, 300, True),
        (300, 300.0, False),
        (300, "300", False),
        # prefix, suffix, and either without regard to case
        ({"prefix": "us-"}, "us-east-1", True),
        ({"prefix": "us-"}, "eu-west-1", False),
        ({"prefix": "us-"}, 5, False),
        ({"prefix": {"equals-ignore-case": "EventB"}}, "eventbridge", True),
        ({"suffix": ".png"}, "image.png", True),
        ({"suffix": ".png"}, "image.PNG", False),
        ({"suffix": {"equals-ignore-case": ".png"}}, "image.PNG", True),
        ({"equals-ignore-case": "alice"}, "ALICE", True),
        ({"equals-ignore-case": "alice"}, "alicia", False),
        # anything-but in all its forms
        ({"anything-but": "initializing"}, "running", True),
        ({"anything-but": "initializing"}, "initializing", False),
        ({"anything-but": "initializing"}, None, True),
        ({"anything-but": ["stopped", "overloaded"]}, "overloaded", False),
        ({"anything-but": ["stopped", "overloaded"]}, "running", True),
        ({"anything-but": 100}, 100, False),
        ({"anything-but": [100, 200]}, 300, True),
        ({"anything-but": [100, 200]}, 200.0, False),
        ({"anything-but": {"prefix": "init"}}, "initializing", False),
        ({"anything-but": {"prefix": ["init", "error"]}}, "errors", False),
        ({"anything-but": {"prefix": "init"}}, "running", True),
        ({"anything-but": {"suffix": ".txt"}}, "note.txt", False),
        ({"anything-but": {"suffix": [".txt", ".rtf"]}}, "note.md", True),
        ({"anything-but": {"equals-ignore-case": "Stopped"}}, "STOPPED", False),
        ({"anything-but": {"equals-ignore-case": ["a", "b"]}}, "C", True),
        ({"anything-but": {"wildcard": "*/lib/*"}}, "usr/lib/x", False),
        ({"anything-but": {"wildcard": ["*/lib/*", "*/bin/*"]}}, "usr/share/x", True),
        # numeric
        ({"numeric": ["=", 301.5]}, 301.5, True),
        ({"numeric": ["=", 300]}, 3.0e2, True),
        ({"numeric": [">", 0, "<=", 5]}, 0, False),
        ({"numeric": [">", 0, "<=", 5]}, 5, True),
        ({"numeric": ["<", 10]}, -10, True),
        ({"numeric": ["<", 10]}, "9", False),
        ({"numeric": [">=", 0]}, True, False),
        # cidr
        ({"cidr": "10.0.0.0/24"}, "10.0.0.255", True),
        ({"cidr": "10.0.0.0/24"}, "10.0.1.0", False),
        ({"cidr": "10.0.0.0/24"}, "no address", False),
        ({"cidr": "2001:db8::/32"}, "2001:db8::1", True),
        # wildcard
        ({"wildcard": "dir/*.png"}, "dir/a/b.png", True),
        ({"wildcard": "dir/*.png"}, "dir/a.jpg", False),
        ({"wildcard": "a*b*c"}, "abc", True),
        ({"wildcard": r"a\*b"}, "a*b", True),
        ({"wildcard": r"a\*b"}, "axb", False),
        ({"wildcard": r"a\\*"}, r"a\tail", True),
        ({"wildcard": "*"}, "with\nline break", True),
        # exists
        ({"exists": True}, "x", True),
        ({"exists": True}, None, True),
        ({"exists": False}, "x", False),
        ({"exists": True}, {"inner": 1}, False),
        ({"exists": False}, {"inner": 1}, True),
        ({"exists": True}, [], False),
    ],
)
def test_a_leaf_matches_as_documented(choice: Any, value: Any, expected: bool) -> None:
    assert matches({"detail": {"field": [choice]}}, {"detail": {"field": value}}) is expected


def test_an_absent_field_matches_exists_false_alone() -> None:
    assert matches({"detail": {"a": {"b": [{"exists": False}]}}}, {"detail": {}})
    assert not matches({"detail": {"a": [{"anything-but": "x"}]}}, {"detail": {}})
    assert matches({"detail": {"a": ["x", {"exists": False}]}}, {"detail": {}})


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"names": ["b"]}, True),
        ({"names": ["d"]}, True),
        ({"names": ["e"]}, False),
        ({"people": {"first": ["Anna"], "last": ["Smith"]}}, True),
        ({"people": {"first": ["Anna"], "last": ["Jones"]}}, False),
        ({"people": {"tags": {"key": ["deep"]}}}, True),
    ],
)
def test_arrays_match_by_any_element_and_objects_within_one(pattern: Any, expected: bool) -> None:
    event = {
        "names": ["a", "b", ["c", "d"]],
        "people": [
            [{"first": "Anna", "last": "Smith"}],
            {"first": "Peter", "last": "Jones", "tags": [{"key": "deep"}]},
        ],
    }
    assert matches(pattern, event) is expected


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"source": "x", "detail": {"count": 5}}, True),
        ({"source": "x", "detail": {"state": "down"}}, True),
        ({"source": "x", "detail": {"count": 1, "state": "up"}}, False),
        ({"source": "y", "detail": {"count": 5}}, False),
    ],
)
def test_or_holds_when_one_of_its_objects_does(event: dict[str, Any], expected: bool) -> None:
    choices = [{"count": [{"numeric": [">", 3]}]}, {"state": ["down"]}]
    assert matches({"source": ["x"], "detail": {"$or": choices}}, event) is expected


MALFORMED: list[tuple[Any, str]] = [
    ("{", "not JSON"),
    ("[]", "a pattern is an object"),
    ("{}", "the pattern: empty objects"),
    ({"detail": {}}, "detail: empty objects"),
    ({"detail": {"state": []}}, "detail.state: empty arrays"),
    ({"detail": {"state": "running"}}, "detail.state: must be an object or an array"),
    ({"detail": {"state": [["running"]]}}, "detail.state[0]: is a string, number"),
    ({"detail": {"state": ["a", {"regex": "x"}]}}, "detail.state[1]: unknown operator 'regex'"),
    ({"a": [{"prefix": "x", "suffix": "y"}]}, "a[0]: one operator an object"),
    ({"a": [{"prefix": 5}]}, "a[0].prefix: takes a string"),
    ({"a": [{"prefix": {"suffix": "x"}}]}, "a[0].prefix: knows equals-ignore-case only"),
    ({"a": [{"exists": "yes"}]}, "a[0].exists: takes true or false"),
    ({"a": [{"anything-but": []}]}, "a[0].anything-but: empty arrays"),
    ({"a": [{"anything-but": ["x", 1]}]}, "a[0].anything-but: takes strings only or numbers"),
    ({"a": [{"anything-but": None}]}, "a[0].anything-but: takes strings only or numbers"),
    ({"a": [{"anything-but": {"cidr": "x"}}]}, "a[0].anything-but: knows no operator 'cidr'"),
    ({"a": [{"numeric": [">"]}]}, "a[0].numeric: an operator without its number"),
    ({"a": [{"numeric": ["<", 1, ">", 0]}]}, 'a[0].numeric: is like ["=", 5]'),
    ({"a": [{"numeric": [">", 5, "<", 5]}]}, "a[0].numeric: the lower bound"),
    ({"a": [{"numeric": ["=", "5"]}]}, "a[0].numeric: takes a number"),
    ({"a": [{"numeric": ["=", 6e9]}]}, "a[0].numeric: 6000000000.0 is beyond"),
    ({"a": [{"cidr": "10.0.0.0"}]}, "a[0].cidr: takes an address block"),
    ({"a": [{"cidr": "10.0.0.0/40"}]}, "a[0].cidr: '10.0.0.0/40'"),
    ({"a": [{"wildcard": "x**y"}]}, "a[0].wildcard: consecutive wildcards"),
    ({"a": [{"wildcard": "x\\y"}]}, "a[0].wildcard: invalid escape"),
    ({"$or": [{"a": ["x"]}]}, "$or: takes an array of two or more objects"),
    ({"$or": [{"a": ["x"]}, {"prefix": ["x"]}]}, "$or[1].prefix: an operator is no field"),
    ({"$or": [{"a": ["x"]}, {"a": [{"nope": 1}]}]}, "$or[1].a[0]: unknown operator 'nope'"),
    ('{"a": ["x"], "a": ["y"]}', "a is there more than once"),
]


@pytest.mark.parametrize(("pattern", "place"), MALFORMED)
def test_a_malformed_pattern_is_refused_with_its_place(pattern: Any, place: str) -> None:
    with pytest.raises(PatternError) as refused:
        EventPattern.parse(pattern)
    assert place in str(refused.value)


scalars = st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(string.printable)
objects = st.recursive(
    st.dictionaries(st.text(string.ascii_letters, min_size=1), scalars, min_size=1, max_size=3),
    lambda inner: st.dictionaries(
        st.text(string.ascii_letters, min_size=1), inner, min_size=1, max_size=3
    ),
    max_leaves=6,
)


def exact(event: Any) -> Any:
    """The pattern that asks for every value of an event."""
    if isinstance(event, dict):
        return {name: exact(value) for name, value in cast("dict[str, Any]", event).items()}
    return [event]


@given(objects)
def test_the_pattern_of_all_its_values_matches_an_event(event: dict[str, Any]) -> None:
    assert matches(exact(event), event)
    assert matches(json.dumps(exact(event)), event)


@given(st.text(string.ascii_letters + "*\\"), st.text(string.ascii_letters + "*\\"))
def test_an_escaped_text_as_wildcard_matches_itself_alone(text: str, other: str) -> None:
    escaped = text.replace("\\", "\\\\").replace("*", "\\*")
    pattern = EventPattern.parse({"field": [{"wildcard": escaped}]})
    assert pattern.matches({"field": other}) is (other == text)


@given(st.sampled_from(["prefix", "suffix", "equals-ignore-case"]), st.text(), scalars)
def test_anything_but_is_the_opposite_of_its_operator(name: str, text: str, value: Any) -> None:
    plain = EventPattern.parse({"field": [{name: text}]})
    negated = EventPattern.parse({"field": [{"anything-but": {name: text}}]})
    event = {"field": value}
    assert plain.matches(event) is not negated.matches(event)


@given(st.integers(-100, 100), st.integers(-100, 100), st.integers(-100, 100))
def test_a_numeric_range_holds_what_lies_within(low: int, high: int, value: int) -> None:
    if low >= high:
        with pytest.raises(PatternError):
            EventPattern.parse({"field": [{"numeric": [">=", low, "<", high]}]})
        return
    pattern = EventPattern.parse({"field": [{"numeric": [">=", low, "<", high]}]})
    assert pattern.matches({"field": value}) is (low <= value < high)
