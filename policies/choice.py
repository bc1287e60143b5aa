"""Which rules count, and how: a bundle of levels and thresholds, and what is chosen otherwise."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

Level = Literal["disabled", "advisory", "mandatory"]
Bundle = Literal["baseline", "regulated"]
LEVELS: Sequence[Level] = ("disabled", "advisory", "mandatory")
BUNDLES: Sequence[Bundle] = ("baseline", "regulated")


@dataclass(frozen=True, kw_only=True)
class PolicyException:
    """One resource that a rule lets pass for a time."""

    name: str
    """Of the resource, in its program."""
    reason: str
    until: datetime.date
    """The last day on which it counts."""


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What is chosen of one rule."""

    level: Level | None = None
    """None: as the bundle has it."""
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Thresholds and lists that are otherwise than the bundle has them."""
    exceptions: Sequence[PolicyException] = ()


@dataclass(frozen=True, kw_only=True)
class Choice:
    bundle: Bundle = "baseline"
    rules: Mapping[str, Chosen] = field(default_factory=dict[str, Chosen])
    """By the rule's name."""

    def of(self, rule: str) -> Chosen:
        return self.rules.get(rule, Chosen())


def chosen_from(raw: Mapping[str, Any]) -> Chosen:
    """Of `level`, `exceptions`, and the rule's own settings."""
    settings = {name: value for name, value in raw.items() if name not in ("level", "exceptions")}
    return Chosen(
        level=cast("Level | None", raw.get("level")),
        settings=settings,
        exceptions=[
            PolicyException(
                name=one["name"],
                reason=one["reason"],
                until=datetime.date.fromisoformat(str(one["until"])),
            )
            for one in raw.get("exceptions") or ()
        ],
    )


def choice_from(raw: Mapping[str, Any]) -> Choice:
    """As a stack's PolicyDemands hold it: `bundle`, and `rules` by name."""
    rules: Mapping[str, Mapping[str, Any]] = raw.get("rules") or {}
    return Choice(
        bundle=raw.get("bundle") or "baseline",
        rules={name: chosen_from(one) for name, one in rules.items()},
    )


def stricter(levels: Iterable[Level]) -> Level:
    return max(levels, key=LEVELS.index)
