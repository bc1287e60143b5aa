"""Where a drill takes place: a stack whose settings have one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fleet.deploy.order import settings_of
from fleet.deploy.selection import chosen
from fleet.errors import ToldError
from stacks import names
from stacks.drill import drill_region
from stacks.settings import Settings


class NoDrill(ToldError):
    """There is none, or there are several; says which."""


@dataclass(frozen=True, kw_only=True)
class Place:
    stack: str
    settings: Settings
    region: str

    @property
    def runbook(self) -> str:
        return names.drill(self.settings)


def place_of(name: str, project: Path) -> Place:
    """Of a stack, or of a customer that has one drill. Raises NoDrill."""
    found = [
        Place(stack=stack, settings=settings, region=drill_region(settings, settings.drill))
        for stack, settings in settings_of(chosen([name], project), project).items()
        if settings.drill is not None
    ]
    if not found:
        raise NoDrill(f"{name} has no drill; write `drill: {{}}` in its settings: docs/drill.md")
    if len(found) > 1:
        there = ", ".join(place.stack for place in found)
        raise NoDrill(f"{name} has several drills; name the stack of one: {there}")
    return found[0]
