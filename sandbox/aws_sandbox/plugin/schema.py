"""What each aws resource takes and gives, read from the `pulumi_aws` SDK's own type metadata.

The SDK is generated from the official plugin's schema, so its argument classes say which properties
exist, which are required and of what type, nested ones too. Nothing is imported before a type is
asked for: pulumi_aws is large.
"""

from __future__ import annotations

import importlib
import inspect
import keyword
import sys
import types
import typing
from collections.abc import Awaitable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pulumi import Output


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
