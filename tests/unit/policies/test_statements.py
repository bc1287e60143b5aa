"""Whom a policy lets in: everybody, unless a condition says who."""

from __future__ import annotations

import json
from typing import Any

import pytest

from policies.statements import open_statements

ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-example"}}


def sids(**statement: Any) -> list[str]:
    return open_statements(json.dumps({"Statement": {"Effect": "Allow", "Sid": "It", **statement}}))


def test_a_single_statement_need_not_be_in_a_list() -> None:
    assert sids(Principal="*") == ["It"]
    assert sids(Principal={"AWS": "arn:aws:iam::111111111111:root"}) == []


def test_a_statement_without_a_sid_is_named_by_its_position() -> None:
    allow = {"Effect": "Allow", "Principal": "*"}
    document = {"Statement": [{**allow, "Effect": "Deny"}, allow]}
    assert open_statements(json.dumps(document)) == ["1"]


def test_no_policy_lets_nobody_in() -> None:
    assert open_statements(None) == []


@pytest.mark.parametrize(
    "who",
    [
        {"Principal": "*"},
        {"Principal": {"AWS": "*"}},
        {"Principal": {"AWS": ["arn:aws:iam::111111111111:root", "*"]}},
        {"NotPrincipal": {"AWS": "arn:aws:iam::111111111111:root"}},
    ],
)
def test_everybody_is_told_however_it_is_written(who: dict[str, Any]) -> None:
    assert sids(**who) == ["It"]
    assert sids(**who, Condition=ORGANIZATION) == []


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:PrincipalOrgID": "o-example"}},
        {"StringEquals": {"AWS:principalorgid": ["o-example", "o-other"]}},
        {"StringLike": {"aws:PrincipalAccount": "111111111111"}},
        {"StringEqualsIgnoreCase": {"aws:SourceAccount": "111111111111"}},
        {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111111111111:role/*"}},
        {"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::acme-*"}},
        {"ArnLike": {"aws:SourceArn": "arn:aws:backup:*:111111111111:*"}},
        {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-example/r-exam/*"}},
        {"StringEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}},
        {"Bool": {"aws:SecureTransport": "true"}, **ORGANIZATION},
    ],
)
def test_a_condition_that_says_who_closes(condition: dict[str, Any]) -> None:
    assert sids(Principal="*", Condition=condition) == []


@pytest.mark.parametrize(
    "condition",
    [
        {},
        {"Bool": {"aws:SecureTransport": "true"}},
        {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}},
        {"StringNotEquals": {"aws:PrincipalOrgID": "o-example"}},
        {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-example"}},
        {"ForAllValues:StringLike": {"aws:PrincipalOrgPaths": "o-example/r-exam/*"}},
        {"Null": {"aws:PrincipalOrgID": "false"}},
        {"StringLike": {"aws:PrincipalOrgID": "*"}},
        {"StringLike": {"aws:PrincipalOrgID": "o-*"}},
        {"StringLike": {"aws:PrincipalAccount": ["111111111111", "*"]}},
        {"ArnLike": {"aws:PrincipalArn": "*"}},
        {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/reader"}},
        {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}},
        {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "*/r-exam/*"}},
    ],
)
def test_a_condition_that_anybody_may_fulfil_does_not(condition: dict[str, Any]) -> None:
    assert sids(Principal="*", Condition=condition) == ["It"]
