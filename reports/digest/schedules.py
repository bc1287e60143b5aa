"""When a backup rule runs: cron(…) with six fields, as AWS writes it.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_MONTHS = {name.upper(): n for n, name in enumerate(calendar.month_abbr) if n}
_DAYS = {name: n for n, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
_HORIZON = 400
"""Days to both sides: a year's months and both changes of the clock are in it."""


def longest_gap(schedule: str, timezone: str, around: date) -> timedelta | None:
    """The longest time between two runs in a row; None where the schedule is not understood, or
    does not run twice around that day."""
    runs = runs_around(schedule, timezone, around) or []
    return max((later - earlier for earlier, later in pairwise(runs)), default=None)


def runs_around(schedule: str, timezone: str, around: date) -> list[datetime] | None:
    """All runs of more than a year to both sides, in UTC and in order; None where the schedule is
    not understood."""
    found = re.fullmatch(r"cron\((.*)\)", schedule.strip())
    fields = found[1].split() if found else []
    if len(fields) != 6:
        return None
    try:
        return list(_runs(fields, ZoneInfo(timezone or "UTC"), around))
    except (ValueError, ZoneInfoNotFoundError):
        return None


def shortest_gap(schedule: str) -> timedelta | None:
    """The shortest time between two runs, by the times of day alone; None where the schedule is not
    understood, or runs once a day at most."""
    found = re.fullmatch(r"cron\((\S+) (\S+) .*\)", schedule.strip())
    if found is None:
        return None
    try:
        minutes, hours = _values(found[1], 0, 59), _values(found[2], 0, 23)
    except ValueError:
        return None
    times = sorted(60 * hour + minute for hour in hours for minute in minutes)
    if len(times) < 2:
        return None
    over_midnight = 24 * 60 - times[-1] + times[0]
    return timedelta(minutes=min(over_midnight, *(b - a for a, b in pairwise(times))))


def _runs(fields: Sequence[str], zone: ZoneInfo, around: date) -> Iterator[datetime]:
    """In UTC. A time that the clock leaps over is run as if it were there; of one that comes twice,
    the first."""
    minutes, hours, days, months, weekdays, years = fields
    times = [
        time(hour, minute)
        for hour in sorted(_values(hours, 0, 23))
        for minute in sorted(_values(minutes, 0, 59))
    ]
    in_months, in_years = _values(months, 1, 12, _MONTHS), _values(years, 1970, 2199)
    for number in range(-_HORIZON, _HORIZON):
        day = around + timedelta(days=number)
        if (
            day.month in in_months
            and day.year in in_years
            and (days == "?" or _is_day(days, day))
            and (weekdays == "?" or _is_weekday(weekdays, day))
        ):
            for at in times:
                yield datetime.combine(day, at, zone).astimezone(UTC)


def _values(
    text: str, low: int, high: int, names: Mapping[str, int] | None = None
) -> frozenset[int]:
    """Of a list of values, ranges and steps. Raises ValueError on anything else."""

    def value(word: str) -> int:
        number = names[word] if names and word in names else int(word)
        if not low <= number <= high:
            raise ValueError(f"{number} is not in {low}-{high}")
        return number

    found: set[int] = set()
    for item in text.split(","):
        span, slash, step = item.partition("/")
        first, dash, last = span.partition("-")
        if span in ("*", ""):
            start, end = low, high
        else:
            start = value(first)
            end = value(last) if dash else (high if slash else start)
        if end < start:  # FRI-MON
            found |= {*range(start, high + 1), *range(low, end + 1)}
        else:
            found |= set(range(start, end + 1, int(step) if slash else 1))
    return frozenset(found)


def _is_day(text: str, day: date) -> bool:
    last = calendar.monthrange(day.year, day.month)[1]
    for item in text.split(","):
        if item == "LW":
            wanted = _nearest_weekday(day.replace(day=last))
        elif item.endswith("W"):
            wanted = _nearest_weekday(day.replace(day=min(int(item[:-1]), last)))
        elif item.startswith("L"):
            wanted = day.replace(day=max(1, last - int(item[2:] or 0)))
        else:
            if day.day in _values(item, 1, 31):
                return True
            continue
        if day == wanted:
            return True
    return False


def _nearest_weekday(day: date) -> date:
    """Monday to Friday, in the same month."""
    match day.weekday():
        case 5:
            near = day - timedelta(days=1)
            return near if near.month == day.month else day + timedelta(days=2)
        case 6:
            near = day + timedelta(days=1)
            return near if near.month == day.month else day - timedelta(days=2)
        case _:
            return day


def _is_weekday(text: str, day: date) -> bool:
    number = day.isoweekday() % 7 + 1
    last = calendar.monthrange(day.year, day.month)[1]
    for item in text.split(","):
        name, hash_, nth = item.partition("#")
        if hash_:
            found = number in _values(name, 1, 7, _DAYS) and (day.day - 1) // 7 + 1 == int(nth)
        elif item == "L":
            found = number == 7
        elif item.endswith("L"):
            found = number in _values(item[:-1], 1, 7, _DAYS) and day.day > last - 7
        else:
            found = number in _values(item, 1, 7, _DAYS)
        if found:
            return True
    return False
