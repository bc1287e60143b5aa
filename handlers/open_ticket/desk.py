"""Takes one message after another, and sees that ServiceNow knows what is not well.

It has no clock, environment or client of its own: whoever runs it hands these over.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from handlers.open_ticket import decision, events, wording
from handlers.open_ticket.decision import Action
from handlers.open_ticket.events import Alert, UnrecognisedEvent
from handlers.open_ticket.ledger import Filed, Ledger
from handlers.open_ticket.lookup import Lookup
from handlers.open_ticket.messages import Message, Queue
from handlers.open_ticket.service_now import Incident, ServiceNow, Unauthorised
from handlers.open_ticket.settings import TicketSettings


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a message."""

    what: str
    """As the metric of it is named: Opened, Noted, Resolved, Nothing, …"""
    correlation_id: str = ""
    number: str = ""
    """Of the incident."""
    reason: str = ""


class Desk:
    def __init__(
        self,
        settings: TicketSettings,
        *,
        ledger: Ledger,
        service_now: Callable[[], ServiceNow],
        queue: Queue,
        lookup: Lookup,
        forget_credentials: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._service_now = service_now
        self._forget_credentials = forget_credentials
        self._queue = queue
        self._lookup = lookup

    def take(self, message: Message, now: datetime.datetime) -> Outcome:
        job = self._with_resource(events.read_alert(_event(message.body)), now)
        ids = decision.correlation_ids(self._settings.customer, job)
        outcomes = [self._file(each, job, now) for each in (ids[:1] if job.failed else ids)]
        resolved = (outcome for outcome in outcomes if outcome.what == Action.RESOLVE.title())
        return next(resolved, outcomes[0])

    def _with_resource(self, job: Alert, now: datetime.datetime) -> Alert:
        """The event of a restore that failed names a recovery point, but not of what; that of the
        job that made it named both."""
        if not job.recovery_point:
            return job
        if job.resource:
            self._ledger.link(job.recovery_point, job.resource, now)
            return job
        return replace(job, resource=self._ledger.resource_of(job.recovery_point))

    def _file(self, correlation_id: str, job: Alert, now: datetime.datetime) -> Outcome:
        foreseen = decision.action(job, self._ledger.recall(correlation_id))
        if foreseen is Action.REMEMBER:
            self._ledger.pass_over(correlation_id, job, now)
        if foreseen in (Action.NOTHING, Action.REMEMBER):
            return Outcome(what=foreseen.title(), correlation_id=correlation_id)
        with self._ledger.lease(correlation_id, now) as lease:
            action = decision.action(job, lease.memory)
            filed = None
            if action in (Action.REPORT, Action.RESOLVE):
                filed = self._tell_service_now(action, job, correlation_id, now)
            if action is not Action.NOTHING:
                self._ledger.remember(lease, job, filed)
        return Outcome(
            what=action.title(),
            correlation_id=correlation_id,
            number=filed.number if filed else "",
        )

    def _tell_service_now(
        self, action: Action, job: Alert, correlation_id: str, now: datetime.datetime
    ) -> Filed | None:
        try:
            done = self._tell(self._service_now(), action, job, correlation_id)
        except Unauthorised:
            self._forget_credentials()
            done = self._tell(self._service_now(), action, job, correlation_id)
        if done is None:
            return None
        what, incident = done
        return Filed(action=what, number=incident.number, sys_id=incident.sys_id, at=now)

    def _tell(
        self, service_now: ServiceNow, action: Action, job: Alert, correlation_id: str
    ) -> tuple[Literal["opened", "noted", "resolved"], Incident] | None:
        """None: there is no incident to resolve."""
        open_one = service_now.open_incident(correlation_id)
        if action is Action.RESOLVE:
            if open_one is None:
                return None
            fields = wording.resolution_fields(job, self._settings)
            return "resolved", service_now.update_incident(open_one, fields)
        if open_one is None:
            fields = wording.incident_fields(job, self._settings)
            return "opened", service_now.create_incident(fields)
        return "noted", service_now.update_incident(open_one, wording.note_fields(job))


def _event(message: str) -> Any:
    try:
        return json.loads(message)
    except ValueError as error:
        raise UnrecognisedEvent(f"a message that is not JSON: {message[:200]!r}") from error
