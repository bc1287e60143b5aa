"""What botocore's model of an API says of a value: type, enumeration, pattern, length, range."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, TypeAlias, cast

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

Place: TypeAlias = tuple[str | int, ...]
"""The members, indices and keys that lead to a value."""


def written(place: Place) -> str:
    """`BackupPlan.Rules[0].RuleName`."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return "".join(steps).removeprefix(".") or "the request"


def missing_members(shape: Shape, value: Any, place: Place = ()) -> Iterator[Place]:
    """Where a structure lacks a member that the model requires; None is none."""
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        given = cast("Mapping[str, Any]", value)
        for name in shape.required_members:
            if given.get(name) is None:
                yield (*place, name)
        for name, member in shape.members.items():
            yield from missing_members(member, given.get(name), (*place, name))
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for index, entry in enumerate(cast("list[Any]", value)):
            yield from missing_members(shape.member, entry, (*place, index))


_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "structure": Mapping,
    "map": Mapping,
    "list": list,
}


def violations(
    shape: Shape, value: Any, place: Place = (), *, unknown: object = None
) -> Iterator[tuple[Place, str]]:
    """Where a value breaks the model, and what it "must be" there; `unknown` and None break none.

    Members that the model does not have are not looked at, nor what it lacks (missing_members).
    """
    if value is None or value is unknown:
        return
    expected = _TYPES.get(shape.type_name)
    stray = isinstance(value, bool) and shape.type_name != "boolean"
    if expected and (stray or not isinstance(value, expected)):
        yield place, f"must be a {shape.type_name}, not {value!r}"
        return
    for reason in (*_out_of_range(shape, value), *_bad_text(shape, value)):
        yield place, reason
    for member, child, step in _children(shape, value):
        yield from violations(member, child, (*place, step), unknown=unknown)


def _children(shape: Shape, value: Any) -> Iterator[tuple[Shape, Any, str | int]]:
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            yield member, value.get(name), name
    elif isinstance(shape, ListShape):
        for index, entry in enumerate(value):
            yield shape.member, entry, index
    elif isinstance(shape, MapShape):
        for key, entry in value.items():
            yield shape.key, key, key
            yield shape.value, entry, key


def _out_of_range(shape: Shape, value: Any) -> Iterator[str]:
    sized = isinstance(value, str | list | Mapping)
    if not sized and not isinstance(value, int | float):
        return
    measure = len(cast("str", value)) if sized else value
    what = "be of a length of" if sized else "be"
    metadata = cast("Mapping[str, Any]", shape.metadata)
    if "min" in metadata and measure < metadata["min"]:
        yield f"must {what} at least {metadata['min']}, not {measure}"
    if "max" in metadata and measure > metadata["max"]:
        yield f"must {what} at most {metadata['max']}, not {measure}"


def _bad_text(shape: Shape, value: Any) -> Iterator[str]:
    if not isinstance(shape, StringShape):
        return
    if shape.enum and value not in shape.enum:
        yield f"must be one of {', '.join(shape.enum)}, not {value!r}"
    pattern = _compiled(cast("Mapping[str, Any]", shape.metadata).get("pattern"))
    if pattern is not None and not pattern.fullmatch(value):
        yield f"must match {pattern.pattern}, but is {value!r}"


@cache
def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    """AWS's pattern; None for those in another dialect of regular expressions than Python's."""
    try:
        return re.compile(pattern, re.DOTALL) if pattern else None
    except re.error:
        return None
