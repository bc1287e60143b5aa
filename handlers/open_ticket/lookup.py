"""What the account of a job tells of it beyond its event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from handlers.open_ticket.events import Alert


@dataclass(frozen=True, kw_only=True)
class Looked:
    plan: str = ""
    """Id of the plan; "" where the job was started on demand."""
    plan_name: str = ""
    rule: str = ""
    """Id of the plan's rule."""
    rule_name: str = ""
    resource_name: str = ""
    ended: datetime | None = None
    """The job's completion date."""
    category: str = ""
    """Its message category, SUCCESS where it completed without issues."""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Lookup(Protocol):
    def of(self, alert: Alert) -> Looked | None:
        """None: it cannot be looked up; the reason is logged."""


class NoLookup:
    """Where the function may look into no other account."""

    def of(self, alert: Alert) -> Looked | None:  # noqa: ARG002 - as the protocol has it
        return None
