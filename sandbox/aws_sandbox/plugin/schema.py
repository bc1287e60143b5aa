"""What each aws resource takes and gives, read from the `pulumi_aws` SDK's own type metadata,
and what AWS's API takes for it, from botocore's models.

The SDK is generated from the official plugin's schema, so its argument classes say which properties
exist, which are required and of what type, nested ones too. Nothing is imported before a type is
asked for: pulumi_aws is large. Unknown values are of every type.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import keyword
import sys
import types
import typing
from collections.abc import Awaitable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any, Final

import pulumi
from botocore.loaders import Loader, create_loader
from botocore.model import ServiceModel, Shape, StructureShape
from pulumi import Output

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


@dataclass(frozen=True, kw_only=True)
class Member:
    """One property: the alternative Python types of its value, and whether it must be set."""

    choices: tuple[Any, ...]
    required: bool


@dataclass(frozen=True, kw_only=True)
class ResourceSchema:
    """A resource's inputs by their Pulumi names, and the names of all its outputs."""

    inputs: Mapping[str, Member]
    outputs: frozenset[str]


@cache
def resource_schema(token: str) -> ResourceSchema:
    """The schema of a type by its token, `aws:backup/vault:Vault`."""
    package, module_name, name = token.split(":")
    service = module_name.split("/")[0]
    suffix = "_" * keyword.iskeyword(service)  # pulumi_aws.lambda_
    cls: type = getattr(importlib.import_module(f"pulumi_{package}.{service}{suffix}"), name)
    module = sys.modules[cls.__module__]
    arguments = next(getattr(module, name) for name in module.__all__ if name.endswith("Args"))
    return ResourceSchema(
        inputs=members(arguments),
        outputs=frozenset(
            pulumi_name(cls, name)
            for name, member in vars(cls).items()
            if isinstance(member, property)
        ),
    )


@cache
def members(arguments: type) -> Mapping[str, Member]:
    """The properties of an argument class of the SDK, by their Pulumi names."""
    constructor: Any = vars(arguments)["__init__"]
    hints = typing.get_type_hints(
        constructor,
        globalns=vars(sys.modules[arguments.__module__]),
        localns={"Output": Output, "T": Any},  # forward references within pulumi.Input
    )
    parameters = inspect.signature(constructor).parameters
    return {
        pulumi_name(arguments, name): Member(
            choices=alternatives(hints[name]),
            required=parameter.default is inspect.Parameter.empty,
        )
        for name, parameter in parameters.items()
        if name != "__self__"
    }


def pulumi_name(cls: type, python_name: str) -> str:
    """The Pulumi name that the SDK notes on a property's getter, `kmsKeyArn` for `kms_key_arn`."""
    return getattr(getattr(cls, python_name).fget, "_pulumi_name", python_name)


def alternatives(hint: Any) -> tuple[Any, ...]:
    """The plain types that a hint allows: without unions, and what only wraps or defers a value."""
    return tuple(_alternatives(hint))


def _alternatives(hint: Any) -> Iterator[Any]:
    origin = typing.get_origin(hint)
    if origin in {typing.Union, types.UnionType}:
        for argument in typing.get_args(hint):
            yield from _alternatives(argument)
    elif origin not in {Output, Awaitable} and hint is not types.NoneType:
        yield hint


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
