"""A stack's state, as its backend has it, as rules see resources."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from fleet.errors import ToldError
from policies.resources import UNKNOWN, Resource, Stack

_SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key by which Pulumi marks what is no plain value."""
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - marks one, and is none


def stack_of_state(resources: Iterable[Mapping[str, Any]]) -> Stack:
    """What is deployed: outputs, which a refresh brings up to date, over inputs. A secret is
    UNKNOWN: the state has it encrypted, and no rule needs one."""
    there = [one for one in resources if not one.get("delete")]
    providers = {
        one["urn"]: _plain(one.get("inputs") or {})
        for one in there
        if one["type"].startswith("pulumi:providers:")
    }
    return Stack(
        Resource(
            type=one["type"],
            name=one["urn"].rpartition("::")[2],
            urn=one["urn"],
            props={**_plain(one.get("inputs") or {}), **_plain(one.get("outputs") or {})},
            sources=one.get("propertyDependencies") or {},
            parent=one.get("parent") or "",
            protect=bool(one.get("protect")),
            provider=providers.get((one.get("provider") or "").rpartition("::")[0], {}),
        )
        for one in there
    )


def exported_resources(file: Path) -> Sequence[Mapping[str, Any]]:
    """Of what `pulumi stack export` wrote. Raises ToldError."""
    try:
        exported: Any = json.loads(file.read_text(encoding="utf-8"))
        return cast("Sequence[Mapping[str, Any]]", exported["deployment"].get("resources") or [])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ToldError(
            f"{file} is no stack's state ({error}); write it by: pulumi stack export --file {file}"
        ) from error


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        mapping = cast("Mapping[str, Any]", value)
        if mapping.get(_SIGNATURE) == _SECRET:
            return UNKNOWN
        return {name: _plain(inner) for name, inner in mapping.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in cast("list[Any]", value)]
    return value
