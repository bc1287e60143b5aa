"""A function's environment, typed: a dataclass whose fields are the variables in lower case."""

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

T = TypeVar("T")


class IncompleteEnvironment(Exception):
    """Names every variable that a function needs and does not have."""


def read(kind: type[T], environ: Mapping[str, str]) -> T:
    """Fills a dataclass of str fields from the environment; fields with a default may be absent."""
    values: dict[str, Any] = {}
    missing: list[str] = []
    for name, required in variables(kind).items():
        if name in environ:
            values[name.lower()] = environ[name]
        elif required:
            missing.append(name)
    if missing:
        raise IncompleteEnvironment(f"the function's environment lacks {', '.join(missing)}")
    return kind(**values)


def variables(kind: type[Any]) -> dict[str, bool]:
    """The variables that a function reads, and whether it needs them."""
    return {
        field.name.upper(): field.default is dataclasses.MISSING
        for field in dataclasses.fields(kind)
    }
