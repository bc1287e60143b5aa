"""Names for resources that the program does not name, as the official plugin makes them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum
from typing import Final

from aws_sandbox.plugin.fields import Autoname
from aws_sandbox.plugin.resource import Resource
from aws_sandbox.plugin.values import Problem, Props

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
    name += field.suffix(news)
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
