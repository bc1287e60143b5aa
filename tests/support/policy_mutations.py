"""One protected property of a recorded resource, broken: which rules of the pack tell?"""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from policies.choice import Choice
from policies.resources import Resource, Stack
from policies.rule import Rule
from policies.rules import RULES
from tests.support.policies import demanded

TODAY = datetime.date(2026, 11, 27)
Change = Callable[[Resource], Sequence[Resource]]
"""What stands in a resource's place: nothing, it broken, or it and more."""
Told = Mapping[str, frozenset[tuple[str, str]]]
"""By rule, what it says of which resource."""


def _everywhere(_: Resource, __: Stack) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Mutation:
    what: str
    types: Sequence[str]
    change: Change
    fails: frozenset[str]
    """The rules that tell, and no others."""
    where: Callable[[Resource, Stack], bool] = _everywhere
    """The recorded resources that show it."""

    def over(self, stack: Stack) -> Iterator[tuple[Resource, Sequence[Resource]]]:
        """Each resource that it breaks, and what then stands in its place."""
        for resource in stack.of(*self.types):
            if self.where(resource, stack):
                yield resource, self.change(resource)


def broken(
    what: str,
    *types: str,
    change: Change,
    fails: Sequence[str],
    where: Callable[[Resource, Stack], bool] = _everywhere,
) -> Mutation:
    return Mutation(what=what, types=types, change=change, fails=frozenset(fails), where=where)


def without(resource: Resource) -> Sequence[Resource]:
    """It is not there at all."""
    del resource
    return []


def setting(name: str, value: Any) -> Change:
    """An input has another value, that comes from nowhere else."""

    def change(resource: Resource) -> Sequence[Resource]:
        sources = {key: urns for key, urns in resource.sources.items() if key != name}
        props = {**resource.props, name: value}
        return [dataclasses.replace(resource, props=props, sources=sources)]

    return change


def unset(name: str) -> Change:
    """An input is not given."""

    def change(resource: Resource) -> Sequence[Resource]:
        props = {key: value for key, value in resource.props.items() if key != name}
        sources = {key: urns for key, urns in resource.sources.items() if key != name}
        return [dataclasses.replace(resource, props=props, sources=sources)]

    return change


def and_another(change: Change) -> Change:
    """Beside it stands another that is broken: the recorded ones are broken already."""

    def change_too(resource: Resource) -> Sequence[Resource]:
        other = dataclasses.replace(resource, urn=f"{resource.urn}-2")
        return [resource, *change(other)]

    return change_too


def with_statement(name: str, **statement: Any) -> Change:
    """A policy document among the inputs has one statement more."""

    def change(resource: Resource) -> Sequence[Resource]:
        document = json.loads(resource.props[name])
        document["Statement"] = [*document["Statement"], {"Effect": "Allow", **statement}]
        props = {**resource.props, name: json.dumps(document)}
        return [dataclasses.replace(resource, props=props)]

    return change


def without_statement(name: str, sid: str) -> Change:
    """A policy document among the inputs lacks a statement."""

    def change(resource: Resource) -> Sequence[Resource]:
        document = json.loads(resource.props[name])
        kept = [one for one in document["Statement"] if one.get("Sid") != sid]
        props = {**resource.props, name: json.dumps({**document, "Statement": kept})}
        return [dataclasses.replace(resource, props=props)]

    return change


def told(stack: Stack) -> Told:
    """What every rule says of a stack."""
    choice = demanded(stack)
    return {rule.name: frozenset(_violations(rule, stack, choice)) for rule in RULES.values()}


def newly_told(
    before: Told, stack: Stack, resource: Resource, now: Sequence[Resource]
) -> frozenset[str]:
    """The rules that say what they did not say before, once others stand in a resource's place."""
    choice = demanded(stack)
    changed = Stack(now)
    whole = Stack([*now, *(one for one in stack if one is not resource)])
    return frozenset(
        rule.name
        for rule in RULES.values()
        if {*_violations(rule, changed if rule.scope == "resource" else whole, choice)}
        - before[rule.name]
    )


def _violations(rule: Rule, stack: Stack, choice: Choice) -> Iterator[tuple[str, str]]:
    config = rule.config(choice.bundle, choice.of(rule.name))
    for resource, message in rule.violations(stack, config, today=TODAY):
        yield resource.urn, message
