"""The incident of the backup that was cancelled: watched in the ledger of ticketing."""

from __future__ import annotations

import time
from datetime import datetime

from fleet.drill.record import Incident
from fleet.tickets.ledger import Ledger
from reports.correlation import backup_subject, correlation_id, deduplication_key
from stacks import names
from stacks.settings import Settings

_POLL_SECONDS = 5.0


def incident_of(ledger: Ledger, key: str) -> Incident:
    """What is noted of a de-duplication key: of the latest episode."""
    item = ledger.item(key)

    def moment(name: str) -> datetime | None:
        return datetime.fromisoformat(item[name]) if name in item else None

    return Incident(
        correlation_id=correlation_id(key, int(item.get("episode", 1))),
        number=item.get("incident_number", ""),
        sys_id=item.get("incident_sys_id", ""),
        opened_at=moment("incident_opened_at"),
        resolved_at=moment("incident_resolved_at"),
    )


def watched(ledger: Ledger, settings: Settings, resource: str, minutes: float) -> Incident:
    """The incident of a resource's backups, once it is resolved; or as it is after so long."""
    region = resource.split(":")[3]
    # Its backups are on demand: no rule made them.
    subject = backup_subject(resource, names.drill(settings))
    of = deduplication_key(settings.customer, "backup", settings.account, region, subject)
    deadline = time.monotonic() + minutes * 60
    while True:
        incident = incident_of(ledger, of)
        if incident.resolved_at is not None or time.monotonic() >= deadline:
            return incident
        time.sleep(min(_POLL_SECONDS, max(0.1, deadline - time.monotonic())))
