"""Every value of a stack's settings, defaults included, with the place that it comes from."""

import datetime
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from stacks.load import Settings
from stacks.model import Model
from stacks.protection_settings import TIERS
from stacks.settings_files import Location
from stacks.settings_layers import Layer, Values

DEFAULT = "default"
_FIRST = ("customer", "role", "name", "account")
"""What a stack is."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A value that holds no further ones, or a list or object that is empty."""

    path: Location
    value: Any
    """As JSON has it."""
    origin: str
    """What the place is: a layer's, a tier, or the default."""
    layer: Layer | None
    """None: nothing that is written."""


def settings_with_origins(settings: Settings, values: Values) -> Iterator[Setting]:
    """A plan's rules are those that it comes to have by its tier."""
    for path, value in _leaves(_as_deployed(settings), ()):
        layer = next((each for each in reversed(values.layers) if _writes(each, path)), None)
        origin = layer.origin if layer else _tier_of(settings, path, value) or DEFAULT
        yield Setting(path=path, value=value, origin=origin, layer=layer)


def _as_deployed(settings: Settings) -> Mapping[str, Any]:
    """With what a plan's vault, tag and rules are, where settings leave them open."""
    dumped = _plain(settings)
    found = {name: dumped[name] for name in _FIRST if name in dumped} | dumped
    for name, plan in found["plans"].items():
        _, tag_value = settings.tag_of(name)
        rules = settings.rules_of(name)
        plan["vault"] = settings.vault_of(name)
        plan["tier"] = settings.tier_of(name)
        plan["rules"] = {rule: _plain(what) for rule, what in rules.items()}
        plan["selection"]["value"] = tag_value
    return found


def _plain(model: Model) -> dict[str, Any]:
    """As JSON has it; sets in order, so that one stack's settings always read alike."""
    return json.loads(json.dumps(model.model_dump(), default=_as_json))


def _as_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime.date) else sorted(value)


def _tier_of(settings: Settings, path: Location, value: object) -> str:
    """The tier that gives a plan's rule a value; empty where none does."""
    match path:
        case ("plans", str() as plan, "rules", str() as rule, *rest) if rest:
            tier = settings.tier_of(plan)
            held = {**TIERS, **settings.tiers}[tier].rules.get(rule) if tier else None
            given: Any = held and _plain(held)
            for part in rest:
                given = given[part] if given and (isinstance(part, int) or part in given) else None
            return f"tier {tier}" if held is not None and given == value else ""
        case _:
            return ""


def _leaves(value: Any, path: Location) -> Iterator[tuple[Location, Any]]:
    if isinstance(value, Mapping) and value:
        for key, held in cast(Mapping[str, Any], value).items():
            yield from _leaves(held, (*path, key))
    elif isinstance(value, list) and any(isinstance(item, dict) for item in cast(Any, value)):
        for position, item in enumerate(cast(list[Any], value)):
            yield from _leaves(item, (*path, position))
    else:
        yield path, value


def _writes(layer: Layer, path: Location) -> bool:
    found: Any = layer.values
    for part in path:
        match found:
            case Mapping() if part in found:
                found = cast(Mapping[Any, Any], found)[part]
            case list() if isinstance(part, int) and part < len(cast(list[Any], found)):
                found = cast(list[Any], found)[part]
            case _:
                return False
    return True
