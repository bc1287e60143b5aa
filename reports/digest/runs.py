"""One run of a scheduled report: its period, and where each of its objects lies."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from reports.digest.definition import CADENCES, Cadence, Definition

LIST_CALLS_REACH = timedelta(days=30)
"""AWS Backup's list calls tell of jobs of the last 30 days."""

_LOOK_BACK = timedelta(days=8)
"""So that what runs weekly was seen before a period of a day, too."""


@dataclass(frozen=True, kw_only=True)
class Period:
    """From its start on, up to its end: whole days of the report's time zone."""

    start: datetime
    end: datetime

    def before(self, cadence: Cadence, timezone: str) -> Period:
        """The period that this one is compared with."""
        return period_of(cadence, timezone, self.start)


def period_of(cadence: Cadence, timezone: str, now: datetime) -> Period:
    """The last one that is over: yesterday, the seven days before today, or last month.

    The times are in UTC; a day may have 23 or 25 hours.
    """
    zone = ZoneInfo(timezone)
    end = now.astimezone(zone).date()
    if cadence == "monthly":
        end = end.replace(day=1)
        start = (end - timedelta(days=1)).replace(day=1)
    else:
        start = end - timedelta(days=1 if cadence == "daily" else 7)
    first, last = (datetime(d.year, d.month, d.day, tzinfo=zone) for d in (start, end))
    return Period(start=first.astimezone(UTC), end=last.astimezone(UTC))


def period_named(name: str, timezone: str, now: datetime) -> tuple[Cadence, Period]:
    """What a person calls a period: daily, weekly or monthly for the last one that is over, or with
    its first day, weekly/2026-06-01; a month without it, too. Raises ValueError with the cure."""
    cadence, _, first = name.partition("/")
    if cadence not in CADENCES:
        raise ValueError(f"{name!r} is no period; write one of {', '.join(CADENCES)}")
    if not first:
        return cadence, period_of(cadence, timezone, now)
    if cadence == "monthly" and len(first) == len("2026-06"):
        first += "-01"
    try:
        start = date.fromisoformat(first)
    except ValueError:
        raise ValueError(f"{name!r}: write its first day as in {cadence}/2026-06-01") from None
    if cadence == "monthly":
        after = (start.replace(day=1) + timedelta(days=32)).replace(day=1)
    else:
        after = start + timedelta(days=1 if cadence == "daily" else 7)
    zone = ZoneInfo(timezone)
    period = period_of(cadence, timezone, datetime(after.year, after.month, after.day, tzinfo=zone))
    if period.end > now:
        raise ValueError(f"{name!r} is not over yet")
    if period.start.astimezone(zone).date() != start:
        raise ValueError(f"{name!r}: a month starts on its first day")
    return cadence, period


def jobs_since(definition: Definition, period: Period, now: datetime) -> datetime:
    """From when on a report needs to know of jobs: from before its period, so that it can tell
    three failures in a row and what is new; as far as the source reaches."""
    first = min(period.start, period.end - timedelta(days=definition.grace_days))
    since = first - _LOOK_BACK
    return max(since, now - LIST_CALLS_REACH) if definition.source == "api" else since


def definition_key(cadence: Cadence) -> str:
    return f"definitions/{cadence}.json"


@dataclass(frozen=True, kw_only=True)
class Run:
    """Runbook steps pass its id; the rest is read from `key`."""

    run_id: str
    """The id of the Automation execution, or one made here."""
    cadence: Cadence
    timezone: str
    period: Period
    since: datetime
    """From when on jobs are known, by `jobs_since`."""

    @property
    def folder(self) -> str:
        """Of what is needed until the report is stored; expires after days."""
        return f"runs/{self.run_id}/"

    @property
    def key(self) -> str:
        return run_key(self.run_id)

    @property
    def vaults_key(self) -> str:
        """CSV of activity.VAULTS."""
        return f"{self.folder}vaults.csv"

    @property
    def unseen_key(self) -> str:
        """CSV of activity.UNSEEN: where not even vaults could be looked for."""
        return f"{self.folder}unseen.csv"

    @property
    def status_key(self) -> str:
        """An object whose metadata `state` the runbook waits for: running, then collated. Its body
        is the JSON list of the parts, each an account and a Region."""
        return run_status_key(self.run_id)

    @property
    def parts_folder(self) -> str:
        return f"{self.folder}parts/"

    def part(self, account: str, region: str, table: str) -> str:
        """What collation found there, one object a table of reports/digest/activity.py."""
        return f"{self.parts_folder}{account}/{region}/{table}.csv.gz"

    @property
    def done_folder(self) -> str:
        return f"{self.folder}done/"

    def done_key(self, account: str, region: str) -> str:
        """Written last of a part: as many as there are parts, and all is collated."""
        return f"{self.done_folder}{account}-{region}"

    @property
    def period_name(self) -> str:
        """As commands take it: cadence and first day, weekly/2026-06-01."""
        start = self.period.start.astimezone(ZoneInfo(self.timezone)).date()
        return f"{self.cadence}/{start.isoformat()}"

    @property
    def made_folder(self) -> str:
        """Where the page and its files lie before they are stored."""
        return f"{self.folder}made/"

    @property
    def stored_folder(self) -> str:
        """Where people find the report: the same period again is stored over it."""
        return f"reports/{self.period_name}/"

    @property
    def page_key(self) -> str:
        return f"{self.stored_folder}index.html"

    @property
    def figures_key(self) -> str:
        """What the next report is compared with."""
        return f"{self.stored_folder}figures.json"

    def dumped(self) -> str:
        return json.dumps(dataclasses.asdict(self), default=datetime.isoformat, sort_keys=True)


def run_key(run_id: str) -> str:
    return f"runs/{run_id}/run.json"


def run_status_key(run_id: str) -> str:
    return f"runs/{run_id}/status"


def load(text: str | bytes) -> Run:
    given = json.loads(text)
    times = {name: datetime.fromisoformat(text) for name, text in given.pop("period").items()}
    since = datetime.fromisoformat(given.pop("since"))
    return Run(**given, period=Period(**times), since=since)
