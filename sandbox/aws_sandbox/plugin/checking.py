"""Makes a program's properties ready for a resource, and finds what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from aws_sandbox.plugin.autoname import MADE
from aws_sandbox.plugin.constraints import constraint_problems
from aws_sandbox.plugin.fields import Fields, completed
from aws_sandbox.plugin.provider import Provider
from aws_sandbox.plugin.resource import Resource
from aws_sandbox.plugin.typecheck import object_problems
from aws_sandbox.plugin.values import (
    UNKNOWN,
    Path,
    Problem,
    Props,
    children,
    has_unknown,
    is_array,
    is_object,
)


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
        *constraint_problems(resource.shape, resource.fields, props),
        *_json_problems(resource.fields, props),
        *resource.check(props),
    ]


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
