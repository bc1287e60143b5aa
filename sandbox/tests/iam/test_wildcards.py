import fnmatch
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aws_sandbox.iam.conditions import arn_matches, matches

TEXT = st.text(alphabet="ab:/*?.[]()\\", max_size=8)

quick = settings(max_examples=60, deadline=None)


@quick
@given(TEXT, TEXT)
def test_a_pattern_means_what_a_shell_means_by_star_and_question_mark(
    pattern: str, value: str
) -> None:
    shell = re.sub(r"([\[\]])", r"[\1]", pattern)
    assert matches(pattern, value) == fnmatch.fnmatchcase(value, shell)


@quick
@given(TEXT)
def test_a_text_without_wildcards_matches_itself_alone(text: str) -> None:
    assert matches(text, text, wildcards=False)
    assert not matches(text, text + "x", wildcards=False)


@quick
@given(TEXT, TEXT)
def test_a_variables_value_stands_for_itself(value: str, other: str) -> None:
    keys = {"aws:username": value}
    assert matches("home/${aws:username}/", f"home/{value}/", keys=keys)
    assert matches("${aws:username}", other, keys=keys) == (value == other)


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("${*}", "*", True),
        ("${*}", "anything", False),
        ("${?}${$}", "?$", True),
        ("${aws:PrincipalTag/team, 'none'}", "none", True),
        ("${aws:PrincipalTag/team}", "", False),
    ],
)
def test_special_variables_and_defaults(pattern: str, value: str, expected: bool) -> None:
    assert matches(pattern, value, keys={}) is expected


@pytest.mark.parametrize(
    ("pattern", "arn", "expected"),
    [
        ("*", "arn:aws:s3:::bucket/key", True),
        ("arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/a/b", True),
        ("arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket", False),
        ("arn:aws:s3:::*", "arn:aws:s3:::bucket:with:colons", True),
        ("arn:aws:sqs", "arn:aws:sqs:eu-west-1:222222222222:q", True),
        ("arn:aws:*:q", "arn:aws:sqs:eu-west-1:222222222222:q", False),
        ("arn:aws:sqs:eu-*:2*:q?", "arn:aws:sqs:eu-west-1:222222222222:q1", True),
        ("arn:aws:sqs:*:q", "arn:aws:sqs:eu-west-1:222222222222:q", False),
        ("arn:aws:logs:*:*:log-group:/x:*", "arn:aws:logs:r:2:log-group:/x:log-stream:y", True),
    ],
)
def test_an_arns_wildcards_stay_within_their_segment(
    pattern: str, arn: str, expected: bool
) -> None:
    assert arn_matches(pattern, arn) is expected


def test_a_variable_with_a_colon_does_not_divide_an_arn() -> None:
    keys = {"aws:principalaccount": "222222222222"}
    pattern = "arn:aws:sqs:*:${aws:PrincipalAccount}:q"
    assert arn_matches(pattern, "arn:aws:sqs:eu-west-1:222222222222:q", keys=keys)
    assert not arn_matches(pattern, "arn:aws:sqs:eu-west-1:333333333333:q", keys=keys)
