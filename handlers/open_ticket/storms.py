"""Many failures of one cause in one account and Region: one incident that lists them.

A storm is a key of its own, with an entry as any other: it is not well while one of its members is
not. From the first failure on it is known there which keys have its cause.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from handlers.open_ticket.entries import Entry, moments, unchanged
from handlers.open_ticket.events import Alert, Kind
from handlers.open_ticket.ledger import Ledger, into_group
from handlers.open_ticket.settings import TicketSettings
from handlers.open_ticket.table import (
    MOST_IN_A_TRANSACTION,
    Change,
    Conflict,
    Refused,
    Value,
)
from handlers.open_ticket.waiting import Later
from reports.correlation import deduplication_key
from reports.ticket_ledger import LISTED, NOT_WELL

_KINDS = {Kind.BACKUP, Kind.COPY, Kind.RESTORE, Kind.VERDICT, Kind.ISSUES}
_OF_ONE = re.compile(
    r"arn:\S+|\b[a-z]+-[0-9a-f]{8,}\b|\b[0-9a-f]+(?:-[0-9a-f]+)+\b|\d+", re.IGNORECASE
)
"""What differs between failures of one cause: ARNs, ids and numbers."""
_ATTEMPTS = 8
_TICK = timedelta(microseconds=1)


def _goes_on(storm: Entry) -> bool:
    return storm.is_storm and not storm.state.well


def cause(alert: Alert) -> str:
    return " ".join(_OF_ONE.sub("…", (alert.message or alert.state).lower()).split())


class Storms:
    def __init__(self, settings: TicketSettings, ledger: Ledger) -> None:
        self._settings = settings
        self._ledger = ledger

    def key_for(self, entry: Entry) -> str:
        """Of the storm to which it would belong; "" where it can belong to none."""
        alert = entry.trouble.alert
        if self._settings.storm is None or alert.kind not in _KINDS or entry.is_storm:
            return ""
        subject = f"storm|{cause(alert)}"
        scope = (self._settings.customer, alert.kind, alert.account, alert.region)
        return deduplication_key(*scope, subject)

    def join(self, entry: Entry, now: datetime) -> tuple[str, list[str]]:
        """The storm's key, where there is one by now, and the keys of those that were told singly
        before: ("", []) where there is none."""
        key, alert = self.key_for(entry), entry.trouble.alert
        if not key:
            return "", []
        for _ in range(_ATTEMPTS):
            storm = self._ledger.read(key)
            here = {entry.key: f"{int(now.timestamp())} {alert.resource}"}
            goes_on = _goes_on(storm)
            if goes_on and entry.key in storm.members:  # by one who may have died of it
                return key, [each for each in storm.members if each != entry.key]
            members = here if goes_on else self._still(entry, {**here, **storm.members}, now)
            others = [each for each in members if each != entry.key]
            try:
                if not goes_on and len(members) < self._enough:
                    self._ledger.table.update(self._watched(storm, here))
                    return "", []
                grown = self._grown(storm, entry, members, now)
                self._ledger.table.transact([grown, *(into_group(each, key) for each in others)])
            except (Refused, Conflict):
                continue
            return key, others
        raise Later(now + timedelta(seconds=5), "many fail at once")

    def rightly_in(self, entry: Entry, now: datetime) -> Entry:
        """Out of the storm that does not know it, or is over: what left it as it was well may have
        failed again before that was written down. Raises Later."""
        if not entry.group or entry.state.well:
            return entry
        storm = self._ledger.read(entry.group)
        if _goes_on(storm) and entry.key in storm.members:
            return entry
        try:
            return self._ledger.take_out_of_group(entry)
        except (Refused, Conflict) as error:
            raise Later(now + timedelta(seconds=5), "it changes just now") from error

    def _still(self, entry: Entry, members: Mapping[str, str], now: datetime) -> Mapping[str, str]:
        """Those of late that are not well. Where they make a storm, it is written down for all at
        once: so many as DynamoDB lets be."""
        recent = self._recent(members, now)
        if len(recent) < self._enough:
            return recent
        still = {
            each: told
            for each, told in recent.items()
            if each == entry.key or not self._ledger.read(each).standing.state.well
        }
        most = sorted(still, key=lambda each: each != entry.key)[:MOST_IN_A_TRANSACTION]
        return {each: still[each] for each in most}

    def _watched(self, storm: Entry, here: Mapping[str, str]) -> Change:
        new = {name: told for name, told in here.items() if name not in storm.members}
        values: dict[str, Value] = {**new, "is_storm": False}
        return Change(key=storm.key, set=values, add={"version": 1}, **unchanged(storm))

    @property
    def _enough(self) -> int:
        return self._settings.storm.resources if self._settings.storm is not None else 0

    def _recent(self, members: Mapping[str, str], now: datetime) -> dict[str, str]:
        storm = self._settings.storm
        since = now - timedelta(minutes=storm.minutes if storm is not None else 0)
        return {
            key: told
            for key, told in members.items()
            if int(told.partition(" ")[0]) >= int(since.timestamp())
        }

    def _grown(
        self, storm: Entry, entry: Entry, members: Mapping[str, str], now: datetime
    ) -> Change:
        not_well = max(now, storm.state.well_told + _TICK)
        state = replace(storm.state, failed_told=max(not_well, storm.state.failed_told))
        gone = [] if _goes_on(storm) else [*storm.members.keys() - members]
        values: dict[str, Value] = {
            **members,
            **moments(state),
            **entry.trouble.dump("failure"),
            "is_storm": True,
            LISTED: NOT_WELL,
        }
        grows = {"version": 1, "failures": 1}
        return Change(key=storm.key, set=values, remove=gone, add=grows, **unchanged(storm))

    def leave(self, entry: Entry, now: datetime) -> None:
        """As it is well. The storm is over when all are."""
        key = entry.group or entry.watched_by or self.key_for(entry)
        for _ in range(_ATTEMPTS):
            storm = self._ledger.read(key) if key else Entry(key=key)
            if entry.key not in storm.members:
                return
            values: dict[str, Value] = {}
            if storm.is_storm and len(storm.members) == 1:
                well = max(now, storm.state.failed_told)
                values = {
                    **moments(replace(storm.state, well_told=well)),
                    **(entry.success or entry.trouble).dump("success"),
                }
            change = Change(
                key=key, set=values, remove=[entry.key], add={"version": 1}, **unchanged(storm)
            )
            try:
                self._ledger.table.update(change)
            except (Refused, Conflict):
                continue
            return
        raise Later(now + timedelta(seconds=5), "many are well at once")
