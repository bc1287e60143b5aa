"""What a Pulumi property can hold, in plain Python; codec.py alone knows how it travels.

Properties are `None | bool | int | float | str | list | dict | UNKNOWN | Asset | Archive`, by their
Pulumi (camelCase) names. Which of them are secret is told beside them, as a set of paths.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, TypeGuard

Props: TypeAlias = dict[str, Any]
Path: TypeAlias = tuple[str | int, ...]


class Unknown:
    """A value that only a deployment, not its preview, can know."""

    def __repr__(self) -> str:
        return "<unknown>"


UNKNOWN: Final = Unknown()


@dataclass(frozen=True, kw_only=True)
class Asset:
    """A file or text, as the engine describes it; equal when its content is."""

    hash: str
    text: str | None = field(default=None, compare=False)
    path: str | None = field(default=None, compare=False)


@dataclass(frozen=True, kw_only=True)
class Archive:
    """A folder, a zip file or named assets, as the engine describes them; equal by content."""

    hash: str
    assets: Mapping[str, Asset | Archive] | None = field(default=None, compare=False)
    path: str | None = field(default=None, compare=False)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A property that is refused, and the cure."""

    path: Path
    reason: str


def path_text(path: Path) -> str:
    """A property path as the engine writes it: `rules[0].schedule`, `tags["a.b"]`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step.replace("_", "").isalnum():
            text += f".{step}" if text else step
        else:
            text += f'["{step}"]'
    return text


def is_object(value: Any) -> TypeGuard[Props]:
    """Whether the value has named properties: an object of the SDK's or a map."""
    return isinstance(value, dict)


def is_array(value: Any) -> TypeGuard[list[Any]]:
    """Whether the value is a list."""
    return isinstance(value, list)


def children(value: Any) -> list[tuple[str | int, Any]]:
    """What is directly within a list or an object, by its key; nothing for any other value."""
    if is_object(value):
        return [*value.items()]
    return [*enumerate(value)] if is_array(value) else []


def has_unknown(value: Any) -> bool:
    """Whether the value or anything within it is unknown."""
    return value is UNKNOWN or any(has_unknown(child) for _, child in children(value))


def is_empty(value: Any) -> bool:
    """Whether AWS, and so the official plugin, takes the value for an unset one: an object in
    which nothing is set, too."""
    if is_object(value):
        return all(map(is_empty, value.values()))
    return value is None or (isinstance(value, str | list) and not value)


def lookup(value: Any, path: Path) -> Any:
    """The value at a path, or None where there is none."""
    for step in path:
        value = dict(children(value)).get(step)
    return value
