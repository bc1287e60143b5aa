"""Resources as rules see them: plain data, in which what a preview cannot know says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from pulumi_policy.proxy import UnknownValueError


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
    """For a property, the URNs of the resources that its value came from."""

    def get(self, *path: str | int) -> Any:
        """The value at a path, None where there is none. Raises NotYet where it is unknown."""
        value: Any = self.props
        for part in path:
            if isinstance(value, Mapping):
                value = cast(Mapping[str | int, Any], value).get(part)
            elif (
                isinstance(value, list)
                and isinstance(part, int)
                and part < len(cast(list[Any], value))
            ):
                value = cast(list[Any], value)[part]
            else:
                value = None
            if value is UNKNOWN:
                raise NotYet
        return value


def those(resources: Sequence[Resource], test: Callable[[Resource], bool]) -> list[Resource]:
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


def plain(value: Any) -> Any:
    """Pulumi's checking proxies as plain data, unknown values replaced by UNKNOWN.

    The proxies raise on every look at an unknown value, `in` and `get` included.
    """
    if isinstance(value, Mapping):
        mapping = cast(Mapping[str, Any], value)
        return {key: _looked_up(mapping, key) for key in mapping}
    if isinstance(value, Sequence) and not isinstance(value, str):
        sequence = cast(Sequence[Any], value)
        return [_looked_up(sequence, position) for position in range(len(sequence))]
    return value


def _looked_up(container: Any, key: Any) -> Any:
    try:
        return plain(container[key])
    except UnknownValueError:
        return UNKNOWN
