"""Whether a value is of the type that the SDK declares; unknown values are of every type."""

from __future__ import annotations

import difflib
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Final

import pulumi

from aws_sandbox.plugin.schema import Member, alternatives, members
from aws_sandbox.plugin.values import (
    UNKNOWN,
    Archive,
    Asset,
    Path,
    Problem,
    Props,
    children,
    is_object,
)

NAMES: Final[Mapping[Any, str]] = {
    str: "a string",
    bool: "a boolean",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "an object",
    Asset: "an asset",
    Archive: "an archive",
}


def object_problems(
    owner: str, declared: Mapping[str, Member], values: Props, path: Path = ()
) -> Iterator[Problem]:
    """Missing, unknown and mistyped properties of one object, and of the objects in it."""
    for name, member in declared.items():
        if member.required and name not in values:
            yield Problem(path=(*path, name), reason=f"{owner} requires {name!r}; set it")
    for name, value in values.items():
        if name in declared:
            yield from _problems(declared[name].choices, value, (*path, name))
        else:
            yield Problem(path=(*path, name), reason=_unknown_property(owner, name, declared))


def _unknown_property(owner: str, name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"{owner} has no property {name!r}" + (f"; did you mean {close[0]!r}?" if close else "")


def _problems(choices: Sequence[Any], value: Any, path: Path) -> Iterator[Problem]:
    if value is UNKNOWN:
        return
    fitting = [choice for choice in choices if isinstance(value, _holder(choice))]
    if not fitting or (isinstance(value, bool) and bool not in choices):
        wanted = " or ".join(dict.fromkeys(NAMES[_first(_holder(choice))] for choice in choices))
        yield Problem(path=path, reason=f"expected {wanted}, got {_shown(value)}")
        return
    for child_choices, key, child in _children(fitting[0], value):
        yield from _problems(child_choices, child, (*path, key))
    if is_object(value) and not typing.get_origin(fitting[0]):
        cls: type = fitting[0]
        yield from object_problems(cls.__name__.removesuffix("Args"), members(cls), value, path)


def _holder(choice: Any) -> type | tuple[type, ...]:
    """The plain Python type that holds a value of the SDK's type."""
    origin = typing.get_origin(choice)
    if origin is not None:
        return list if issubclass(origin, Sequence) else dict
    if choice is float:
        return (float, int)
    if choice in {str, bool, int}:
        return choice
    if issubclass(choice, Enum):
        return str
    return {pulumi.Asset: Asset, pulumi.Archive: Archive}.get(choice, dict)


def _first(holder: type | tuple[type, ...]) -> type:
    return holder[0] if isinstance(holder, tuple) else holder


def _children(choice: Any, value: Any) -> Iterator[tuple[Sequence[Any], str | int, Any]]:
    """The elements of a list or map with the types that they may have."""
    if typing.get_origin(choice) is not None:
        element = alternatives(typing.get_args(choice)[-1])
        for key, child in children(value):
            yield element, key, child


def _shown(value: Any) -> str:
    return NAMES.get(type(value), "something else") + (
        f" ({value!r})" if isinstance(value, str | int | float) else ""
    )
