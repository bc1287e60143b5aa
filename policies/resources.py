"""Resources as rules see them: plain data, in which what a preview cannot know says so."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast


class NotYet(Exception):
    """A rule looked at a value that only the update will know; it is asked again then."""


class _Unknown:
    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()
"""Stands in a resource's properties for a value that a preview cannot know."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    type: str
    name: str
    urn: str
    props: Mapping[str, Any]
    """By the provider's own (camel case) names; plain values and UNKNOWN."""
    sources: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    """For a property, the URNs of the resources that its value came from; rules over one resource
    are not told them."""
    parent: str = ""
    """URN; empty where there is none."""
    protect: bool = False
    provider: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Properties of the provider that makes it, as `props`."""

    def get(self, *path: str | int) -> Any:
        """The value at a path, None where there is none. Raises NotYet where it is unknown."""
        return _at(self.props, path)

    @property
    def region(self) -> str | None:
        """Its own, else its provider's. Raises NotYet."""
        return self.get("region") or _at(self.provider, ("region",))

    @property
    def account(self) -> str | None:
        """The account that it stands in: the only one that its provider may work in, else as its
        ARN says; None where neither tells. Raises NotYet."""
        allowed: Any = _at(self.provider, ("allowedAccountIds",)) or []
        accounts: list[str] = json.loads(allowed) if isinstance(allowed, str) else allowed
        if len(accounts) == 1:
            return accounts[0]
        arn = self.get("arn")
        return (arn.split(":") + [""] * 5)[4] or None if isinstance(arn, str) else None


def _at(value: Any, path: Iterable[str | int]) -> Any:
    for part in path:
        if isinstance(value, Mapping):
            value = cast(Mapping[str | int, Any], value).get(part)
        elif (
            isinstance(value, list) and isinstance(part, int) and part < len(cast(list[Any], value))
        ):
            value = cast(list[Any], value)[part]
        else:
            value = None
        if value is UNKNOWN:
            raise NotYet
    return value


class Stack(Sequence[Resource]):
    """All resources of a stack, found by type and by URN."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._all = tuple(resources)
        self._by_type: dict[str, list[Resource]] = {}
        for resource in self._all:
            self._by_type.setdefault(resource.type, []).append(resource)
        self._by_urn = {resource.urn: resource for resource in self._all}

    def of(self, *types: str) -> list[Resource]:
        """Those of some types."""
        return [resource for type_ in types for resource in self._by_type.get(type_, ())]

    def at(self, urn: str) -> Resource | None:
        return self._by_urn.get(urn)

    def behind(self, resource: Resource, name: str, *types: str) -> list[Resource]:
        """The resources of some types that a property's value came from."""
        found = [self._by_urn.get(urn) for urn in resource.sources.get(name, ())]
        return [source for source in found if source is not None and source.type in types]

    def __getitem__(self, position: Any) -> Any:
        return cast(Any, self._all[position])

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


def names(
    stack: Stack, resource: Resource, path: Sequence[str], other: Resource, identity: str
) -> bool:
    """Whether a property names another resource of the stack: by where its value came from, else
    by the value, which the other has as `identity` (`bucket`, `name`, `arn`). Raises NotYet."""
    named = stack.behind(resource, path[0], other.type)
    if named:
        return any(other.urn == one.urn for one in named)
    value = resource.get(*path)
    return value is not None and value == other.get(identity)


def those(resources: Iterable[Resource], test: Callable[[Resource], bool]) -> list[Resource]:
    """Those that are known to pass a test. Raises NotYet where none is, and one still may."""
    passed: list[Resource] = []
    undecided = False
    for resource in resources:
        try:
            if test(resource):
                passed.append(resource)
        except NotYet:
            undecided = True
    if undecided and not passed:
        raise NotYet
    return passed
