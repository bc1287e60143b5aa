"""How often a schedule of AWS Backup runs: its cron expressions, and EventBridge's rates.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
"""

from __future__ import annotations

import calendar
import datetime
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

DEFAULT = "cron(0 5 ? * * *)"
"""AWS Backup's own, where a rule of a plan has none."""

_DAY = 24 * 60
_FIRST, _LAST = datetime.date(2028, 1, 1), datetime.date(2032, 12, 31)
"""Days that are looked through: a whole cycle of leap years, which has not begun."""
_UNITS = {"minute": 1, "hour": 60, "day": _DAY}


class UnreadableSchedule(ValueError):
    """Names the expression, or the part of it, that is none."""


@dataclass(frozen=True)
class _Field:
    low: int
    high: int
    names: tuple[str, ...] = ()
    """Of the values, from the lowest on."""

    def values(self, text: str) -> frozenset[int]:
        """Of lists, ranges, steps, * and ?."""
        return frozenset(value for item in text.split(",") for value in self._item(item))

    def _item(self, item: str) -> range | list[int]:
        what, slash, step = item.partition("/")
        every = self._number(step, 1, self.high) if slash else 1
        if what in ("*", "?", ""):
            low, high = self.low, self.high
        elif "-" in what:
            low, high = (self.value(end) for end in what.split("-", 1))
        else:
            low = self.value(what)
            high = self.high if slash else low
        if low > high:  # FRI-MON
            return [*range(low, self.high + 1), *range(self.low, high + 1)][::every]
        return range(low, high + 1, every)

    def value(self, text: str) -> int:
        if text.upper() in self.names:
            return self.low + self.names.index(text.upper())
        return self._number(text, self.low, self.high)

    def _number(self, text: str, low: int, high: int) -> int:
        if not re.fullmatch(r"[0-9]{1,4}", text) or not low <= int(text) <= high:
            raise UnreadableSchedule(f"{text!r} is no number from {low} to {high}")
        return int(text)


_MINUTES, _HOURS = _Field(0, 59), _Field(0, 23)
_DAYS = _Field(1, 31)
_MONTHS = _Field(
    1, 12, ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
)
_WEEKDAYS = _Field(1, 7, ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"))
_YEARS = _Field(1970, 2199)


def longest_gap_hours(schedules: Sequence[str]) -> float:
    """Between two starts of schedules of one time zone, taken together; infinite where they end.

    Raises UnreadableSchedule.
    """
    rates = [rate for one in schedules if (rate := _rate(one)) is not None]
    starts = sorted({start for one in schedules if _rate(one) is None for start in _starts(one)})
    edges = [0, *starts, ((_LAST - _FIRST).days + 1) * _DAY]
    gaps = [later - earlier for earlier, later in pairwise(edges)]
    by_cron = max(gaps[1:-1], default=float("inf"))
    if max(gaps[0], gaps[-1]) > 2 * max(by_cron, _DAY):
        by_cron = float("inf")
    return min([by_cron, *rates]) / 60


def _rate(schedule: str) -> int | None:
    """Minutes; None where it is no rate."""
    found = re.fullmatch(r"rate\(\s*([1-9][0-9]*)\s+(minute|hour|day)s?\s*\)", schedule.strip())
    return int(found[1]) * _UNITS[found[2]] if found else None


@lru_cache(maxsize=256)
def _starts(schedule: str) -> tuple[int, ...]:
    """Minutes since the first day's midnight, in order."""
    found = re.fullmatch(r"cron\((.*)\)", schedule.strip())
    fields = found[1].split() if found else []
    if len(fields) != 6:
        raise UnreadableSchedule(f"{schedule!r} is neither cron(…) of six fields nor rate(…)")
    minutes, hours, days, months, weekdays, years = fields
    times = [60 * h + m for h in _HOURS.values(hours) for m in _MINUTES.values(minutes)]
    in_months, in_years = _MONTHS.values(months), _YEARS.values(years)
    on_days, on_weekdays = _days_of_month(days), _days_of_week(weekdays)
    return tuple(
        number * _DAY + time
        for number in range((_LAST - _FIRST).days + 1)
        if (day := _FIRST + datetime.timedelta(days=number)).month in in_months
        and day.year in in_years
        and on_days(day)
        and on_weekdays(day)
        for time in sorted(times)
    )


_OnDay = Callable[[datetime.date], bool]


def _days_of_month(text: str) -> _OnDay:
    items = [_day_of_month(item) for item in text.upper().split(",")]
    return lambda day: any(item(day) for item in items)


def _day_of_month(item: str) -> _OnDay:
    if found := re.fullmatch(r"L(?:-([0-9]{1,2}))?", item):
        before = int(found[1] or 0)
        return lambda day: day.day == _length(day) - before
    if item == "LW":
        return lambda day: day.day == _nearest_weekday(day, _length(day))
    if found := re.fullmatch(r"([0-9]{1,2})W", item):
        near = _DAYS.value(found[1])
        return lambda day: near <= _length(day) and day.day == _nearest_weekday(day, near)
    values = _DAYS.values(item)
    return lambda day: day.day in values


def _days_of_week(text: str) -> _OnDay:
    items = [_day_of_week(item) for item in text.upper().split(",")]
    return lambda day: any(item(day) for item in items)


def _day_of_week(item: str) -> _OnDay:
    if found := re.fullmatch(r"(\w+)#([1-5])", item):
        nth, which = _WEEKDAYS.value(found[1]), int(found[2])
        return lambda day: _weekday(day) == nth and (day.day - 1) // 7 + 1 == which
    if found := re.fullmatch(r"(\w+)L", item):
        last = _WEEKDAYS.value(found[1])
        return lambda day: _weekday(day) == last and day.day + 7 > _length(day)
    values = frozenset({7}) if item == "L" else _WEEKDAYS.values(item)
    return lambda day: _weekday(day) in values


def _weekday(day: datetime.date) -> int:
    """From 1, a Sunday, to 7."""
    return day.isoweekday() % 7 + 1


def _length(month: datetime.date) -> int:
    return calendar.monthrange(month.year, month.month)[1]


def _nearest_weekday(month: datetime.date, near: int) -> int:
    """The day from Monday to Friday nearest to a day of a month, within the month."""
    weekday = month.replace(day=near).isoweekday()
    if weekday == 6:
        return near - 1 if near > 1 else near + 2
    if weekday == 7:
        return near + 1 if near < _length(month) else near - 2
    return near
