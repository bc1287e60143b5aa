"""EventBridge event patterns: which events a rule lets through.

As documented under "Amazon EventBridge event patterns" and, where that is silent (arrays of
objects, empty arrays), as EventBridge's published matching library, Event Ruler, does it.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from aws_sandbox.events.matchers import (
    Match,
    PatternError,
    Scalar,
    exactly,
    only_entry,
    operation,
)

__all__ = ["EventPattern", "PatternError"]

_OR = "$or"
_RESERVED_IN_OR = frozenset(
    {"anything-but", "cidr", "equals-ignore-case", "exists", "numeric", "prefix", "suffix"}
    | {"wildcard", "=", "<", "<=", ">", ">="}
)

_Object = Mapping[str, Any]
_Fields = Callable[[_Object], bool]
_Test = Callable[[Any], bool]


@dataclass(frozen=True, kw_only=True)
class EventPattern:
    """A parsed pattern."""

    fields: _Fields

    @staticmethod
    def parse(pattern: str | Mapping[str, Any]) -> "EventPattern":
        """Reads a pattern from JSON text or its mapping; raises PatternError naming the place."""
        content: Any = pattern
        if isinstance(pattern, str):
            try:
                content = json.loads(pattern, object_pairs_hook=_without_duplicates)
            except json.JSONDecodeError as error:
                raise PatternError(f"not JSON: {error}") from error
        if not isinstance(content, Mapping):
            raise PatternError(f"a pattern is an object, not {content!r}")
        return EventPattern(fields=_fields("", cast("_Object", content)))

    def matches(self, event: Mapping[str, Any]) -> bool:
        return self.fields(event)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise PatternError(f"{', '.join(twice)} is there more than once")
    return mapping


def _fields(place: str, pattern: _Object, *, inside_or: bool = False) -> _Fields:
    """Every field of the pattern must match, in one and the same object of the event."""
    if not pattern:
        raise PatternError(f"{place or 'the pattern'}: empty objects are not allowed")
    tests = [
        _alternatives(f"{place}.{name}".lstrip("."), value)
        if name == _OR
        else _field(f"{place}.{name}".lstrip("."), name, value, inside_or=inside_or)
        for name, value in pattern.items()
    ]
    return lambda candidate: all(test(candidate) for test in tests)


def _field(place: str, name: str, value: Any, *, inside_or: bool) -> _Fields:
    if inside_or and name in _RESERVED_IN_OR:
        raise PatternError(f"{place}: an operator is no field's name inside $or")
    if isinstance(value, Mapping):
        test = _nested(_fields(place, cast("_Object", value), inside_or=inside_or))
    elif isinstance(value, list):
        test = _leaf(place, cast("Sequence[Any]", value))
    else:
        raise PatternError(f"{place}: must be an object or an array, not {value!r}")
    return lambda candidate: test(candidate.get(name, []))


def _alternatives(place: str, value: Any) -> _Fields:
    choices = cast("Sequence[Any]", value) if isinstance(value, list) else ()
    if len(choices) < 2 or not all(isinstance(choice, Mapping) for choice in choices):
        raise PatternError(f"{place}: takes an array of two or more objects")
    tests = [
        _fields(f"{place}[{index}]", choice, inside_or=True) for index, choice in enumerate(choices)
    ]
    return lambda candidate: any(test(candidate) for test in tests)


def _nested(fields: _Fields) -> _Test:
    """The fields of an object, or of any one object of an array however nested.

    Where the event has no object, its fields are absent, which `exists: false` matches.
    """

    def test(value: Any) -> bool:
        objects = [cast("_Object", found) for found in _flat(value) if isinstance(found, Mapping)]
        return any(fields(found) for found in objects or [{}])

    return test


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for element in cast("Sequence[Any]", value):
            yield from _flat(element)
    else:
        yield value


def _leaf(place: str, choices: Sequence[Any]) -> _Test:
    """Any choice matching any of the event's values; an object is no value."""
    if not choices:
        raise PatternError(f"{place}: empty arrays are not allowed")
    tests = [_choice(f"{place}[{index}]", choice) for index, choice in enumerate(choices)]

    def test(value: Any) -> bool:
        values = [found for found in _flat(value) if not isinstance(found, Mapping)]
        return any(test(values) for test in tests)

    return test


def _choice(place: str, choice: Any) -> Callable[[Sequence[Scalar]], bool]:
    if isinstance(choice, list):
        raise PatternError(f"{place}: is a string, number, true, false, null or an operator")
    if not isinstance(choice, Mapping):
        return _any(exactly(choice))
    name, operand = only_entry(place, cast("_Object", choice))
    if name != "exists":
        return _any(operation(place, name, operand))
    if not isinstance(operand, bool):
        raise PatternError(f"{place}.exists: takes true or false, not {operand!r}")
    return lambda values: bool(values) is operand


def _any(match: Match) -> Callable[[Sequence[Scalar]], bool]:
    return lambda values: any(match(value) for value in values)
