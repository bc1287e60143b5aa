"""What AWS's service models refuse: values outside an enumeration, a pattern, a length, a range."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from botocore.loaders import Loader, create_loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StringShape, StructureShape

from aws_sandbox.plugin.fields import Field, Fields, value_to_api
from aws_sandbox.plugin.values import (
    UNKNOWN,
    Path,
    Problem,
    Props,
    children,
    has_unknown,
    is_empty,
    is_object,
)

LOADER: Final[Loader] = create_loader()
"""Holds each service's model once it was read: shared with the clients, which read the same."""


@cache
def input_shape(service: str, operation: str) -> StructureShape:
    """The input of an operation as botocore's model of the service describes it."""
    model = ServiceModel(LOADER.load_service_model(service, "service-2"), service)
    shape = model.operation_model(operation).input_shape
    assert isinstance(shape, StructureShape), f"{service} {operation} takes no input"
    return shape


def member_shape(shape: Shape, path: str) -> Shape | None:
    """The shape at a dotted path of members, or None where the operation takes no such member."""
    found: Shape | None = shape
    for step in path.split("."):
        found = found.members.get(step) if isinstance(found, StructureShape) else None
    return found


def constraint_problems(
    shape: Shape, fields: Fields, values: Props, path: Path = ()
) -> Iterator[Problem]:
    """Where known values of mapped properties break the model's constraints."""
    for name, field in fields.items():
        value = values.get(name)
        if field.between is not None and isinstance(value, int):
            yield from _range_problems(*field.between, value, (*path, name))
        member = member_shape(shape, field.api) if field.api else None
        if member is not None and not is_empty(value) and value is not UNKNOWN:
            yield from _field_problems(member, field, value, (*path, name))


def _field_problems(shape: Shape, field: Field, value: Any, path: Path) -> Iterator[Problem]:
    if field.convert is not None:
        if not has_unknown(value):
            yield from _problems(shape, value_to_api(field, value), path)
    elif field.fields is None:
        yield from _problems(shape, value, path)
    elif isinstance(shape, ListShape):
        yield from _length_problems(shape, value, path)
        for index, child in children(value):
            if is_object(child):
                yield from constraint_problems(shape.member, field.fields, child, (*path, index))
    elif is_object(value):
        yield from constraint_problems(shape, field.fields, value, path)


def _problems(shape: Shape, value: Any, path: Path) -> Iterator[Problem]:
    if value is UNKNOWN:
        return
    if isinstance(shape, StringShape):
        yield from _string_problems(shape, value, path)
    elif isinstance(shape, ListShape | MapShape):
        element = shape.member if isinstance(shape, ListShape) else shape.value
        yield from _length_problems(shape, value, path)
        for key, child in children(value):
            yield from _problems(element, child, (*path, key))
    elif isinstance(shape, StructureShape):
        for key, child in children(value):
            if (member := shape.members.get(str(key))) is not None:
                yield from _problems(member, child, (*path, key))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        limits = shape.metadata.get("min"), shape.metadata.get("max")
        yield from _range_problems(*limits, value, path)


def _string_problems(shape: StringShape, value: Any, path: Path) -> Iterator[Problem]:
    allowed = shape.enum
    if allowed and value not in allowed:
        yield Problem(path=path, reason=f"{value!r} is none of {', '.join(allowed)}")
        return
    yield from _length_problems(shape, value, path)
    pattern = _compiled(shape.metadata.get("pattern"))
    if pattern is not None and not pattern.fullmatch(str(value)):
        yield Problem(path=path, reason=f"{value!r} does not match AWS's pattern {pattern.pattern}")


def _length_problems(shape: Shape, value: Any, path: Path) -> Iterator[Problem]:
    what = " characters" if isinstance(shape, StringShape) else " elements"
    limits = shape.metadata.get("min"), shape.metadata.get("max")
    yield from _range_problems(*limits, len(value), path, what)


def _range_problems(
    least: float | None, most: float | None, size: float, path: Path, what: str = ""
) -> Iterator[Problem]:
    if least is not None and size < least:
        yield Problem(path=path, reason=f"{size}{what} is less than AWS's minimum of {least}")
    if most is not None and size > most:
        yield Problem(path=path, reason=f"{size}{what} is more than AWS's maximum of {most}")


@cache
def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    """AWS's pattern; None for those in another dialect of regular expressions than Python's."""
    try:
        return re.compile(pattern) if pattern else None
    except re.error:
        return None
