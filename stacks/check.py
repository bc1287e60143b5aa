"""How checks of settings that span several fields are registered.

Each yields problems as (location, message). A check names the fields that it reads, and runs when
those are valid whatever else is wrong, so that one reading lists everything.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from stacks.settings import AuditSettings, ManagementSettings, MemberSettings, StackSettings
from stacks.settings_files import Location

Problems = Iterator[tuple[Location, str]]
S = TypeVar("S", bound=StackSettings)


@dataclass(frozen=True, kw_only=True)
class Check:
    model: type[StackSettings]
    reads: frozenset[str]
    run: Callable[[StackSettings], Problems]


CHECKS: list[Check] = []


def account_of_stack(settings: StackSettings) -> str | None:
    """None for a central stack whose account organization does not name, which is told there."""
    if isinstance(settings, MemberSettings):
        return settings.account
    assert isinstance(settings, ManagementSettings | AuditSettings)
    return settings.organization.account_of(settings.role)


def check(model: type[S], *reads: str) -> Callable[[Callable[[S], Problems]], None]:
    """Registers a check of a model's settings that reads these fields."""

    def register(function: Callable[[S], Problems]) -> None:
        def run(settings: StackSettings) -> Problems:
            assert isinstance(settings, model)
            yield from function(settings)

        CHECKS.append(Check(model=model, reads=frozenset(reads), run=run))

    return register
