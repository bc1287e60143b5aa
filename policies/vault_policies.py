"""What the access policies of a backup vault deny, and whom they let copy into the vault."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from policies.resources import NotYet
from policies.statements import Condition, Ours, Statement, has_unknown, statements, strangers

_COPY_IN = "backup:CopyIntoBackupVault"
_WHO_COPIES = {
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
}
_EXCEPTS = {"arnnotlike", "arnnotequals", "stringnotlike", "stringnotequals"}
_PRINCIPAL = re.compile(
    r"arn:aws[a-z-]*:(iam|sts)::\d{12}:(root|(role|user|assumed-role)/.*[A-Za-z0-9].*)"
)
_UNIQUE_ID = re.compile(r"A(RO|ID)A[A-Z0-9]{12,}(:.*)?")


def undenied(policies: Iterable[Any], actions: Sequence[str]) -> list[str]:
    """Those of the actions that no statement denies to all, but for principals that it names.
    Raises NotYet where one that is not known yet may."""
    documents = [*policies]
    denials = [
        statement
        for document in documents
        for statement in statements(document)
        if statement.denies and _is_for_all_but_named(statement)
    ]
    found = [action for action in actions if not any(one.covers(action) for one in denials)]
    if found and any(map(has_unknown, documents)):
        raise NotYet
    return found


def lets_copy_in(policy: Any) -> list[Statement]:
    """The statements that let anybody copy into the vault."""
    return [one for one in statements(policy) if one.allows and one.covers(_COPY_IN)]


def strangers_who_copy_in(statement: Statement, ours: Ours) -> list[str]:
    """Whom it lets copy into the vault that is not of the organization, nor ours."""
    named = any(one.says_who and one.key in _WHO_COPIES for one in statement.conditions)
    if statement.is_for_everybody and not named:
        return ["anybody"]
    return strangers(statement, ours)


def _is_for_all_but_named(statement: Statement) -> bool:
    return (
        statement.is_for_everybody
        and not statement.all_principals_but
        and "*" in statement.resources
        and not statement.all_resources_but
        and all(map(_excepts_named, statement.conditions))
    )


def _excepts_named(condition: Condition) -> bool:
    """Whether a condition takes away no more than principals that it names: a pattern of all of an
    account's roles, or of all accounts, would leave nobody whom the statement denies."""
    shape = {"aws:principalarn": _PRINCIPAL, "aws:userid": _UNIQUE_ID}.get(condition.key)
    return (
        shape is not None
        and condition.operator.removesuffix("ifexists") in _EXCEPTS
        and all(shape.fullmatch(value) for value in condition.values)
    )
