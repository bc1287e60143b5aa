"""The next runs of stacks' backup plans, computed from their settings alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from reports.digest.schedules import runs_around
from stacks.backup_rules import start_window_minutes, timezone_of
from stacks.load import Settings
from stacks.protection_settings import Copy


@dataclass(frozen=True, kw_only=True)
class Run:
    at: datetime
    """In the rule's zone."""
    stack: str
    plan: str
    rule: str
    regions: Sequence[str]
    start_window_minutes: int
    keeps: str
    copies: Sequence[str]


def coming_runs(settings: Mapping[str, Settings], since: datetime, days: int) -> list[Run]:
    """Of all plans of these stacks, from an instant on, in order."""
    found = [
        run
        for stack, each in settings.items()
        for plan in each.plans
        for name in each.rules_of(plan)
        for run in _runs_of(stack, each, plan, name, since)
        if since <= run.at < since + timedelta(days=days)
    ]
    return sorted(found, key=lambda run: (run.at, run.stack, run.plan, run.rule))


def _runs_of(stack: str, settings: Settings, plan: str, name: str, since: datetime) -> list[Run]:
    """More than a year's to both sides."""
    rule, window = settings.rules_of(plan)[name], settings.window_of(plan)
    timezone = timezone_of(rule, window)
    return [
        Run(
            at=at.astimezone(ZoneInfo(timezone)),
            stack=stack,
            plan=plan,
            rule=name,
            regions=settings.plan_regions(plan),
            start_window_minutes=start_window_minutes(rule, window),
            keeps=f"{rule.delete_after_days} d" + (", continuous" if rule.continuous else ""),
            copies=[_copy(copy) for copy in rule.copies],
        )
        for at in runs_around(rule.schedule, timezone, since.date()) or []
    ]


def _copy(copy: Copy) -> str:
    return " ".join(part for part in (copy.account, copy.region) if part) or "here"
