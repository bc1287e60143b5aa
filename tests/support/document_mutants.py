"""A policy document with one thing changed in one of its statements."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, cast

from tests.support.access_requests import actions_of

Document = Mapping[str, Any]
Statement = dict[str, Any]
_OPEN: Statement = {"Sid": "Open", "Effect": "Allow", "Action": "*", "Resource": "*"}
OTHER_ACTIONS: Mapping[str, str] = {
    "backup": "backup:DeleteBackupVault",
    "kms": "kms:PutKeyPolicy",
    "sts": "sts:TagSession",
}
"""What an action is exchanged for, by service; elsewhere "<service>:Delete…" of the same noun."""


@dataclass(frozen=True, kw_only=True)
class Mutant:
    change: str
    """Such as "EventsSends: sns:Publish → sns:*"."""
    content: Document


def mutants(content: Document) -> Iterator[Mutant]:
    """Every statement dropped, turned round, and with each of its parts dropped, exchanged for
    another and widened; and one statement more, which allows everything."""
    statements = cast("Sequence[Statement]", content["Statement"])
    for index, statement in enumerate(statements):
        sid = statement.get("Sid", str(index))
        rest = [*statements[:index], *statements[index + 1 :]]
        if rest:
            yield Mutant(change=f"{sid}: dropped", content={**content, "Statement": rest})
        for change, altered in _altered(statement):
            changed = [*statements[:index], altered, *statements[index + 1 :]]
            yield Mutant(change=f"{sid}: {change}", content={**content, "Statement": changed})
    opened = {**_OPEN, "Principal": "*"} if "Principal" in statements[0] else _OPEN
    if "Resource" not in statements[0]:
        opened = {k: v for k, v in opened.items() if k != "Resource"} | {"Action": "sts:*"}
    yield Mutant(change="opened", content={**content, "Statement": [*statements, opened]})


def _altered(statement: Statement) -> Iterator[tuple[str, Statement]]:
    effect = "Deny" if statement["Effect"] == "Allow" else "Allow"
    yield f"Effect → {effect}", {**statement, "Effect": effect}
    yield from _in_list(statement, ("Action",), _other_actions)
    if statement.get("Resource", "*") not in ("*", ["*"]):
        yield from _in_list(statement, ("Resource",), _other_resources)
    elif "Resource" in statement:
        narrow = "arn:aws:backup:eu-central-1:111111111111:backup-vault:narrow"
        yield "Resource * → one", {**statement, "Resource": narrow}
    yield from _principals(statement)
    yield from _conditions(statement)


def _in_list(
    statement: Statement, path: Sequence[str], others: Callable[[str], Iterator[str]]
) -> Iterator[tuple[str, Statement]]:
    """One entry of a list (or the only value) dropped, where others stay, and each other value."""
    value = _at(statement, path)
    values = cast("list[str]", value) if isinstance(value, list) else [str(value)]
    for index, one in enumerate(values):
        if len(set(values)) > 1:
            kept = [each for each in values if each != one]
            yield f"{path[-1]} {one} dropped", _with(statement, path, kept)
        for other in others(one):
            changed = [*values[:index], other, *values[index + 1 :]]
            yield f"{path[-1]} {one} → {other}", _with(statement, path, changed)


def _at(statement: Statement, path: Sequence[str]) -> object:
    found: Any = statement
    for key in path:
        found = found[key]
    return found


def _with(statement: Statement, path: Sequence[str], value: object) -> Statement:
    changed = copy.deepcopy(statement)
    place: Any = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return changed


def _other_actions(action: str) -> Iterator[str]:
    service, _, name = action.partition(":")
    if name == "*":
        yield f"{service}:Get*"
        return
    yield f"{service}:*"
    word = re.match(r"[A-Z][a-z]*", name)
    if word and any(
        each.startswith(word[0]) and not fnmatchcase(each, name) for each in actions_of(service)
    ):
        yield f"{service}:{word[0]}*"
    if action != (other := OTHER_ACTIONS.get(service, f"{service}:DeleteOther")):
        yield other


def _other_account(arn: str) -> str:
    return "888888888888" if "888888888888" not in arn else "777777777777"


def _other_resources(arn: str) -> Iterator[str]:
    yield "*"
    yield f"{arn.rstrip('*')}-other" if not arn.endswith("*") else f"{arn[:-1]}other-*"
    parts = arn.split(":", 5)
    if "/" in parts[5]:
        yield ":".join([*parts[:5], parts[5].rpartition("/")[0].rpartition("/")[0] + "*"])
    if not parts[5].endswith("*"):
        yield f"{arn}*"
    for index, name in ((3, "other-region-1"), (4, _other_account(arn))):
        if parts[index] not in ("", "*"):
            yield ":".join([*parts[:index], "*", *parts[index + 1 :]])
            yield ":".join([*parts[:index], name, *parts[index + 1 :]])


def _principals(statement: Statement) -> Iterator[tuple[str, Statement]]:
    principal = statement.get("Principal")
    if principal is None:
        return
    if principal in ("*", {"AWS": "*"}):
        for narrower in ("arn:aws:iam::888888888888:root", "arn:aws:iam::111111111111:root"):
            yield f"Principal * → {narrower}", {**statement, "Principal": {"AWS": narrower}}
        return
    yield "Principal → *", {**statement, "Principal": "*"}
    ((kind, name),) = cast("Mapping[str, str]", principal).items()
    for other in _other_principals(kind, name):
        yield f"Principal {name} → {other}", {**statement, "Principal": {kind: other}}


def _other_principals(kind: str, name: str) -> Iterator[str]:
    if kind == "Service":
        yield "ec2.amazonaws.com" if name != "ec2.amazonaws.com" else "lambda.amazonaws.com"
        return
    yield re.sub(r"\d{12}", _other_account(name), name)
    if not name.endswith(":root"):
        yield re.sub(r"(\d{12}):.*", r"\1:root", name)
        yield f"{name}-other"


def _conditions(statement: Statement) -> Iterator[tuple[str, Statement]]:
    conditions = cast("Mapping[str, Mapping[str, object]]", statement.get("Condition", {}))
    for operator, keys in conditions.items():
        for key in keys:
            yield f"{key} dropped", _without(statement, operator, key)
            for other in _other_operators(operator):
                yield f"{operator} {key} → {other}", _moved(statement, operator, key, other)
            path = ("Condition", operator, key)
            yield from _in_list(statement, path, _other_values)
            if "principal" not in key.lower():
                renamed = _without(statement, operator, key)
                value = keys[key]
                renamed.setdefault("Condition", {}).setdefault(operator, {})["aws:Other"] = value
                yield f"{key} → aws:Other", renamed
            elif key.lower() == "aws:principalorgid":
                renamed = _without(statement, operator, key)
                renamed.setdefault("Condition", {})[operator] = {"aws:PrincipalAccount": keys[key]}
                yield f"{key} → aws:PrincipalAccount", renamed
            if operator.removesuffix("IfExists") in ("StringEquals", "ArnEquals", "ArnLike"):
                wide = _without(statement, operator, key)
                wide.setdefault("Condition", {}).setdefault("StringLike", {})[key] = "*"
                yield f"{key} → any", wide


def _without(statement: Statement, operator: str, key: str) -> Statement:
    changed = copy.deepcopy(statement)
    del changed["Condition"][operator][key]
    if not changed["Condition"][operator]:
        del changed["Condition"][operator]
    if not changed["Condition"]:
        del changed["Condition"]
    return changed


def _moved(statement: Statement, operator: str, key: str, other: str) -> Statement:
    changed = _without(statement, operator, key)
    value = statement["Condition"][operator][key]
    changed.setdefault("Condition", {}).setdefault(other, {})[key] = value
    return changed


_NEGATED: Mapping[str, str] = {
    "StringEquals": "StringNotEquals",
    "StringLike": "StringNotLike",
    "ArnEquals": "ArnNotEquals",
    "ArnLike": "ArnNotLike",
    "ArnNotLike": "ArnLike",
    "NumericGreaterThan": "NumericLessThanEquals",
}


def _other_operators(operator: str) -> Iterator[str]:
    """Turned round; with IfExists, or without; and of sets, any for all."""
    quantifier, _, bare = operator.rpartition(":")
    quantifier = quantifier and f"{quantifier}:"
    name = bare.removesuffix("IfExists")
    if name in _NEGATED:
        yield f"{quantifier}{_NEGATED[name]}{bare.removeprefix(name)}"
    yield operator.removesuffix("IfExists") if bare != name else f"{operator}IfExists"
    if quantifier == "ForAllValues:":
        yield f"ForAnyValue:{bare}"
        yield bare


def _other_values(value: str) -> Iterator[str]:
    if value in ("true", "false"):
        yield "false" if value == "true" else "true"
    elif value.isdigit() and len(value) != 12:
        yield str(int(value) + 1)
        yield str(int(value) - 1)
    elif value.startswith("arn:"):
        yield from (other for other in _other_resources(value) if other != "*")
    elif value != "*":
        yield f"other-{value}"
    else:
        yield "other"
