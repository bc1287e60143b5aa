"""What the customer decided of incidents: settings.json beside this file, from the stack's settings
(stacks/ticket_settings.py says what each means)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Monitoring:
    resolve: bool = True
    partial: bool = False
    restore_tests: bool = True
    malware: bool = False
    changes: bool = False
    completed_with_issues: bool = False
    missing_reports: bool = True
    heartbeat: bool = True


@dataclass(frozen=True, kw_only=True)
class Priority:
    kinds: Sequence[str] = ()
    tiers: Sequence[str] = ()
    urgency: str
    impact: str


@dataclass(frozen=True, kw_only=True)
class ConfigurationItem:
    table: str = "cmdb_ci_vm_object"
    field: str = "object_id"
    by: str = "id"
    tag: str | None = None


@dataclass(frozen=True, kw_only=True)
class Texts:
    short_description: str | None = None
    description: str | None = None
    work_notes: str | None = None
    close_notes: str | None = None


@dataclass(frozen=True, kw_only=True)
class Storm:
    resources: int = 5
    minutes: int = 15


@dataclass(frozen=True, kw_only=True)
class QuietPeriod:
    reason: str
    accounts: Sequence[str] = ()
    regions: Sequence[str] = ()
    resources: Sequence[str] = ()
    starts: datetime | None = None
    ends: datetime | None = None
    weekdays: Sequence[str] = ()
    start: str | None = None
    end: str | None = None
    timezone: str = "Etc/UTC"


@dataclass(frozen=True, kw_only=True)
class TicketSettings:
    customer: str
    plan_prefix: str = ""
    """What the names of plans in AWS start with, before the name that settings have."""
    monitoring: Monitoring = Monitoring()
    assignment_group: str | None = None
    urgency: str = "2"
    impact: str = "2"
    priorities: Sequence[Priority] = ()
    category: str = "software"
    caller: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict[str, str])
    configuration_item: ConfigurationItem | None = None
    texts: Texts = Texts()
    close_code: str = "Resolved by request"
    duplicate_close_code: str = "Duplicate"
    note_seconds: int = 60
    storm: Storm | None = Storm()
    quiet_periods: Sequence[QuietPeriod] = ()
    account_names: Mapping[str, str] = field(default_factory=dict[str, str])


def read(text: str) -> TicketSettings:
    """From JSON. Raises TypeError naming a field that is missing or unknown."""
    told: dict[str, Any] = json.loads(text)
    made: dict[str, Any] = {
        "monitoring": Monitoring(**told.pop("monitoring", {})),
        "priorities": [Priority(**each) for each in told.pop("priorities", ())],
        "texts": Texts(**told.pop("texts", {})),
        "quiet_periods": [_quiet_period(each) for each in told.pop("quiet_periods", ())],
    }
    item, storm = told.pop("configuration_item", None), told.pop("storm", {})
    made["configuration_item"] = None if item is None else ConfigurationItem(**item)
    made["storm"] = None if storm is None else Storm(**storm)
    return TicketSettings(**made, **told)


def _quiet_period(told: dict[str, Any]) -> QuietPeriod:
    moments: dict[str, Any] = {
        name: datetime.fromisoformat(told[name]) for name in ("starts", "ends") if told.get(name)
    }
    return QuietPeriod(**{**told, **moments})
