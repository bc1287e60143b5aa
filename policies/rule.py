"""A rule is a function: its name is the policy's name, its docstring the description.

A rule over one resource yields what is wrong with it and how to mend it. A rule over a stack is
asked of each resource too, sees the others beside it, and yields aspects: generators of the same.

Values that a preview cannot know are no violation: what looks at one stops there, and is asked
again during the update. That is one aspect of one resource, or all of its aspects where the rule
looked before it yielded any; other aspects and other resources go on.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from policies.resources import NotYet, Resource

Config = Mapping[str, Any]
Violations = Iterator[tuple[Resource, str]]
OverResource = Callable[[Resource, Config], Iterator[str]]
Aspects = Iterator[Iterator[str]]
OverStack = Callable[[Resource, Sequence[Resource], Config], Aspects]
Check = Callable[[Sequence[Resource], Config], Violations]
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Rule:
    name: str
    description: str
    scope: Literal["resource", "stack"]
    check: Check
    config_schema: Mapping[str, Mapping[str, Any]] = field(
        default_factory=dict[str, Mapping[str, Any]]
    )
    """JSON schema of what a customer may demand of it, by property; each with a default."""

    def violations(self, resources: Sequence[Resource], config: Config | None = None) -> Violations:
        """What a configuration leaves open is as the rule has it; what the stack demands itself
        counts more than either."""
        defaults = {name: schema["default"] for name, schema in self.config_schema.items()}
        demanded = _demands(resources).get(self.name, {})
        yield from self.check(resources, {**defaults, **(config or {}), **demanded})


DEMANDS = "backup-org:components:PolicyDemands"
"""The component by which a program tells what its customer demands. Rules over a stack see it."""


def _demands(resources: Sequence[Resource]) -> Mapping[str, Config]:
    demands: dict[str, Config] = {}
    for resource in resources:
        if resource.type == DEMANDS:
            demands |= resource.get("demands") or {}
    return demands


RULES: dict[str, Rule] = {}


def over_resource(
    *types: str, config: Mapping[str, Mapping[str, Any]] | None = None
) -> Callable[[OverResource], Rule]:
    """Makes a rule that is asked of each resource of these types."""

    def register(check: OverResource) -> Rule:
        def over_each(resources: Sequence[Resource], settings: Config) -> Violations:
            for resource in resources:
                if resource.type in types:
                    for message in _until_unknown(check(resource, settings)):
                        yield resource, message

        return _register(check, "resource", over_each, config)

    return register


def over_stack(
    *types: str, config: Mapping[str, Mapping[str, Any]] | None = None
) -> Callable[[OverStack], Rule]:
    """Makes a rule that is asked of each resource of these types, amid all of the stack."""

    def register(check: OverStack) -> Rule:
        def over_each(resources: Sequence[Resource], settings: Config) -> Violations:
            for resource in resources:
                if resource.type in types:
                    for aspect in _until_unknown(check(resource, resources, settings)):
                        for message in _until_unknown(aspect):
                            yield resource, message

        return _register(check, "stack", over_each, config)

    return register


def _until_unknown(found: Iterator[T]) -> Iterator[T]:
    try:
        yield from found
    except NotYet:
        return


def _register(
    check: Callable[..., Any],
    scope: Literal["resource", "stack"],
    over: Check,
    config: Mapping[str, Mapping[str, Any]] | None,
) -> Rule:
    rule = Rule(
        name=check.__name__,
        description=inspect.cleandoc(check.__doc__ or ""),
        scope=scope,
        check=over,
        config_schema=config or {},
    )
    RULES[rule.name] = rule
    return rule
