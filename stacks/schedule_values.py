"""Leaf types of settings that say when: cron expressions and time zones."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import BeforeValidator, Field


@dataclass(frozen=True, kw_only=True)
class _CronField:
    """What a field of a schedule takes: lists of values, ranges and steps, and words of its own."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    """Of the values, from the lowest on."""
    words: str = r"(?!)"
    """A pattern of what else may stand in a list; its groups are values."""
    may_be_any: bool = False
    """Whether it takes ?."""

    def takes(self, text: str) -> bool:
        return (self.may_be_any and text == "?") or all(map(self._takes_one, text.split(",")))

    def _takes_one(self, item: str) -> bool:
        if word := re.fullmatch(self.words, item):
            return all(self._is_value(value) for value in word.groups() if value is not None)
        values, slash, step = item.partition("/")
        if slash and not (_number(step) and 1 <= int(step) <= self.high):
            return False
        if values == "*" or (slash and not values):
            return True
        return values.count("-") <= 1 and all(map(self._is_value, values.split("-")))

    def _is_value(self, text: str) -> bool:
        return text in self.names or (_number(text) and self.low <= int(text) <= self.high)

    @property
    def range(self) -> str:
        named = f" or {self.names[0]}-{self.names[-1]}" if self.names else ""
        return f"{self.low}-{self.high}{named}"


def _number(text: str) -> bool:
    return re.fullmatch(r"\d{1,4}", text, re.ASCII) is not None


_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_CRON_FIELDS = (
    _CronField(name="minutes", low=0, high=59),
    _CronField(name="hours", low=0, high=23),
    _CronField(name="day of month", low=1, high=31, words=r"L|LW|L-(\d+)|(\d+)W", may_be_any=True),
    _CronField(name="month", low=1, high=12, names=_MONTHS),
    _CronField(
        name="day of week",
        low=1,
        high=7,
        names=_DAYS,
        words=r"L|(\w+)L|(\w+)#[1-5]",
        may_be_any=True,
    ),
    _CronField(name="year", low=1970, high=2199),
)


def _cron(value: object) -> object:
    cure = "write six fields such as cron(0 5 ? * * *), in UTC unless a timezone is given"
    inner = re.fullmatch(r"cron\((.*)\)", value) if isinstance(value, str) else None
    if inner is None:
        raise ValueError(f"{value!r} is no cron expression; {cure}")
    texts = inner[1].split()
    if len(texts) != len(_CRON_FIELDS):
        raise ValueError(f"{value!r} has {len(texts)} fields; {cure}")
    for text, field in zip(texts, _CRON_FIELDS, strict=True):
        if not field.takes(text):
            raise ValueError(f"{value!r}: {text!r} is no {field.name} ({field.range}); {cure}")
    if (texts[2] == "?") == (texts[4] == "?"):
        raise ValueError(f"{value!r}: exactly one of day of month and day of week must be ?")
    return value


CronExpression = Annotated[
    str, BeforeValidator(_cron), Field(json_schema_extra={"pattern": r"^cron\(.*\)$"})
]
"""https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based"""


@cache
def _timezones() -> frozenset[str]:
    """The database's folders are walked for them, which takes as long as all other checks of a
    stack's settings."""
    return frozenset(available_timezones())


def _timezone(value: object) -> object:
    if not isinstance(value, str) or value not in _timezones():
        raise ValueError(f"{value!r} is no time zone; write one of IANA's, such as Europe/Berlin")
    return value


Timezone = Annotated[str, BeforeValidator(_timezone)]
