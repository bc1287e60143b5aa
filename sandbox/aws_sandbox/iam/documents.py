"""Policy documents, read strictly: an element that is not known is an error."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from aws_sandbox.iam.conditions import Condition, PolicyError, listed, parse_conditions

_ELEMENTS = frozenset({"Version", "Id", "Statement"})
_VERSIONS = ("2012-10-17", "2008-10-17")
_STATEMENT_ELEMENTS = frozenset(
    {"Sid", "Effect", "Condition"}
    | {"Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource"}
)
_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+")
_ACCOUNT = re.compile(r"[0-9]{12}")
_PRINCIPAL_ARN = re.compile(
    r"arn:aws[a-z-]*:(iam::[0-9]{12}:(root|(role|user)/[\w+=,.@/-]+)"
    r"|sts::[0-9]{12}:assumed-role/[\w+=,.@-]+/[\w+=,.@-]+)"
)
_SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com")


@dataclass(frozen=True, kw_only=True)
class Names:
    """A positive element or its `Not…` twin: the names it lists, and which of the two it is."""

    names: tuple[str, ...]
    negated: bool


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement; `place` is how errors and reasons call it."""

    place: str
    allows: bool
    actions: Names
    resources: Names | None
    """None in a role's trust policy, whose resource is the role itself."""
    principals: Names | None
    """None in an identity policy. Accounts are written as their root's ARN, services as such."""
    conditions: tuple[Condition, ...]
    variables: bool
    """Whether `${…}` is a variable: only with Version 2012-10-17."""


@dataclass(frozen=True, kw_only=True)
class PolicyDocument:
    """A named policy. With principals it is a resource policy, without an identity policy."""

    name: str
    statements: tuple[Statement, ...]

    @property
    def names_principals(self) -> bool:
        return any(statement.principals for statement in self.statements)

    @staticmethod
    def parse(name: str, document: str | Mapping[str, Any]) -> "PolicyDocument":
        """Reads a policy from JSON text or its mapping; raises PolicyError naming the place."""
        content = _content(name, document)
        _known(name, content, _ELEMENTS)
        version = content.get("Version", "2008-10-17")
        if version not in _VERSIONS:
            raise PolicyError(f"{name}: Version is one of {', '.join(_VERSIONS)}, not {version!r}")
        statements = [
            _statement(f"{name} statement {index}", statement, variables=version == _VERSIONS[0])
            for index, statement in enumerate(listed(content.get("Statement")))
        ]
        if len({statement.principals is None for statement in statements}) > 1:
            raise PolicyError(f"{name}: some statements have a principal and some have none")
        return PolicyDocument(name=name, statements=tuple(statements))


def _content(name: str, document: str | Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except json.JSONDecodeError as error:
            raise PolicyError(f"{name}: not JSON: {error}") from error
    if not isinstance(document, Mapping):
        raise PolicyError(f"{name}: a policy is an object with a Statement")
    return document


def _known(place: str, content: Mapping[str, Any], elements: frozenset[str]) -> None:
    unknown = sorted(set(content) - elements)
    if unknown:
        raise PolicyError(f"{place}: unknown element {', '.join(unknown)}")


def _statement(place: str, statement: Any, *, variables: bool) -> Statement:
    if not isinstance(statement, Mapping):
        raise PolicyError(f"{place}: a statement is an object")
    content = cast("Mapping[str, Any]", statement)
    if content.get("Sid"):
        place = f"{place} ({content['Sid']})"
    _known(place, content, _STATEMENT_ELEMENTS)
    if content.get("Effect") not in ("Allow", "Deny"):
        raise PolicyError(f"{place}: Effect is Allow or Deny, not {content.get('Effect')!r}")
    actions = _names(place, content, "Action")
    if actions is None:
        raise PolicyError(f"{place}: neither Action nor NotAction")
    for action in actions.names:
        if not _ACTION.fullmatch(action):
            raise PolicyError(f"{place}: {action!r} is no action")
    principals = _principals(place, content)
    return Statement(
        place=place,
        allows=content["Effect"] == "Allow",
        actions=actions,
        resources=_resources(place, content, actions, trust=principals is not None),
        principals=principals,
        conditions=parse_conditions(place, content.get("Condition", {})),
        variables=variables,
    )


def _names(place: str, content: Mapping[str, Any], element: str) -> Names | None:
    """`element` or `Not<element>` as a list of strings; None when neither is there."""
    present = [name for name in (element, f"Not{element}") if name in content]
    if not present:
        return None
    if len(present) > 1:
        raise PolicyError(f"{place}: both {present[0]} and {present[1]}")
    return Names(
        names=_strings(place, present[0], content[present[0]]), negated=present[0] != element
    )


def _strings(place: str, element: str, value: Any) -> tuple[str, ...]:
    values = listed(value)
    strings = tuple(entry for entry in values if isinstance(entry, str))
    if not strings or len(strings) != len(values):
        raise PolicyError(f"{place}: {element} is a string or a list of strings, not {value!r}")
    return strings


def _resources(
    place: str, content: Mapping[str, Any], actions: Names, *, trust: bool
) -> Names | None:
    resources = _names(place, content, "Resource")
    trust = trust and all(action.startswith("sts:") for action in actions.names)
    if resources is None and not trust:
        raise PolicyError(f"{place}: neither Resource nor NotResource")
    if resources is not None and trust:
        raise PolicyError(f"{place}: a role's trust policy has no Resource")
    return resources


def _principals(place: str, content: Mapping[str, Any]) -> Names | None:
    present = [name for name in ("Principal", "NotPrincipal") if name in content]
    if not present:
        return None
    if len(present) > 1:
        raise PolicyError(f"{place}: both Principal and NotPrincipal")
    element = content[present[0]]
    if element == "*":
        return Names(names=("*",), negated=present[0] == "NotPrincipal")
    if not isinstance(element, Mapping):
        raise PolicyError(f"{place}: {present[0]} is '*' or an object, not {element!r}")
    names: list[str] = []
    for kind, values in cast("Mapping[str, Any]", element).items():
        if kind not in ("AWS", "Service"):
            raise PolicyError(f"{place}: principals of type {kind} are not known here")
        read = _aws_principal if kind == "AWS" else _service_principal
        names += [read(place, value) for value in _strings(place, present[0], values)]
    if not names:
        raise PolicyError(f"{place}: {present[0]} names nobody")
    return Names(names=tuple(names), negated=present[0] == "NotPrincipal")


def _aws_principal(place: str, value: str) -> str:
    if _ACCOUNT.fullmatch(value):
        return f"arn:aws:iam::{value}:root"
    if value == "*" or _PRINCIPAL_ARN.fullmatch(value):
        return value
    raise PolicyError(
        f"{place}: {value!r} is no AWS principal: '*', an account, a role, a user or a session"
    )


def _service_principal(place: str, value: str) -> str:
    if _SERVICE.fullmatch(value):
        return value
    raise PolicyError(f"{place}: {value!r} is no service principal (name.amazonaws.com)")
