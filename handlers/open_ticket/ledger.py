"""What is known of each key, what ServiceNow was told of it, and who is at it: a DynamoDB table.

ServiceNow has no unique correlation id: two events of one resource, handled at once, would find no
incident and open two. So each key is leased while ServiceNow is told of it. What happened is
written down without a lease, and at once, so that whoever tells ServiceNow tells all of it.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from handlers.open_ticket.entries import (
    CLOCKS_DIFFER,
    Entry,
    Lease,
    moment,
    moments,
    read_entry,
    sortable,
    unchanged,
)
from handlers.open_ticket.events import Alert
from handlers.open_ticket.records import Record
from handlers.open_ticket.table import Change, Conflict, Refused, Table, Value
from reports.ticket_ledger import (
    LISTED,
    NOT_WELL,
    REPLAY_IS_KNOWN_SECONDS,
    ReplayOutcome,
    replay_key,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_FORGET_AFTER = timedelta(days=400)
_FORGET_END_AFTER = timedelta(days=60)
"""Longer than a message lies in the queue and its dead letters, and is tried by EventBridge."""
_ATTEMPTS = 8
"""Of a change that others were quicker with."""
_LEASE = ("lease_holder", "lease_ends", "doubtful")
_TROUBLE = ("failure", "failure_beside", "success", "success_beside", LISTED)


class Busy(Exception):
    """Others are at this key until then."""

    def __init__(self, key: str, until: datetime) -> None:
        super().__init__(f"{key} is being worked on")
        self.until = until


class Ledger:
    """Items of keys have the fields of Entry, under `incident_` those that others read
    (`backup-org drill`, `tickets`): incident_open, incident_number, incident_sys_id,
    incident_opened_at, incident_resolved_at. Of each end of a job that failed: `ended|<job> …`,
    with the key under which it was told. Of each recovery point: resource_arn."""

    def __init__(self, dynamodb: DynamoDBClient, table: str, *, lease_seconds: int) -> None:
        self.table = Table(dynamodb, table)
        self.lease_seconds = lease_seconds

    def read(self, key: str) -> Entry:
        return read_entry(key, self.table.get(key))

    def key_of(self, alert: Alert) -> str:
        """Under which this end of a job was told; "" where it is new."""
        return self.table.get(_end(alert)).get("key", "")

    def pass_over(self, keys: Sequence[str], alert: Alert, now: datetime) -> bool:
        """Notes a job that completed where nothing is open, in one call; False, and nothing
        noted, where something is, or where a later one was noted already."""
        times = {"well_ended": alert.time, "well_told": alert.told}
        given = " AND ".join(
            [
                "attribute_not_exists(failure)",
                "attribute_not_exists(rules_open)",
                *(f"(attribute_not_exists({name}) OR {name} <= :{name})" for name in times),
            ]
        )
        values = {name: sortable(moment) for name, moment in times.items()}
        changes = [
            Change(
                key=key,
                set={**values, "forget_at": _epoch(now + _FORGET_AFTER)},
                add={"version": 1},
                given=given,
                values=values,
            )
            for key in keys
        ]
        try:
            self.table.transact([*changes, *self._link(alert, now)])
        except (Refused, Conflict):
            return False
        return True

    def link(self, alert: Alert, now: datetime) -> None:
        """Notes what the recovery point of a job is of."""
        for change in self._link(alert, now):
            with suppress(Conflict):  # with another that notes the same
                self.table.update(change)

    def _link(self, alert: Alert, now: datetime) -> Sequence[Change]:
        if not alert.recovery_point or not alert.resource:
            return []
        noted: dict[str, Value] = {
            "resource_arn": alert.resource,
            "forget_at": _epoch(now + _FORGET_AFTER),
        }
        return [Change(key=alert.recovery_point, set=noted)]

    def resource_of(self, recovery_point: str) -> str:
        """Empty where nobody knows."""
        return self.table.get(recovery_point).get("resource_arn", "")

    def fail(self, entry: Entry, record: Record, now: datetime, *, place: str = "") -> Entry:
        """Notes that something failed, once for each end of a job, if nothing has made it well
        since. `place`: key of the resource and vault, where it is of a single rule; it is told
        there as well, since what makes it well may not name its rule."""
        alert = record.alert
        for _ in range(_ATTEMPTS):
            if entry.state.outdates(alert):
                return entry
            is_latest = entry.failure is None or entry.failure.alert.time <= alert.time
            change = Change(
                key=entry.key,
                set={
                    **moments(entry.state.after(alert)),
                    **(record.dump("failure") if is_latest else {}),
                    "about": _about(alert),
                    LISTED: NOT_WELL,
                    "forget_at": _epoch(now + _FORGET_AFTER),
                },
                add={"failures": 1, "version": 1},
                **unchanged(entry),
            )
            once = Change(
                key=_end(alert),
                set={"key": entry.key, "forget_at": _epoch(now + _FORGET_END_AFTER)},
                given="attribute_not_exists(correlation_id)",
            )
            try:
                places = _rule_open(place, entry, record)
                self.table.transact([change, once, *places])
            except Conflict:
                entry = self.read(entry.key)
            except Refused as refused:
                told_before = refused.items[1]
                entry = self.read(told_before["key"] if told_before is not None else entry.key)
                if told_before is not None:
                    return entry
            else:
                return replace(
                    entry,
                    state=entry.state.after(alert),
                    failure=record if is_latest else entry.failure,
                    failures=entry.failures + 1,
                    version=entry.version + 1,
                )
        raise Busy(entry.key, now + CLOCKS_DIFFER)

    def succeed(self, entry: Entry, record: Record, now: datetime) -> Entry:
        """Notes that something is well."""
        for _ in range(_ATTEMPTS):
            state = entry.state.after(record.alert)
            if state == entry.state:
                return entry
            told = record.dump("success") if entry.failure is not None else {}
            change = Change(
                key=entry.key,
                set={**moments(state), **told, "forget_at": _epoch(now + _FORGET_AFTER)},
                add={"version": 1},
                **unchanged(entry),
            )
            try:
                return read_entry(entry.key, self.table.update(change))
            except (Refused, Conflict):
                entry = self.read(entry.key)
        raise Busy(entry.key, now + CLOCKS_DIFFER)

    def forget_rules(self, place: str, told: frozenset[str]) -> None:
        self.table.update(Change(key=place, delete={"rules_open": told}))

    def tell_replay(
        self, replay: str, what: ReplayOutcome, reason: str, number: str, now: datetime
    ) -> None:
        told: dict[str, Value] = {
            "outcome": what,
            "reason": reason[:1000],
            "incident_number": number,
            "forget_at": _epoch(now) + REPLAY_IS_KNOWN_SECONDS,
        }
        self.table.update(Change(key=replay_key(replay), set=told))

    def take_out_of_group(self, entry: Entry) -> Entry:
        """Raises Refused where others have changed it, or Conflict."""
        change = Change(key=entry.key, remove=["in_group"], add={"version": 1}, **unchanged(entry))
        return read_entry(entry.key, self.table.update(change))

    def will_be_seen_to(self, keys: Collection[str], due: int) -> None:
        """Notes that a message is on its way, which comes by then."""
        for key in keys:
            try:
                self.table.update(Change(key=key, set={"due": due}))
            except Conflict:
                continue  # then another message may come as well, and finds nothing to do

    def lease(self, entry: Entry, now: datetime) -> Lease:
        """Raises Busy, also where it is well by now and ServiceNow knows: whoever died with that
        lease would leave doubt of nothing. A holder that died loses it when its time is up, which
        is longer than a function may run."""
        holder = uuid.uuid4().hex
        change = Change(
            key=entry.key,
            set={
                "lease_holder": holder,
                "lease_ends": _epoch(now) + self.lease_seconds,
                "doubtful": True,
                "forget_at": _epoch(now + _FORGET_AFTER),
            },
            given="attribute_exists(failure)"
            " AND (attribute_not_exists(lease_ends) OR lease_ends < :now)"
            + ("" if entry.doubtful else " AND attribute_not_exists(doubtful)"),
            values={"now": _epoch(now)},
        )
        try:
            item = self.table.update(change)
        except (Refused, Conflict) as error:
            found = error.items[0] if isinstance(error, Refused) else None
            ends = moment(found or {}, "lease_ends")
            raise Busy(entry.key, max(ends, now + CLOCKS_DIFFER)) from error
        held = replace(read_entry(entry.key, item), doubtful=entry.doubtful)
        return Lease(holder=holder, entry=held)

    def note(self, lease: Lease, done: Mapping[str, Value]) -> Lease:
        """Writes down what was done, and keeps the lease. Raises Busy where it was lost."""
        return self._write(lease, Change(key=lease.entry.key, set=done, **_held(lease)))

    def finish(self, lease: Lease, done: Mapping[str, Value], *, forget: bool) -> Lease | None:
        """Writes down what was done and gives the lease back; `forget`: what failed is well, and
        ServiceNow knows. Where somebody has added to what is known, nothing is forgotten and the
        lease is still held: it is given as it is then. Raises Busy where it was lost."""
        held = _held(lease)
        change = Change(
            key=lease.entry.key,
            set=done,
            remove=[*_LEASE, *(_TROUBLE if forget else ())],
            given=f"{held['given']} AND version = :version",
            values={**held["values"], "version": lease.entry.version},
        )
        try:
            self.table.update(change)
        except (Refused, Conflict):
            kept = self.note(lease, done)
            return replace(kept, entry=replace(kept.entry, doubtful=False))
        return None

    def release(self, lease: Lease) -> None:
        """Nothing was told to ServiceNow, or all that was is written down."""
        remove = _LEASE[:2] if lease.entry.doubtful else _LEASE
        change = Change(key=lease.entry.key, remove=remove, **_held(lease))
        try:
            self._write(lease, change)
        except Busy:
            return  # it had run out and may be another's by now, whose it stays

    def _write(self, lease: Lease, change: Change) -> Lease:
        try:
            item = self.table.update(change)
        except (Refused, Conflict) as error:
            raise Busy(lease.entry.key, lease.entry.lease_ends) from error
        entry = read_entry(lease.entry.key, item)
        return replace(lease, entry=replace(entry, doubtful=lease.entry.doubtful))


def _rule_open(place: str, entry: Entry, record: Record) -> Sequence[Change]:
    """The first failure tells it: with its job, so that what was made well is told from what
    failed since."""
    if not place or entry.failure is not None:
        return []
    alert, name = record.alert, record.looked.rule_name if record.looked else ""
    told = f"{entry.key} {alert.job_id} {alert.plan} {name}"
    return [Change(key=place, add={"rules_open": frozenset({told})})]


def _held(lease: Lease) -> dict[str, Any]:
    return {"given": "lease_holder = :holder", "values": {"holder": lease.holder}}


def into_group(key: str, group: str) -> Change:
    """Into a storm, unless it is well and ServiceNow knows it."""
    given = "attribute_exists(failure)"
    return Change(key=key, set={"in_group": group}, add={"version": 1}, given=given)


def _about(alert: Alert) -> str:
    """What stays known of a key once it is well, for `backup-org tickets list --all`."""
    told = {
        "kind": str(alert.kind),
        "account": alert.account,
        "region": alert.region,
        "resource": alert.resource or alert.recovery_point,
        "vault": alert.destination or alert.vault,
    }
    return json.dumps({name: value for name, value in told.items() if value})


def _end(alert: Alert) -> str:
    """A job may end more than once: PARTIAL and then COMPLETED."""
    return f"ended|{alert.kind}|{alert.account}|{alert.region}|{alert.end}"


def _epoch(moment: datetime) -> int:
    return int(moment.timestamp())
