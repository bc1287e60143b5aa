"""What settings of rules come to: runs, and the windows that they must keep to."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from reports.digest.schedules import runs_around
from stacks.protection_settings import MaintenanceWindow, Rule

DEFAULT_START_WINDOW_MINUTES = 480
"""AWS Backup's own: of jobs on one resource one runs at a time, and others wait so long."""


def timezone_of(rule: Rule, window: MaintenanceWindow | None) -> str:
    return rule.timezone or (window.timezone if window else "Etc/UTC")


def start_window_minutes(rule: Rule, window: MaintenanceWindow | None) -> int:
    """Without one of the rule's own, what the maintenance window leaves to it."""
    if rule.start_window_minutes is not None:
        return rule.start_window_minutes
    left = minutes_left(rule, window) if window else None
    if window is None or left is None:
        return DEFAULT_START_WINDOW_MINUTES
    return max(60, left - window.expected_backup_minutes)


def minutes_left(rule: Rule, window: MaintenanceWindow) -> int | None:
    """The fewest minutes from a run to the end of the window that it starts in, 0 for one that
    starts outside of every window; None where there is no run within a year.

    In the night in which clocks go forward there is an hour less.
    """
    hours = _Hours(
        begin=time.fromisoformat(window.start),
        end=time.fromisoformat(window.end),
        timezone=window.timezone,
    )
    return _minutes_left(rule.schedule, timezone_of(rule, window), hours, datetime.now(UTC).date())


@dataclass(frozen=True, kw_only=True)
class _Hours:
    """Of a maintenance window."""

    begin: time
    end: time
    timezone: str


@lru_cache(maxsize=1024)
def _minutes_left(schedule: str, timezone: str, hours: _Hours, today: date) -> int | None:
    runs = runs_around(schedule, timezone, today) or []
    return min((_left(run, hours) for run in runs), default=None)


def _left(run: datetime, hours: _Hours) -> int:
    zone = ZoneInfo(hours.timezone)
    for days in (0, 1):
        day = run.astimezone(zone).date() - timedelta(days=days)
        last = day + timedelta(days=1) if hours.end <= hours.begin else day
        opened = datetime.combine(day, hours.begin, zone).astimezone(UTC)
        closed = datetime.combine(last, hours.end, zone).astimezone(UTC)
        if opened <= run < closed:
            return int((closed - run).total_seconds()) // 60
    return 0
