"""The decision: which statements speak of a request, and how policies combine."""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum

from aws_sandbox.iam.documents import Names, PolicyDocument, Statement
from aws_sandbox.iam.requests import AccessRequest, ContextValue, Decision, Effect, Principal
from aws_sandbox.iam.wildcards import arn_matches, matches


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
