"""Policy documents as rules read them: whom a statement lets in, to do what, under which condition.

One thing stands wherever a list may; a document is JSON text, or the structure that a program in
some language hands over. What a preview cannot know of a statement makes it unreadable for now, and
hides nothing of the others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, cast

from policies.resources import UNKNOWN

_ACCOUNT = re.compile(r"\d{12}")
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
_OF_ORGANIZATION = {
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
}
_OF_ACCOUNT = {
    "aws:principalaccount",
    "aws:sourceaccount",
    "aws:sourceowner",
    "aws:vpceaccount",
    "kms:calleraccount",
    "s3:dataaccesspointaccount",
}
_OF_ARN = {"aws:principalarn", "aws:sourcearn"}
_OF_NETWORK = {"aws:sourcevpc", "aws:sourcevpcarn", "aws:sourcevpce"}
_SAYS_WHO = _OF_ORGANIZATION | _OF_ACCOUNT | _OF_ARN | _OF_NETWORK
_OF_THE_RESOURCE = {"${aws:resourceaccount}", "${aws:resourceorgid}"}
"""Policy variables that can only be the resource's own account or organization."""
_SOURCE = {key for key in _SAYS_WHO if key.startswith("aws:source")}
_DEMANDS = {
    "stringequals",
    "stringequalsignorecase",
    "stringlike",
    "arnequals",
    "arnlike",
}
"""Operators that hold only where the key is there and has one of the values. Those that end in
IfExists, and ForAllValues, hold where it is absent too."""


@dataclass(frozen=True, kw_only=True)
class Ours:
    """Who is no stranger to a resource."""

    account: str | None
    """That it stands in; None: nobody tells."""
    accounts: Collection[str] = ()
    organizations: Collection[str] = ()
    """None of them named: any is ours, as nobody tells which."""

    def has(self, account: str) -> bool:
        """Where nobody tells of any account which are ours, it may be."""
        known = {*self.accounts, *([self.account] if self.account else [])}
        return account in known or not known


@dataclass(frozen=True, kw_only=True)
class Condition:
    operator: str
    """In small letters, without ForAnyValue."""
    key: str
    """In small letters."""
    values: Sequence[str]

    @property
    def says_who(self) -> bool:
        """Whether it holds only for somebody whom it names."""
        return (
            self.operator in _DEMANDS
            and self.key in _SAYS_WHO
            and all(map(_is_somebody, self._whose()))
        )

    @property
    def says_source(self) -> bool:
        return self.says_who and self.key in _SOURCE

    def strangers(self, ours: Ours) -> list[str]:
        """The accounts and organizations that it names and that are not ours."""
        named = [whose for whose in self._whose() if whose.lower() not in _OF_THE_RESOURCE]
        if self.key in _OF_ORGANIZATION:
            known = ours.organizations
            return [whose for whose in named if known and whose not in known]
        return [whose for whose in named if _ACCOUNT.fullmatch(whose) and not ours.has(whose)]

    def _whose(self) -> list[str]:
        """The part of each value that says whose it is: an ARN's account, else its resource's first
        letter; of the path of a unit its organization; of anything else all of it."""
        return [_owner(value) for value in self.values]


@dataclass(frozen=True, kw_only=True)
class Statement:
    called: str
    """Its Sid, else its position."""
    allows: bool
    denies: bool
    principals: Sequence[tuple[str, str]]
    """Kind (AWS, Service, Federated, CanonicalUser) and name; ("AWS", "*") is everybody."""
    all_principals_but: bool = False
    """NotPrincipal, of which `principals` has everybody."""
    actions: Sequence[str] = ()
    all_actions_but: bool = False
    """NotAction."""
    resources: Sequence[str] = ()
    all_resources_but: bool = False
    """NotResource."""
    conditions: Sequence[Condition] = field(default_factory=tuple)

    @property
    def is_for_everybody(self) -> bool:
        return any(name == "*" for _, name in self.principals)

    @property
    def says_who(self) -> bool:
        return any(condition.says_who for condition in self.conditions)

    def covers(self, action: str) -> bool:
        """Whether an action, as `s3:PutObject`, is one of its own."""
        named = any(fnmatchcase(action.lower(), pattern.lower()) for pattern in self.actions)
        return named != self.all_actions_but

    def of_kind(self, kind: str) -> list[str]:
        return [name for of_kind, name in self.principals if of_kind == kind]


