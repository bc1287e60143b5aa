"""How a report's figures are said, to whoever reads the page or the mail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from reports.digest.figures import Change, Figures, Headline, Share
from reports.digest.runs import Period
from reports.restore_tests import Outcome

Tone = Literal["good", "warn", "bad", "plain"]
UNKNOWN = "not known"

_GOOD_PERCENT, _FAIR_PERCENT = 99.0, 95.0
_BYTES = ("bytes", "kB", "MB", "GB", "TB", "PB")
_CHANGES = {
    "protected": "Protected resources",
    "unprotected": "Unprotected resources",
    "success_rate": "Jobs that succeeded",
    "sla": "Resources backed up in time",
    "failures": "Failed jobs",
    "three_in_a_row": "Resources with three failures in a row",
    "three_two_one": "Resources that meet 3-2-1-1-0",
    "size_bytes": "Backed up",
}
_PERCENTS = {"success_rate", "sla", "three_two_one"}
_BETTER_LESS = {"unprotected", "failures", "three_in_a_row"}


@dataclass(frozen=True)
class Ending:
    """How a restore test's end is said."""

    said: str
    tone: Tone


TESTS: Mapping[Outcome, Ending] = {
    "good": Ending("restored, and judged good", "good"),
    "not_good": Ending("restored, but not good", "bad"),
    "not_judged": Ending("restored, but nobody could judge it", "bad"),
    "not_judged_in_time": Ending("restored, but not judged in time", "bad"),
    "no_verdict": Ending("restored, without a verdict", "warn"),
    "restore_failed": Ending("the restore failed", "bad"),
    "not_started": Ending("never started", "bad"),
    "running": Ending("not ended", "plain"),
}


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One figure of the headline, and what it means in plain words."""

    label: str
    value: str
    meaning: str
    tone: Tone = "plain"


def count(value: int | None) -> str:
    return UNKNOWN if value is None else f"{value:,}"


def counted(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def percent(value: float | None) -> str:
    """Cut, not rounded: 100 % is said of all alone, and 0 % of none."""
    if value is None:
        return UNKNOWN
    if value in {0, 100}:
        return f"{value:.0f}\N{NO-BREAK SPACE}%"
    return f"{min(max(int(value * 10) / 10, 0.1), 99.9):.1f}\N{NO-BREAK SPACE}%"


def size(value: float | None) -> str:
    """In decimal units: 1 TB is 1,000,000,000,000 bytes."""
    if value is None:
        return UNKNOWN
    unit = 0
    while value >= 999.95 and unit < len(_BYTES) - 1:
        value, unit = value / 1000, unit + 1
    said = f"{value:,.0f}" if unit == 0 or value >= 100 else f"{value:.1f}".removesuffix(".0")
    return f"{said}\N{NO-BREAK SPACE}{_BYTES[unit]}"


def duration(seconds: float | None) -> str:
    if seconds is None:
        return UNKNOWN
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f}\N{NO-BREAK SPACE}s"
    hours, minutes = divmod(minutes, 60)
    return (
        f"{hours}\N{NO-BREAK SPACE}h {minutes:02}\N{NO-BREAK SPACE}min"
        if hours
        else (f"{minutes}\N{NO-BREAK SPACE}min")
    )


def day(value: date) -> str:
    return f"{value.day} {value:%B %Y}"


def local_day(value: datetime, timezone: str) -> str:
    return day(value.astimezone(ZoneInfo(timezone)).date())


def moment(value: datetime, timezone: str) -> str:
    """With its zone, because a reader may be in another."""
    at = value.astimezone(ZoneInfo(timezone))
    return f"{day(at.date())}, {at:%H:%M} ({timezone})"


def period(of: Period, timezone: str) -> str:
    """Its first and its last day, as a reader says it: 1 to 30 June 2026."""
    zone = ZoneInfo(timezone)
    first = of.start.astimezone(zone).date()
    last = (of.end - timedelta(microseconds=1)).astimezone(zone).date()
    if first == last:
        return f"{first:%A}, {day(first)}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}\N{NO-BREAK SPACE}\N{EN DASH}\N{NO-BREAK SPACE}{day(last)}"
    if first.year == last.year:
        return f"{first.day} {first:%B} \N{EN DASH} {day(last)}"
    return f"{day(first)} \N{EN DASH} {day(last)}"


def one_line(text: str) -> str:
    return " ".join(text.split())


def words(constant: str) -> str:
    """AWS's constants as words: TIMED_OUT is timed out."""
    return constant.replace("_", " ").lower() if constant.isupper() else constant


