"""Parameters checked against botocore's model of the API, as AWS checks them first."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from aws_sandbox.aws.backup.errors import invalid, missing

_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "structure": Mapping,
    "map": Mapping,
    "list": list,
}


def validate(shape: StructureShape, params: Mapping[str, Any]) -> None:
    """Raises MissingParameterValueException or InvalidParameterValueException, all in one."""
    absent = list(_absent(shape, params, ""))
    if absent:
        raise missing(f"Required parameters are missing: {', '.join(absent)}")
    problems = list(_problems(shape, params, ""))
    if problems:
        raise invalid("; ".join(problems))


def _absent(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        given = cast("Mapping[str, Any]", value)
        for name in shape.required_members:
            if given.get(name) is None:
                yield f"{path}{name}"
        for name, member in shape.members.items():
            if given.get(name) is not None:
                yield from _absent(member, given[name], f"{path}{name}.")
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for index, entry in enumerate(cast("list[Any]", value)):
            yield from _absent(shape.member, entry, f"{path}{index}.")


def _problems(shape: Shape, value: Any, path: str) -> Iterator[str]:
    expected = _TYPES.get(shape.type_name)
    if expected and (not isinstance(value, expected) or _is_stray_boolean(shape, value)):
        yield f"{path or 'the request'} must be a {shape.type_name}, not {value!r}"
        return
    yield from _out_of_range(shape, value, path)
    if isinstance(shape, StringShape):
        yield from _bad_text(shape, value, path)
    elif isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from _problems(member, value[name], f"{path}.{name}".lstrip("."))
    elif isinstance(shape, ListShape):
        for index, entry in enumerate(value):
            yield from _problems(shape.member, entry, f"{path}[{index}]")
    elif isinstance(shape, MapShape):
        for key, entry in value.items():
            yield from _problems(shape.key, key, f"key {key!r} of {path}")
            yield from _problems(shape.value, entry, f"{path}.{key}")


def _is_stray_boolean(shape: Shape, value: Any) -> bool:
    return isinstance(value, bool) and shape.type_name != "boolean"


def _out_of_range(shape: Shape, value: Any, path: str) -> Iterator[str]:
    sized = isinstance(value, str | list | Mapping)
    if not sized and not isinstance(value, int):
        return
    measure = len(cast("str", value)) if sized else value
    what = "the length of " if sized else ""
    metadata = cast("Mapping[str, Any]", shape.metadata)
    if "min" in metadata and measure < metadata["min"]:
        yield f"{what}{path} must be at least {metadata['min']}, not {measure}"
    if "max" in metadata and measure > metadata["max"]:
        yield f"{what}{path} must be at most {metadata['max']}, not {measure}"


def _bad_text(shape: StringShape, value: str, path: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        yield f"{path} must be one of {', '.join(shape.enum)}, not {value!r}"
    pattern = cast("str | None", cast("Mapping[str, Any]", shape.metadata).get("pattern"))
    if pattern and not re.fullmatch(pattern, value, re.DOTALL):
        yield f"{path} must match {pattern}, but is {value!r}"
