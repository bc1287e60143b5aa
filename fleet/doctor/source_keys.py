"""Whether the key of a source lets another account copy its recovery points, which lie under it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, cast

from fleet.doctor.findings import Answer, ill

_NEEDED = (
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:Decrypt",
    "kms:ReEncryptFrom",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:CreateGrant",
)
"""https://docs.aws.amazon.com/aws-backup/latest/devguide/create-cross-account-backup.html"""
_ACCOUNT_KEYS = ("kms:CallerAccount", "aws:PrincipalAccount", "aws:SourceAccount")


def judged(key: Mapping[str, Any], policy: str, accounts: Collection[str]) -> Answer | str:
    """`key` as DescribeKey tells of it. Conditions other than those of accounts are not judged, nor
    is a Deny."""
    if key["KeyState"] != "Enabled":
        return ill(f"is {key['KeyState']}: nothing under it can be copied or restored", "enable it")
    statements = _many(json.loads(policy).get("Statement"))
    shut = [account for account in sorted(accounts) if not _lets(statements, account)]
    if not shut:
        return f"lets {', '.join(sorted(accounts))} copy"
    partition = key["Arn"].split(":")[1]
    wanted = {
        "Effect": "Allow",
        "Principal": {"AWS": [f"arn:{partition}:iam::{account}:root" for account in shut]},
        "Action": [
            *("kms:DescribeKey", "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*"),
            *("kms:GenerateDataKey*", "kms:CreateGrant"),
        ],
        "Resource": "*",
    }
    return ill(
        f"does not let {', '.join(shut)} use it, so that copies to there fail",
        f"add to its policy: {json.dumps(wanted)}",
    )


def _lets(statements: Sequence[Mapping[str, Any]], account: str) -> bool:
    allowing = [each for each in statements if _allows(each, account)]
    actions = [str(action) for each in allowing for action in _many(each.get("Action"))]
    return all(any(fnmatchcase(need, action) for action in actions) for need in _NEEDED)


def _allows(statement: Mapping[str, Any], account: str) -> bool:
    principal: Any = statement.get("Principal")
    if isinstance(principal, Mapping):
        principal = cast("Mapping[str, Any]", principal).get("AWS")
    named = _many(principal)
    return (
        statement.get("Effect") == "Allow"
        and any(each in ("*", account) or f"::{account}:" in str(each) for each in named)
        and all(account in values for values in _accounts_of(statement.get("Condition") or {}))
    )


def _accounts_of(condition: Mapping[str, Mapping[str, Any]]) -> list[Sequence[Any]]:
    pairs = [pair for keys in condition.values() for pair in keys.items()]
    return [_many(value) for key, value in pairs if key in _ACCOUNT_KEYS]


def _many(value: Any) -> list[Any]:
    """A member that may stand alone where a policy has one of it."""
    if value is None:
        return []
    return cast("list[Any]", value) if isinstance(value, list) else [value]
