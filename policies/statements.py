"""Whom a resource's policy lets in, as far as its text says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

_SAYS_WHO = {
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourcevpc",
    "aws:sourcevpce",
}
_DEMANDS = {
    "stringequals",
    "stringequalsignorecase",
    "stringlike",
    "arnequals",
    "arnlike",
}
"""Operators that hold only where the key is there and has one of the values. Those that end in
IfExists, and ForAllValues, hold where it is absent too."""


def open_statements(policy: str | None) -> list[str]:
    """The statements, by Sid or position, that let everybody in."""
    found = _listed(json.loads(policy or "{}").get("Statement"))
    return [
        str(statement.get("Sid", position))
        for position, statement in enumerate(cast("list[Mapping[str, Any]]", found))
        if statement.get("Effect") == "Allow"
        and _is_for_everybody(statement)
        and not any(_closes(*condition) for condition in _conditions(statement))
    ]


def _is_for_everybody(statement: Mapping[str, Any]) -> bool:
    if "NotPrincipal" in statement:
        return True
    principal = statement.get("Principal")
    if isinstance(principal, Mapping):
        kinds = cast("Mapping[str, Any]", principal).values()
        return any("*" in _listed(named) for named in kinds)
    return principal == "*"


def _conditions(statement: Mapping[str, Any]) -> Iterator[tuple[str, str, list[Any]]]:
    """Operator, key and values of each condition; all of them must hold."""
    conditions: Mapping[str, Mapping[str, Any]] = statement.get("Condition") or {}
    for operator, keys in conditions.items():
        for key, values in keys.items():
            yield operator, key, _listed(values)


def _closes(operator: str, key: str, values: list[Any]) -> bool:
    operator = operator.lower().removeprefix("foranyvalue:")
    return (
        operator in _DEMANDS
        and key.lower() in _SAYS_WHO
        and all(_names_somebody(str(value)) for value in values)
    )


def _names_somebody(value: str) -> bool:
    """Whether the part that says whose it is has no wildcard: an ARN's account, else its resource's
    first letter; of the path of a unit its organization; of anything else all of it."""
    if value.startswith("arn:"):
        account, resource = (value.split(":", 5) + [""] * 6)[4:6]
        whose = account or resource[:1]
    else:
        whose = value.split("/", 1)[0]
    return bool(whose) and not set(whose) & set("*?")


def _listed(value: Any) -> list[Any]:
    """IAM takes one thing wherever it takes a list."""
    if value is None:
        return []
    return cast("list[Any]", value) if isinstance(value, list) else [value]
