"""Policy documents, and the decision: which statements speak of a request, how policies combine."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, cast

from aws_sandbox.iam.conditions import (
    Condition,
    PolicyError,
    arn_matches,
    listed,
    matches,
    parse_conditions,
)
from aws_sandbox.iam.requests import AccessRequest, ContextValue, Decision, Effect, Principal

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


class Grant(Enum):
    """What opens a resource to principals of its own account."""

    EITHER = "the principal's policies or the resource's policy"
    RESOURCE = "the resource's policy, alone or by handing on to the account"
    """KMS keys and roles: without the key policy or trust policy nothing is allowed."""


def evaluate(policies: Sequence[PolicyDocument], request: AccessRequest) -> Decision:
    """What these policies, taken together, say to a request: a deny, an allow, or nothing.

    Among allows one that names the principal itself goes before one that names its account.
    """
    allow: Decision | None = None
    for statement in (statement for policy in policies for statement in policy.statements):
        if not _speaks(statement, request):
            continue
        if not statement.allows:
            return Decision(effect=Effect.EXPLICIT_DENY, reason=f"{statement.place} denies it")
        through_account = _only_through_account(statement, request.principal)
        if allow is None or (allow.through_account and not through_account):
            allow = Decision(
                effect=Effect.ALLOW,
                reason=f"{statement.place} allows it",
                through_account=through_account,
            )
    return allow or Decision(effect=Effect.IMPLICIT_DENY, reason=_nothing(policies, request))


def combine(
    request: AccessRequest,
    *,
    resource_account: str,
    identity: Sequence[PolicyDocument] = (),
    resource: Sequence[PolicyDocument] = (),
    limits: Sequence[Sequence[PolicyDocument]] = (),
    grant: Grant = Grant.EITHER,
) -> Decision:
    """The answer of a principal's policies and a resource's policy together, as on AWS.

    Within an account either may allow (or what `grant` says); across accounts both must; a service
    is allowed by the resource's policy alone. Each of `limits` (a permissions boundary, a
    session's policies) must allow as well. An explicit deny anywhere wins.
    """
    by_identity = evaluate(identity, request)
    by_resource = evaluate(resource, request) if resource else _no_policy(request)
    bounds = [evaluate(limit, request) for limit in limits]
    decisions = (by_identity, by_resource, *bounds)
    refusals = [
        *(decision for decision in decisions if decision.effect is Effect.EXPLICIT_DENY),
        *(decision for decision in bounds if not decision.allowed),
    ]
    if refusals:
        return refusals[0]
    if request.principal.service:
        return by_resource
    if request.principal.account != resource_account:
        return by_identity if by_resource.allowed else by_resource
    alone = by_resource.allowed and not by_resource.through_account
    needed = grant is Grant.RESOURCE and not by_resource.allowed
    if alone or needed:
        return by_resource
    if by_identity.allowed or by_resource.allowed or not resource:
        return by_identity
    return _neither(by_identity, by_resource)


def _neither(by_identity: Decision, by_resource: Decision) -> Decision:
    """Within an account either could have allowed it: say what both lack."""
    reason = f"{by_identity.reason}, and {by_resource.reason}"
    return Decision(effect=Effect.IMPLICIT_DENY, reason=reason)


def _no_policy(request: AccessRequest) -> Decision:
    reason = f"{request.resource} has no policy to allow {request.action} to {request.principal}"
    return Decision(effect=Effect.IMPLICIT_DENY, reason=reason)


def _speaks(statement: Statement, request: AccessRequest) -> bool:
    keys = request.keys
    return (
        _lists(statement.actions, lambda name: matches(name, request.action, ignore_case=True))
        and _names_principal(statement.principals, request.principal)
        and _names_resource(statement, request.resource, keys)
        and all(
            condition.holds(keys, variables=statement.variables)
            for condition in statement.conditions
        )
    )


def _lists(names: Names, matching: Callable[[str], bool]) -> bool:
    return any(matching(name) for name in names.names) is not names.negated


def _names_resource(statement: Statement, resource: str, keys: Mapping[str, ContextValue]) -> bool:
    if statement.resources is None:
        return True
    variables = keys if statement.variables else None
    return _lists(statement.resources, lambda name: arn_matches(name, resource, keys=variables))


def _names_principal(principals: Names | None, principal: Principal) -> bool:
    """Whether a statement is about this principal.

    NotPrincipal leaves out a role or user only when it lists both it and its account, as AWS
    documents: the account's denial would otherwise still reach it.
    """
    if principals is None:
        return True
    itself, by_account = _named(principals, principal)
    if principals.negated:
        return not (itself and (by_account or principal.service != ""))
    return itself or by_account


def _named(principals: Names, principal: Principal) -> tuple[bool, bool]:
    """Whether the principal itself is listed, and whether its account is."""
    own = {"*", principal.service} if principal.service else {"*", principal.arn}
    if principal.session_arn:
        own.add(principal.session_arn)
    return not own.isdisjoint(principals.names), principal.root in principals.names


def _only_through_account(statement: Statement, principal: Principal) -> bool:
    if statement.principals is None or statement.principals.negated:
        return False
    return not _named(statement.principals, principal)[0]


def _nothing(policies: Sequence[PolicyDocument], request: AccessRequest) -> str:
    names = ", ".join(policy.name for policy in policies)
    where = f"no statement of {names}" if names else "no policy"
    return f"{where} allows {request.action} on {request.resource} to {request.principal}"
