"""What ServiceNow is told of a key: one incident for each episode, whatever was lost on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from handlers.open_ticket import wording
from handlers.open_ticket.entries import Entry
from handlers.open_ticket.records import Record
from handlers.open_ticket.service_now import (
    CALL_SECONDS,
    IN_PROGRESS,
    RESOLVED,
    Incident,
    ServiceNow,
    ServiceNowError,
    Unauthorised,
    Unavailable,
    Unknown,
)
from handlers.open_ticket.settings import TicketSettings
from handlers.open_ticket.table import Value
from handlers.open_ticket.waiting import Later, Pauses, Turn
from reports.correlation import correlation_id
from reports.ticket_ledger import ReplayOutcome

T = TypeVar("T")
_CLOSED = {403, 404}
"""What ServiceNow answers to a change of an incident that is closed, or is no more."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """What became of an incident."""

    what: ReplayOutcome
    number: str = ""
    noted: Mapping[str, Value] = field(default_factory=dict[str, Value])
    """To be written down in the ledger."""
    surplus: int = 0
    """Incidents that were one too many, and are resolved."""
    reason: str = ""


class Incidents:
    def __init__(
        self,
        settings: TicketSettings,
        *,
        service_now: Callable[[], ServiceNow],
        forget_credentials: Callable[[], None],
        pauses: Pauses,
    ) -> None:
        self._settings = settings
        self._service_now = service_now
        self._forget_credentials = forget_credentials
        self._pauses = pauses

    def open(self, entry: Entry, turn: Turn, new_episode: Callable[[int], None]) -> Done:
        """Takes up the episode's incident where there is one: it may have been opened without
        anybody knowing, or be resolved and not closed. `new_episode` writes its number down,
        before there is an incident of it."""
        found = self._of(entry, turn)
        open_ones = [incident for incident in found if incident.open]
        if open_ones:
            return self._take_up(entry, open_ones, turn)
        resolved = [incident for incident in found if incident.state == RESOLVED]
        if resolved and (reopened := self._reopen(entry, resolved[-1].sys_id, turn)):
            return _opened("reopened", reopened, entry, turn)
        episode = entry.episode
        if found:  # closed, or cancelled
            new_episode(episode := episode + 1)
        fields = {**self._new(entry, turn), "correlation_id": correlation_id(entry.key, episode)}
        created = self._call(lambda it: it.create_incident(fields), turn)
        return _opened("opened", created, entry, turn)

    def note(self, entry: Entry, turn: Turn, new_episode: Callable[[int], None]) -> Done:
        """Tells how often it failed again; a person may have resolved or closed it."""
        incident = self._changed(entry.sys_id, self._note(entry), turn)
        if incident is not None and incident.open:
            return _noted("noted", incident, entry, turn)
        if incident is not None and incident.state == RESOLVED:
            reopened = self._reopen(entry, incident.sys_id, turn)
            if reopened is not None:
                return _opened("reopened", reopened, entry, turn)
        return self.open(entry, turn, new_episode)

    def resolve(self, entry: Entry, turn: Turn) -> Done:
        """All that are open of the episode."""
        record = entry.success or entry.trouble
        fields = wording.resolution_fields(
            record.alert,
            self._settings,
            record.looked,
            account_name=record.account_name,
            since=entry.opened_at,
        )
        return self._close(entry, fields, turn)

    def fold(self, entry: Entry, into: str, turn: Turn) -> Done:
        """Closes it as a part of the incident of that number."""
        return self._close(entry, wording.duplicate_fields(into, self._settings), turn)

    def _close(self, entry: Entry, fields: Mapping[str, str], turn: Turn) -> Done:
        open_ones = [incident for incident in self._of(entry, turn) if incident.open]
        for incident in reversed(open_ones):  # so that the oldest one's number is told
            self._change(incident.sys_id, fields, turn)
        noted: dict[str, Value] = {
            "incident_open": False,
            "incident_resolved_at": _text(turn.now),
            "told": entry.failures,
            "earlier": entry.failures,
        }
        if not open_ones:
            reason = "somebody closed the incident already, or there was none"
            return Done(what="nothing", number=entry.number, noted=noted, reason=reason)
        oldest, surplus = open_ones[0], len(open_ones) - 1
        return Done(
            what="resolved", number=oldest.number, noted=noted, surplus=surplus,
            reason=f"resolved {surplus} more of this episode" if surplus else "",
        )  # fmt: skip

    def _take_up(self, entry: Entry, open_ones: Sequence[Incident], turn: Turn) -> Done:
        """The oldest; the others were opened by calls whose outcome nobody knew."""
        oldest, *surplus = open_ones
        for incident in surplus:
            fields = wording.duplicate_fields(oldest.number, self._settings)
            self._change(incident.sys_id, fields, turn)
        is_its_own = entry.doubtful and entry.failures - entry.earlier <= 1
        if is_its_own and not surplus:
            return _opened("opened", oldest, entry, turn)
        fields = self._note(entry, [each.number for each in surplus])
        self._change(oldest.sys_id, fields, turn)
        done = _opened("noted", oldest, entry, turn)
        return Done(what=done.what, number=done.number, noted=done.noted, surplus=len(surplus))

    def _reopen(self, entry: Entry, sys_id: str, turn: Turn) -> Incident | None:
        """None: it is closed by now."""
        fields = {"state": IN_PROGRESS, **self._note(entry)}
        incident = self._changed(sys_id, fields, turn)
        return incident if incident is not None and incident.open else None

    def _note(self, entry: Entry, surplus: Sequence[str] = ()) -> dict[str, str]:
        record, count = entry.trouble, entry.failures - entry.earlier
        return wording.note_fields(
            record.alert,
            self._settings,
            record.looked,
            count,
            surplus,
            account_name=record.account_name,
            resources=entry.resources,
        )

    def _new(self, entry: Entry, turn: Turn) -> dict[str, str]:
        record = entry.trouble
        if entry.is_storm:
            return wording.group_fields(
                record.alert,
                self._settings,
                entry.resources,
                account_name=record.account_name,
            )
        return wording.incident_fields(
            record.alert,
            self._settings,
            record.looked,
            account_name=record.account_name,
            configuration_item=self._configuration_item(record, turn),
        )

    def _configuration_item(self, record: Record, turn: Turn) -> str:
        """An incident without one is better than none."""
        sought = wording.sought_item(record.alert, self._settings, record.looked)
        if sought is None:
            return ""
        try:
            return self._call(lambda it: it.configuration_item(*sought), turn)
        except ServiceNowError as error:
            if not 400 <= error.status < 500:
                raise
            return ""

    def _of(self, entry: Entry, turn: Turn) -> Sequence[Incident]:
        asked = correlation_id(entry.key, entry.episode)
        return self._call(lambda it: it.incidents(asked), turn)

    def _changed(self, sys_id: str, fields: Mapping[str, str], turn: Turn) -> Incident | None:
        """As it is then; None where it is closed or no more."""
        try:
            return self._change(sys_id, fields, turn)
        except ServiceNowError as error:
            if error.status in _CLOSED:
                return None
            raise

    def _change(self, sys_id: str, fields: Mapping[str, str], turn: Turn) -> Incident:
        return self._call(lambda it: it.update_incident(sys_id, fields), turn)

    def _call(self, operation: Callable[[ServiceNow], T], turn: Turn) -> T:
        """Raises Later where there is no time left for it, and ServiceNowError."""
        turn.needs(CALL_SECONDS)
        try:
            try:
                answer = operation(self._service_now())
            except Unauthorised:
                self._forget_credentials()
                turn.needs(CALL_SECONDS)
                answer = operation(self._service_now())
        except Unavailable as error:
            until = self._pauses.begin(turn.now, error.pause_seconds)
            if isinstance(error, Unknown):
                raise
            raise Later(until, str(error)) from error
        self._pauses.end()
        return answer


def _opened(what: ReplayOutcome, incident: Incident, entry: Entry, turn: Turn) -> Done:
    noted = _noted(what, incident, entry, turn)
    opened: dict[str, Value] = {
        "incident_open": True,
        "incident_opened_at": _text(turn.now),
        "incident_resolved_at": "",
    }
    return Done(what=what, number=incident.number, noted={**noted.noted, **opened})


def _noted(what: ReplayOutcome, incident: Incident, entry: Entry, turn: Turn) -> Done:
    noted: dict[str, Value] = {
        "incident_number": incident.number,
        "incident_sys_id": incident.sys_id,
        "told": entry.failures,
        "noted": int(turn.now.timestamp()),
    }
    return Done(what=what, number=incident.number, noted=noted)


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")