def statements(policy: Any) -> list[Statement]:
    """Those of a document that are known as yet. AWS refuses what is no JSON; here it is empty."""
    found = cast("list[Mapping[str, Any]]", listed(_document(policy).get("Statement")))
    return [
        _read(position, statement)
        for position, statement in enumerate(found)
        if not has_unknown(statement)
    ]


def open_statements(policy: Any) -> list[str]:
    """The statements, by Sid or position, that let everybody in."""
    return [one.called for one in statements(policy) if lets_everybody_in(one)]


def lets_everybody_in(statement: Statement) -> bool:
    return statement.allows and statement.is_for_everybody and not statement.says_who


def strangers(statement: Statement, ours: Ours) -> list[str]:
    """Who is let in and is not ours: accounts, organizations, and who cannot be told.

    One condition that names ours alone keeps all others out.
    """
    if not statement.allows:
        return []
    naming = [condition for condition in statement.conditions if condition.says_who]
    named = [condition.strangers(ours) for condition in naming]
    if any(not found for found in named):
        return []
    if statement.is_for_everybody or statement.of_kind("Service"):
        return sorted({stranger for found in named for stranger in found})
    return [
        name
        for kind, name in statement.principals
        if kind == "CanonicalUser" or (kind == "AWS" and not ours.has(_owner(name)))
    ]


def services_without_source(statement: Statement) -> list[str]:
    """The services that may come on behalf of anybody, as `events.amazonaws.com`."""
    if not statement.allows or any(condition.says_source for condition in statement.conditions):
        return []
    return [name.removesuffix(".cn") for name in statement.of_kind("Service")]


def has_unknown(value: Any) -> bool:
    """Whether a preview cannot know some part of it."""
    if isinstance(value, Mapping):
        return any(map(has_unknown, cast("Mapping[str, Any]", value).values()))
    if isinstance(value, list):
        return any(map(has_unknown, cast("list[Any]", value)))
    return value is UNKNOWN


def _document(policy: Any) -> Mapping[str, Any]:
    if isinstance(policy, str):
        try:
            policy = json.loads(policy or "{}")
        except json.JSONDecodeError:
            return {}
    return cast("Mapping[str, Any]", policy) if isinstance(policy, Mapping) else {}


def _read(position: int, statement: Mapping[str, Any]) -> Statement:
    all_actions_but = "NotAction" in statement
    all_resources_but = "NotResource" in statement
    return Statement(
        called=str(statement.get("Sid") or position),
        allows=statement.get("Effect") == "Allow",
        denies=statement.get("Effect") == "Deny",
        principals=[*_principals(statement)],
        all_principals_but="NotPrincipal" in statement,
        actions=texts(statement.get("NotAction" if all_actions_but else "Action")),
        all_actions_but=all_actions_but,
        resources=texts(statement.get("NotResource" if all_resources_but else "Resource")),
        all_resources_but=all_resources_but,
        conditions=[*_conditions(statement)],
    )


def _principals(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "NotPrincipal" in statement:
        yield "AWS", "*"
    principal = statement.get("Principal")
    if isinstance(principal, Mapping):
        for kind, names in cast("Mapping[str, Any]", principal).items():
            yield from ((kind, name) for name in texts(names))
    elif principal is not None:
        yield "AWS", str(principal)


def _conditions(statement: Mapping[str, Any]) -> Iterator[Condition]:
    """Each of them must hold."""
    conditions: Mapping[str, Mapping[str, Any]] = statement.get("Condition") or {}
    for operator, keys in conditions.items():
        for key, values in keys.items():
            yield Condition(
                operator=operator.lower().removeprefix("foranyvalue:"),
                key=key.lower(),
                values=texts(values),
            )


def _is_somebody(whose: str) -> bool:
    """Other policy variables are whatever the caller is."""
    return whose.lower() in _OF_THE_RESOURCE or (bool(whose) and not set(whose) & set("*?$"))


def _owner(value: str) -> str:
    if value.startswith("arn:"):
        account, resource = (value.split(":", 5) + [""] * 6)[4:6]
        return account or resource[:1]
    return value.split("/", 1)[0]


def texts(value: Any) -> list[str]:
    """One or several, as JSON writes them."""
    return [str(one).lower() if isinstance(one, bool) else str(one) for one in listed(value)]


def listed(value: Any) -> list[Any]:
    """IAM takes one thing wherever it takes a list."""
    if value is None:
        return []
    return cast("list[Any]", value) if isinstance(value, list) else [value]
