"""`{{ … }}` in documents: what one names, and what it stands for."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

_REFERENCE = re.compile(r"\{\{\s*([A-Za-z0-9_:./-]+)\s*\}\}")

Lookup = Callable[[str], Any]
"""The value of a reference such as `InstanceId`, `FindVaults.Payload` or `global:REGION`."""


def names_in(value: Any) -> Iterator[str]:
    """Every reference anywhere in a value."""
    if isinstance(value, str):
        yield from _REFERENCE.findall(value)
    elif isinstance(value, Mapping):
        for each in cast("Mapping[str, Any]", value).values():
            yield from names_in(each)
    elif isinstance(value, list):
        for each in cast("list[Any]", value):
            yield from names_in(each)


def resolved(value: Any, lookup: Lookup) -> Any:
    """A value with what its references stand for.

    A text that is one reference becomes the value itself, of whatever type; within a list, one
    that stands for a list becomes its elements. Elsewhere in a text, lists and maps are JSON.
    """
    if isinstance(value, str):
        return _text(value, lookup)
    if isinstance(value, Mapping):
        given = cast("Mapping[str, Any]", value)
        return {key: resolved(each, lookup) for key, each in given.items()}
    if isinstance(value, list):
        return [each for entry in cast("list[Any]", value) for each in _entries(entry, lookup)]
    return value


def as_text(value: Any) -> str:
    """A value as Automation and Run Command write it into a text."""
    if isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"), default=str)


def _text(text: str, lookup: Lookup) -> Any:
    if whole := _REFERENCE.fullmatch(text.strip()):
        return lookup(whole[1])
    return _REFERENCE.sub(lambda found: as_text(lookup(found[1])), text)


def _entries(entry: Any, lookup: Lookup) -> list[Any]:
    value = resolved(entry, lookup)
    spread = isinstance(entry, str) and isinstance(value, list)
    return cast("list[Any]", value) if spread else [value]
