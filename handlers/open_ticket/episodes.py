"""Brings what ServiceNow was told of a key in line with what is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from handlers.open_ticket.decision import Step
from handlers.open_ticket.incidents import Done, Incidents
from handlers.open_ticket.ledger import Busy, Entry, Lease, Ledger
from handlers.open_ticket.service_now import Unknown
from handlers.open_ticket.settings import TicketSettings
from handlers.open_ticket.table import Value
from handlers.open_ticket.waiting import Later, Pauses, Turn

NOTES_ARE_APART = timedelta(minutes=1)
_ENOUGH_STEPS = 4
"""More than a lease has ever to do, unless things change faster than ServiceNow answers."""
_SOON = timedelta(seconds=2)


class Episodes:
    def __init__(
        self, settings: TicketSettings, ledger: Ledger, incidents: Incidents, pauses: Pauses
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._incidents = incidents
        self._pauses = pauses

    def settle(self, entry: Entry, turn: Turn) -> Sequence[Done]:
        """What was done, which may be nothing. Raises Later where it has to wait, and
        ServiceNowError where ServiceNow refuses it."""
        if entry.standing.step is Step.NOTHING:
            return []
        self._must_wait(entry, turn.now)
        if entry.standing.step is not Step.FORGET:
            self._pauses.wait(turn.now)
        try:
            lease = self._ledger.lease(entry, turn.now)
        except Busy as busy:
            raise Later(min(busy.until, turn.now + 5 * _SOON), str(busy)) from busy
        return self._under(lease, turn)

    def _under(self, lease: Lease, turn: Turn) -> Sequence[Done]:
        done: list[Done] = []
        held: Lease | None = lease
        try:
            while held is not None and len(done) < _ENOUGH_STEPS:
                lease = held
                if lease.entry.standing.step is Step.NOTHING or (done and self._waits(lease, turn)):
                    break
                self._must_wait(lease.entry, turn.now)
                step, (lease, doing) = lease.entry.standing.step, self._step(lease, turn)
                done.append(doing)
                forget = step in (Step.RESOLVE, Step.FORGET)
                held = self._ledger.finish(lease, doing.noted, forget=forget)
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
                return lease, self._incidents.open(entry, turn, new_episode)
            case Step.NOTE:
                return lease, self._incidents.note(entry, turn, new_episode)
            case Step.RESOLVE:
                return lease, self._incidents.resolve(entry, turn)
            case _:
                noted: dict[str, Value] = {"told": entry.failures, "earlier": entry.failures}
                reason = "it was well again before ServiceNow was told"
                return lease, Done(what="nothing", noted=noted, reason=reason)

    def _waits(self, lease: Lease, turn: Turn) -> bool:
        try:
            self._must_wait(lease.entry, turn.now)
        except Later:
            return True
        return False

    def _must_wait(self, entry: Entry, now: datetime) -> None:
        """Raises Later."""
        next_note = entry.noted + NOTES_ARE_APART
        if entry.standing.step is Step.NOTE and now < next_note:
            raise Later(next_note, "a note is due once a minute", on_purpose=True)
