"""What a Pulumi property can hold, in plain Python, and how it travels on the wire.

Properties are `None | bool | int | float | str | list | dict | UNKNOWN | Asset | Archive`, by their
Pulumi (camelCase) names. Which of them are secret is told beside them, as a set of paths.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypeAlias, TypeGuard

from google.protobuf import json_format, struct_pb2

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


SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
"""The key by which a map says that it stands for something else."""
UNKNOWN_TEXT: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
UNKNOWN_TEXTS: Final = frozenset(
    {
        UNKNOWN_TEXT,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # a boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # a number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # an array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # an asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # an archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # an object
    }
)


class Mark(StrEnum):
    """What a map with a signature stands for."""

    ASSET = "c44067f5952c0a294b673a41bacd8c17"
    ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
    HIDDEN = "1b47061264138c4ac30d75fd1eb44270"
    RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
    OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"


@dataclass(frozen=True, kw_only=True)
class Properties:
    """A property map and the paths of what is secret in it."""

    values: Props
    secrets: frozenset[Path]


def decode(message: struct_pb2.Struct) -> Properties:
    """The property map of a request; properties that are null are absent."""
    secrets: set[Path] = set()
    values = _decode_object(json_format.MessageToDict(message), (), secrets)
    return Properties(values=values, secrets=frozenset(secrets))


def encode(values: Props, secrets: Iterable[Path] = ()) -> struct_pb2.Struct:
    """The property map of a response, with the values at those paths marked as secrets."""
    message = struct_pb2.Struct()
    message.update(_encode(values, (), frozenset(secrets)))
    return message


def _decode_object(plain: Props, path: Path, secrets: set[Path]) -> Props:
    decoded = {key: _decode(value, (*path, key), secrets) for key, value in plain.items()}
    return {key: value for key, value in decoded.items() if value is not None}


def _decode(value: Any, path: Path, secrets: set[Path]) -> Any:
    if is_object(value):
        reader = _decode_signed if SIGNATURE in value else _decode_object
        return reader(value, path, secrets)
    if is_array(value):
        return [_decode(child, (*path, index), secrets) for index, child in enumerate(value)]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return UNKNOWN if isinstance(value, str) and value in UNKNOWN_TEXTS else value


def _decode_signed(plain: Props, path: Path, secrets: set[Path]) -> Any:
    match plain[SIGNATURE]:
        case Mark.HIDDEN:
            secrets.add(path)
            return _decode(plain.get("value"), path, secrets)
        case Mark.OUTPUT:
            if plain.get("secret"):
                secrets.add(path)
            return _decode(plain.get("value", UNKNOWN_TEXT), path, secrets)
        case Mark.RESOURCE:
            return _decode(plain.get("id") or UNKNOWN_TEXT, path, secrets)
        case Mark.ASSET:
            return Asset(hash=plain.get("hash", ""), text=plain.get("text"), path=plain.get("path"))
        case Mark.ARCHIVE:
            assets = plain.get("assets")
            return Archive(
                hash=plain.get("hash", ""),
                assets=None if assets is None else _decode_object(assets, path, secrets),
                path=plain.get("path"),
            )
        case signature:
            raise ValueError(f"{path}: the engine sent a value of an unknown kind, {signature}")


def _encode(value: Any, path: Path, secrets: frozenset[Path]) -> Any:
    encoded = _encode_open(value, path, secrets)
    return {SIGNATURE: Mark.HIDDEN, "value": encoded} if path in secrets else encoded


def _encode_open(value: Any, path: Path, secrets: frozenset[Path]) -> Any:
    if value is UNKNOWN:
        return UNKNOWN_TEXT
    if isinstance(value, Asset):
        return {SIGNATURE: Mark.ASSET} | _given(hash=value.hash, text=value.text, path=value.path)
    if isinstance(value, Archive):
        assets = None if value.assets is None else _encode_open({**value.assets}, path, frozenset())
        return {SIGNATURE: Mark.ARCHIVE} | _given(hash=value.hash, assets=assets, path=value.path)
    if is_object(value):
        return {key: _encode(child, (*path, key), secrets) for key, child in value.items()}
    if is_array(value):
        return [_encode(child, (*path, key), secrets) for key, child in children(value)]
    return value


def _given(**values: Any) -> Props:
    return {key: value for key, value in values.items() if value is not None}
