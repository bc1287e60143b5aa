"""Makes a program's properties ready for a resource, and finds what is wrong with them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from botocore.model import ListShape, Shape

from aws_sandbox.plugin.aws import Provider
from aws_sandbox.plugin.fields import Autoname, Fields, completed, value_to_api
from aws_sandbox.plugin.resource import Resource
from aws_sandbox.plugin.schema import member_shape, object_problems
from aws_sandbox.plugin.values import (
    UNKNOWN,
    Path,
    Problem,
    Props,
    children,
    has_unknown,
    is_array,
    is_empty,
    is_object,
)
from aws_sandbox.shapes import violations


def filled(resource: Resource, inputs: Props, provider: Provider) -> Props:
    """The inputs with what the official plugin adds: the Region, all tags, JSON as text."""
    result = dict(inputs)
    if "region" in resource.schema.inputs:
        result.setdefault("region", provider.region)
    if resource.tagging is not None:
        tags = result.get("tags", {})
        if has_unknown(tags):
            result["tagsAll"] = UNKNOWN
        elif is_object(tags):
            result["tagsAll"] = {**provider.default_tags, **tags}
    for name, field in resource.fields.items():
        value = result.get(name)
        if field.json and is_object(value):
            unknown = has_unknown(value)
            result[name] = UNKNOWN if unknown else json.dumps(value, sort_keys=True)
    return result


def problems(resource: Resource, inputs: Props) -> Sequence[Problem]:
    """What is refused; values are looked at once their names and types are right."""
    given = {name: value for name, value in inputs.items() if name not in {MADE, "tagsAll"}}
    owner = resource.token.rsplit(":", 1)[1]
    found = [*object_problems(owner, resource.schema.inputs, given)]
    found = found or [*_unsupported(owner, resource.fields, given)]
    if found:
        return found
    props = completed(resource.fields, inputs)
    return [
        *_constraint_problems(resource.shape, resource.fields, props),
        *_json_problems(resource.fields, props),
        *resource.check(props),
    ]


def _constraint_problems(
    shape: Shape, fields: Fields, values: Props, path: Path = ()
) -> Iterator[Problem]:
    """Where known values of mapped properties break the constraints of AWS's model."""
    for name, field in fields.items():
        value, where = values.get(name), (*path, name)
        if field.between is not None and isinstance(value, int):
            least, most = field.between
            if not least <= value <= most:
                yield Problem(path=where, reason=f"must be {least} to {most}, not {value}")
        member = member_shape(shape, field.api) if field.api else None
        if member is None or value is UNKNOWN or is_empty(value):
            continue
        if field.convert is not None:
            value = UNKNOWN if has_unknown(value) else value_to_api(field, value)
        elif field.fields is not None:
            yield from _nested_problems(member, field.fields, value, where)
            value = [UNKNOWN] * len(value) if is_array(value) else UNKNOWN
        for place, reason in violations(member, value, where, unknown=UNKNOWN):
            yield Problem(path=place, reason=f"AWS says: it {reason}")


def _nested_problems(shape: Shape, fields: Fields, value: Any, path: Path) -> Iterator[Problem]:
    if isinstance(shape, ListShape):
        for index, child in children(value):
            if is_object(child):
                yield from _constraint_problems(shape.member, fields, child, (*path, index))
    elif is_object(value):
        yield from _constraint_problems(shape, fields, value, path)


def _unsupported(owner: str, fields: Fields, values: Props, path: Path = ()) -> Iterator[Problem]:
    """What the official plugin takes and the table does not have, in nested objects too."""
    for name, value in values.items():
        where = (*path, name)
        if name not in fields:
            reason = f"the sandbox's stand-in does not support {name!r} of {owner}"
            yield Problem(path=where, reason=reason)
        elif (inner := fields[name].fields) is not None:
            nested = children(value) if is_array(value) else [(None, value)]
            for key, child in nested:
                place = where if key is None else (*where, key)
                if is_object(child):
                    yield from _unsupported(f"{owner}.{name}", inner, child, place)


def _json_problems(fields: Fields, props: Props) -> Iterator[Problem]:
    for name, field in fields.items():
        value = props.get(name)
        if field.json and isinstance(value, str):
            try:
                json.loads(value)
            except json.JSONDecodeError as error:
                yield Problem(path=(name,), reason=f"is not JSON: {error}")


MADE: Final = "__defaults"
"""The input that lists which properties the plugin chose; the official plugin keeps the same."""


class Mode(Enum):
    """What the engine asks of a proposed name (its `pulumi:autonaming` setting)."""

    PROPOSE = 0
    ENFORCE = 1
    DISABLE = 2


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """The engine's own wish for a name."""

    name: str
    mode: Mode


def named(
    resource: Resource,
    program_name: str,
    *,
    seed: bytes,
    proposal: Proposal | None,
    olds: Props,
    news: Props,
) -> Props | Problem:
    """The inputs with a name; one that was made before stays."""
    key = resource.named
    if not key or key in news:
        return news
    if key in olds and key in olds.get(MADE, []):
        return news | {key: olds[key], MADE: [key]}
    field = resource.properties[key].autoname
    assert field is not None
    if proposal is not None and proposal.mode is Mode.DISABLE:
        return Problem(path=(key,), reason=f"autonaming is switched off: set {key!r}")
    if proposal is not None and proposal.mode is Mode.ENFORCE:
        return news | {key: proposal.name, MADE: [key]}
    name = proposal.name if proposal is not None else _random(field, program_name, seed)
    name = name.lower() if field.lower else name
    if not name.startswith(field.prefix):
        name = field.prefix + name
    if len(name) > field.maximum:
        reason = f"the automatic name {name!r} is longer than {field.maximum} characters"
        return Problem(path=(key,), reason=f"{reason}: set {key!r}")
    return news | {key: name, MADE: [key]}


def given(inputs: Props) -> Props:
    """The inputs without the note of which of them the plugin chose."""
    return {name: value for name, value in inputs.items() if name != MADE}


def _random(field: Autoname, program_name: str, seed: bytes) -> str:
    """The name in the program and random characters, the same for the same seed of the engine's."""
    if not field.random:
        return program_name
    digest = hashlib.sha256(seed or program_name.encode()).digest()
    letters = (field.alphabet[byte % len(field.alphabet)] for byte in digest[: field.random])
    return f"{program_name}{field.separator}{''.join(letters)}"
