"""Until when failures wait: maintenance windows of what is backed up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from handlers.open_ticket.events import Alert
from handlers.open_ticket.settings import QuietPeriod

_DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


def quiet_until(
    periods: Sequence[QuietPeriod], alert: Alert, now: datetime
) -> tuple[datetime, str] | None:
    """With the reason of the period that lasts longest; None where none is on."""
    found = [
        (end, period.reason)
        for period in periods
        if _concerns(period, alert)
        for start, end in _around(period, now)
        if start <= now < end
    ]
    return max(found, default=None)


def _concerns(period: QuietPeriod, alert: Alert) -> bool:
    return (
        (not period.accounts or alert.account in period.accounts)
        and (not period.regions or alert.region in period.regions)
        and (
            not period.resources
            or any(fnmatchcase(alert.resource, pattern) for pattern in period.resources)
        )
    )


def _around(period: QuietPeriod, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """From and until, of those that may be on."""
    if period.starts is not None and period.ends is not None:
        yield period.starts, period.ends
    if period.start is None or period.end is None:
        return
    zone = ZoneInfo(period.timezone)
    start, end = time.fromisoformat(period.start), time.fromisoformat(period.end)
    today = now.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):
        if _DAYS[day.weekday()] in period.weekdays:
            last = day if start < end else day + timedelta(days=1)
            yield (
                datetime.combine(day, start, zone).astimezone(UTC),
                datetime.combine(last, end, zone).astimezone(UTC),
            )