def verdict(figures: Figures) -> tuple[Tone, str]:
    """The one sentence for who reads no further."""
    head = figures.headline
    untested = head.restore_tests.of - head.restore_tests.met
    wrong = [
        counted(head.failures, "failed job") if head.failures else "",
        f"{counted(head.three_in_a_row, 'resource')} failed three times in a row"
        if head.three_in_a_row
        else "",
        f"{counted(head.sla.of - head.sla.met, 'resource')} without a backup in time"
        if head.sla.of > head.sla.met
        else "",
        counted(head.unprotected, "unprotected resource") if head.unprotected else "",
        counted(untested, "restore test") + " not judged good" if untested else "",
    ]
    said = "; ".join(filter(None, wrong))
    if said:
        bad = head.three_in_a_row or head.sla.of > head.sla.met or untested
        return ("bad" if bad else "warn"), f"{said}."
    if not head.success_rate.of:
        return "warn", "No job ended in this period, so there is nothing to judge backups by."
    if not head.sla.of:
        return "warn", "Every job that ended succeeded, but no resource has a rule to judge it by."
    known = ", as far as this report can tell" if figures.limits else ""
    return "good", (
        f"Every job that ended succeeded, and every resource was backed up in time{known}."
    )


def tests(head: Headline) -> str:
    """Of restore tests, in a sentence."""
    if not head.restore_tests.of:
        return "None of these was judged."
    return f"Of those that failed or were judged, {_of(head.restore_tests)} are good."


def tiles(figures: Figures) -> Iterator[Tile]:
    """The headline, most telling first."""
    head = figures.headline
    yield Tile(
        label="Jobs that succeeded",
        value=percent(head.success_rate.percent),
        meaning=f"{_of(head.success_rate)} backup, copy and restore jobs that ended"
        if head.success_rate.of
        else "no job ended",
        tone=_rate(head.success_rate),
    )
    yield Tile(
        label="Backed up in time",
        value=percent(head.sla.percent),
        meaning=f"{_of(head.sla)} resources have a backup as recent as their rule demands"
        if head.sla.of
        else "no resource has a rule to judge it by",
        tone=_rate(head.sla),
    )
    yield Tile(
        label="Failed jobs",
        value=count(head.failures),
        meaning=f"of {counted(len(figures.causes), 'cause')}" if head.failures else "none failed",
        tone="bad" if head.failures else "good",
    )
    yield Tile(
        label="Three failures in a row",
        value=count(head.three_in_a_row),
        meaning="resources whose last three jobs of a kind all failed",
        tone="bad" if head.three_in_a_row else "good",
    )
    yield Tile(
        label="Protected resources",
        value=count(head.protected),
        meaning="in a backup plan, or with a recovery point",
    )
    yield from _open_ends(head)


def _open_ends(head: Headline) -> Iterator[Tile]:
    """What may not be known."""
    oldest = head.oldest_unprotected
    yield Tile(
        label="Unprotected resources",
        value=count(head.unprotected),
        meaning=f"the oldest is known since {day(oldest.since.date())}"
        if oldest and oldest.since
        else "could be backed up, and nothing does",
        tone="plain" if head.unprotected is None else "warn" if head.unprotected else "good",
    )
    yield Tile(
        label="Open incidents",
        value=count(head.open_incidents),
        meaning="in the ticket system, about backups",
        tone="warn" if head.open_incidents else "plain",
    )
    yield Tile(
        label="Meet 3-2-1-1-0",
        value=percent(head.three_two_one.percent),
        meaning=_three_two_one(head),
        tone="good" if head.three_two_one.percent == 100 else "plain",
    )


def _three_two_one(head: Headline) -> str:
    demand = "three copies, two Regions, one other account, one immutable, no failed restore test"
    unknown = head.three_two_one_unknown
    if not head.three_two_one.of:
        return f"{demand}: of {counted(unknown, 'resource')} it is not known"
    more = f"; of {unknown:,} more it is not known" if unknown else ""
    return f"{_of(head.three_two_one)} resources have {demand}{more}"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A figure against the period before."""

    label: str
    before: str
    now: str
    by: str
    tone: Tone


def differences(changes: tuple[Change, ...]) -> Iterator[Difference]:
    for change in changes:
        say = _unit(change)
        by, tone = "not known", "plain"
        if change.before is not None and change.now is not None:
            by, tone = _difference(change, change.now - change.before)
        yield Difference(
            label=_CHANGES[change.name],
            before=say(change.before),
            now=say(change.now),
            by=by,
            tone=tone,
        )


def _difference(change: Change, by: float) -> tuple[str, Tone]:
    if by == 0:
        return "no change", "plain"
    sign = "+" if by > 0 else "\N{MINUS SIGN}"
    if change.name == "size_bytes":
        return f"{sign}{size(abs(by))}", "plain"
    better = (by < 0) == (change.name in _BETTER_LESS)
    if change.name in _PERCENTS:
        return f"{sign}{abs(by):.1f} points", "good" if better else "bad"
    return f"{sign}{abs(by):,.0f}", "good" if better else "bad"


def _unit(change: Change) -> Callable[[float | None], str]:
    if change.name == "size_bytes":
        return size
    if change.name in _PERCENTS:
        return percent
    return lambda value: count(None if value is None else round(value))


def _of(share: Share) -> str:
    return f"{share.met:,} of {share.of:,}"


def _rate(share: Share) -> Tone:
    if share.percent is None:
        return "plain"
    if share.percent >= _GOOD_PERCENT:
        return "good"
    return "warn" if share.percent >= _FAIR_PERCENT else "bad"
