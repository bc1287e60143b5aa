"""Whether the key of a source is judged as AWS KMS would judge a copy to another account."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from fleet.doctor.findings import Answer, State
from fleet.doctor.source_keys import judged

OWN, OTHER = "333333333333", "222222222222"
KEY = {"Arn": f"arn:aws:kms:eu-central-1:{OWN}:key/one", "KeyState": "Enabled"}
USING = [
    *("kms:DescribeKey", "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*"),
    "kms:CreateGrant",
]


def statement(principal: str, **other: Any) -> Mapping[str, Any]:
    given = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": USING, "Resource": "*"}
    return {**given, **other}


def answer(*statements: Mapping[str, Any], **key: str) -> Answer | str:
    own = statement(f"arn:aws:iam::{OWN}:root", Action="kms:*")
    return judged({**KEY, **key}, json.dumps({"Statement": [own, *statements]}), {OTHER})


@pytest.mark.parametrize(
    "statement_",
    [
        statement(f"arn:aws:iam::{OTHER}:root"),
        statement(OTHER, Action="kms:*"),
        statement(f"arn:aws:iam::{OTHER}:role/aws-service-role/backup.amazonaws.com/theirs"),
        statement("*", Principal="*", Condition={"StringEquals": {"kms:CallerAccount": OTHER}}),
    ],
)
def test_a_key_that_lets_the_other_account_use_it_is_well(statement_: Mapping[str, Any]) -> None:
    assert answer(statement_) == f"lets {OTHER} copy"


@pytest.mark.parametrize(
    "statements",
    [
        (),
        (statement(f"arn:aws:iam::{OTHER}:root", Effect="Deny"),),
        (statement(f"arn:aws:iam::{OTHER}:root", Action=USING[:-1]),),
        (statement("*", Condition={"StringEquals": {"kms:CallerAccount": [OWN]}}),),
    ],
)
def test_one_that_does_not_is_told_what_to_add(statements: tuple[Mapping[str, Any], ...]) -> None:
    found = answer(*statements)
    assert isinstance(found, Answer)
    assert (found.state, OTHER in found.found) == (State.CURE, True)
    added = json.loads(found.cure.partition(": ")[2])
    assert answer(*statements, added) == f"lets {OTHER} copy"


@pytest.mark.parametrize("state", ["Disabled", "PendingDeletion"])
def test_one_that_nobody_can_use_is_told(state: str) -> None:
    found = answer(statement(OTHER), KeyState=state)
    assert isinstance(found, Answer)
    assert (found.state, found.found.startswith(f"is {state}")) == (State.CURE, True)
