"""What the access policy of a backup vault denies, and whom it lets copy into the vault."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, cast

Statement = Mapping[str, Any]
"""Of a policy, as its JSON has it."""
COPY_IN = "backup:CopyIntoBackupVault"

_EXCEPTS = {"arnnotlike", "arnnotequals", "stringnotlike", "stringnotequals"}
_DEMANDS = {"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"}
_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}")
_PRINCIPAL = re.compile(
    r"arn:aws[a-z-]*:(iam|sts)::\d{12}:(root|(role|user|assumed-role)/.*[A-Za-z0-9].*)"
)


def undenied(policies: Iterable[str | None], actions: Sequence[str]) -> list[str]:
    """Those of the actions that no statement denies to all, but for principals named by ARN."""
    denials = [
        statement
        for policy in policies
        for statement in statements(policy)
        if statement.get("Effect") == "Deny" and _is_for_all_but_named(statement)
    ]
    return [
        action for action in actions if not any(_speaks_of(action, denial) for denial in denials)
    ]


def lets_copy_in(policy: str | None) -> list[Statement]:
    """The statements that let anybody copy into the vault."""
    return [
        statement
        for statement in statements(policy)
        if statement.get("Effect") == "Allow" and _speaks_of(COPY_IN, statement)
    ]


def statements(policy: str | None) -> list[Statement]:
    return cast("list[Statement]", listed(json.loads(policy or "{}").get("Statement")))


def conditions(statement: Statement) -> Iterator[tuple[str, str, list[Any]]]:
    """Operator and key in lower case, and the values; all conditions must hold."""
    all_conditions: Mapping[str, Mapping[str, Any]] = statement.get("Condition") or {}
    for operator, keys in all_conditions.items():
        for key, values in keys.items():
            yield operator.lower(), key.lower(), listed(values)


def is_everybody(statement: Statement) -> bool:
    """Whether it speaks of every principal, before its conditions."""
    principal = statement.get("Principal")
    if isinstance(principal, Mapping):
        return "*" in listed(cast("Mapping[str, Any]", principal).get("AWS"))
    return principal == "*"


def listed(value: Any) -> list[Any]:
    """IAM takes one thing wherever it takes a list."""
    if value is None:
        return []
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def _speaks_of(action: str, statement: Statement) -> bool:
    if "NotAction" in statement:
        return not _matches(action, statement["NotAction"])
    return _matches(action, statement.get("Action"))


def _matches(action: str, patterns: Any) -> bool:
    """Upper and lower case are one; [ has no meaning of its own in IAM."""
    return any(
        fnmatchcase(action.lower(), str(pattern).lower().replace("[", "[[]"))
        for pattern in listed(patterns)
    )


def _is_for_all_but_named(statement: Statement) -> bool:
    return (
        is_everybody(statement)
        and "*" in listed(statement.get("Resource"))
        and all(_excepts_named(*condition) for condition in conditions(statement))
    )


def is_within_organization(statement: Statement, organizations: Sequence[str]) -> bool:
    """Whether a condition holds only for principals of an organization: one of these, if any are
    given. Those that end in IfExists hold where nobody is known, too, and count not."""
    return any(
        operator.removeprefix("foranyvalue:") in _DEMANDS
        and key in ("aws:principalorgid", "aws:principalorgpaths")
        and all(_is_organization(str(value).split("/", 1)[0], organizations) for value in values)
        for operator, key, values in conditions(statement)
    )


def _is_organization(value: str, organizations: Sequence[str]) -> bool:
    return value in organizations if organizations else bool(_ORGANIZATION.fullmatch(value))


def accounts_let_in(statement: Statement) -> list[str]:
    """The accounts whose principals it speaks of, by its principals or by a condition; empty text
    for those of any account. AWS services are none."""
    limits = [
        [_account(str(value)) for value in values]
        for operator, key, values in conditions(statement)
        if operator.removeprefix("foranyvalue:") in _DEMANDS
        and key in ("aws:principalaccount", "aws:principalarn")
    ]
    narrow = [limit for limit in limits if all(limit)]
    if narrow:
        return narrow[0]
    if "NotPrincipal" in statement or is_everybody(statement):
        return [""]
    principal = statement.get("Principal")
    named: Mapping[str, Any] = cast("Mapping[str, Any]", principal or {})
    return [
        _account(str(value))
        for kind in named
        if kind.lower() != "service"
        for value in listed(named[kind])
    ]


def _account(principal: str) -> str:
    """Of an account's id or an ARN; empty where it has a wildcard, or is nobody's of an account."""
    account = (principal.split(":") + [""] * 5)[4] if principal.startswith("arn:") else principal
    return account if re.fullmatch(r"\d{12}", account) else ""


def _excepts_named(operator: str, key: str, values: list[Any]) -> bool:
    """Whether a condition takes away no more than principals that it names: a pattern of all of an
    account's roles, or of all accounts, would leave nobody whom the statement denies."""
    return (
        operator.removesuffix("ifexists") in _EXCEPTS
        and key == "aws:principalarn"
        and all(_PRINCIPAL.fullmatch(str(value)) for value in values)
    )
