"""Brings what ServiceNow was told of a key in line with what is known of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from handlers.open_ticket.decision import Step
from handlers.open_ticket.entries import Entry, Lease
from handlers.open_ticket.incidents import Done, Incidents
from handlers.open_ticket.ledger import Busy, Ledger
from handlers.open_ticket.messages import Queue
from handlers.open_ticket.quiet import quiet_until
from handlers.open_ticket.service_now import Unknown
from handlers.open_ticket.settings import TicketSettings
from handlers.open_ticket.storms import Storms
from handlers.open_ticket.table import Value
from handlers.open_ticket.waiting import Later, Pauses, Turn
from reports.own_events import EVENT_SOURCE, NOTE_DUE

_ENOUGH_STEPS = 4
"""More than a lease has ever to do, unless things change faster than ServiceNow answers."""
_SOON = timedelta(seconds=10)
_WELL = (Step.RESOLVE, Step.FORGET)


class Episodes:
    def __init__(
        self,
        settings: TicketSettings,
        *,
        ledger: Ledger,
        incidents: Incidents,
        pauses: Pauses,
        queue: Queue,
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._incidents = incidents
        self._pauses = pauses
        self._queue = queue
        self._storms = Storms(settings, ledger)

    def settle(self, entry: Entry, turn: Turn) -> Sequence[Done]:
        """What was done, which may be nothing. Raises Later where it has to wait, and
        ServiceNowError where ServiceNow refuses it."""
        entry = self._storms.rightly_in(entry, turn.now)
        if entry.standing.step is Step.NOTHING:
            return []
        self._must_wait(entry, turn.now)
        if entry.standing.step is not Step.FORGET:
            self._pauses.wait(turn.now)
        try:
            lease = self._ledger.lease(entry, turn.now)
        except Busy as busy:
            raise Later(min(busy.until, turn.now + _SOON), str(busy)) from busy
        return self._under(lease, turn)

    def _under(self, lease: Lease, turn: Turn) -> Sequence[Done]:
        done: list[Done] = []
        held: Lease | None = lease
        try:
            while held is not None and len(done) < _ENOUGH_STEPS:
                lease = held
                step = lease.entry.standing.step
                if step is Step.NOTHING or (done and self._waits(lease.entry, turn.now)):
                    break
                self._must_wait(lease.entry, turn.now)
                lease, doing = self._step(lease, turn)
                done.append(doing)
                held = self._ledger.finish(lease, doing.noted, forget=step in _WELL)
        except Unknown as error:
            # What was sent may still arrive: the lease is kept, so that nobody tells it again
            # before it must have.
            until = lease.entry.lease_ends + timedelta(seconds=1)
            raise Later(until, f"it is not known whether it was done: {error}") from error
        except Busy as busy:
            raise Later(busy.until, str(busy)) from busy
        except Exception:
            self._ledger.release(lease)
            raise
        if held is not None:  # whose message has more to tell sees to that itself
            self._ledger.release(held)
        return done

    def _step(self, lease: Lease, turn: Turn) -> tuple[Lease, Done]:
        entry = lease.entry

        def new_episode(number: int) -> None:
            nonlocal lease
            lease = self._ledger.note(lease, {"episode": number})

        match entry.standing.step:
            case Step.OPEN:
                if done := self._joined(entry, turn):
                    return lease, done
                done = self._incidents.open(entry, turn, new_episode)
                watched_by = self._storms.key_for(entry)
                done = replace(done, noted={**done.noted, "watched_by": watched_by})
            case Step.NOTE:
                done = self._incidents.note(entry, turn, new_episode)
            case Step.FOLD:
                done = self._incidents.fold(entry, self._number_of(entry.group, turn), turn)
            case _:
                done = self._well(entry, turn)
        return lease, done

    def _joined(self, entry: Entry, turn: Turn) -> Done | None:
        """None: there is no storm to which it would belong."""
        group, singly = self._storms.join(entry, turn.now)
        for key in singly:
            event = {"source": EVENT_SOURCE, "detail-type": NOTE_DUE, "detail": {"key": key}}
            self._queue.send(json.dumps(event), 1, {})
        if not group:
            return None
        return Done(what="grouped", noted={"in_group": group, "told": entry.failures})

    def _number_of(self, group: str, turn: Turn) -> str:
        storm = self._ledger.read(group)
        if not storm.open:
            raise Later(turn.now + _SOON, "the storm's incident is not there yet")
        return storm.number

    def _well(self, entry: Entry, turn: Turn) -> Done:
        """A storm is over before its last member forgets it."""
        self._storms.leave(entry, turn.now)
        more: Sequence[Done] = ()
        if entry.group:
            storm = self._ledger.read(entry.group)
            if storm.standing.step in _WELL:
                more = self.settle(storm, turn)
        ungrouped: dict[str, Value] = {"in_group": "", "watched_by": ""}
        if entry.standing.step is Step.RESOLVE:
            done = self._incidents.resolve(entry, turn)
            return replace(done, noted={**done.noted, **ungrouped})
        told: dict[str, Value] = {"told": entry.failures, "earlier": entry.failures, **ungrouped}
        if more:
            return Done(what=more[0].what, number=more[0].number, noted=told)
        reason = "" if entry.group else "it was well again before ServiceNow was told"
        return Done(what="nothing", noted=told, reason=reason)

    def _must_wait(self, entry: Entry, now: datetime) -> None:
        """Raises Later."""
        step = entry.standing.step
        if step not in (Step.OPEN, Step.NOTE):
            return
        if quiet := quiet_until(self._settings.quiet_periods, entry.trouble.alert, now):
            until, reason = quiet
            raise Later(until, f"quiet until {until.isoformat()}: {reason}", on_purpose=True)
        next_note = entry.noted + timedelta(seconds=self._settings.note_seconds)
        if step is Step.NOTE and now < next_note:
            raise Later(next_note, "a note is due once in a while", on_purpose=True)

    def _waits(self, entry: Entry, now: datetime) -> bool:
        try:
            self._must_wait(entry, now)
        except Later:
            return True
        return False
