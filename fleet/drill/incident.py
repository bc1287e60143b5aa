"""The incident of the backup that was cancelled: watched in the ledger of ticketing."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from fleet import accounts
from fleet.deploy.deployment import Deployment, Engine
from fleet.deploy.order import settings_of
from fleet.drill.record import Incident
from fleet.errors import ToldError
from reports.correlation import backup_subject, correlation_id, deduplication_key
from stacks import names
from stacks.references import alerts_stack
from stacks.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_POLL_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """The table in which ticketing notes what it did."""

    dynamodb: DynamoDBClient
    table: str

    def incident(self, of: str) -> Incident:
        """What is noted of a de-duplication key: of the latest episode."""
        item = self.dynamodb.get_item(
            TableName=self.table, Key={"correlation_id": {"S": of}}, ConsistentRead=True
        ).get("Item", {})

        def text(name: str) -> str:
            return item.get(f"incident_{name}", {}).get("S", "")

        opened, resolved = text("opened_at"), text("resolved_at")
        return Incident(
            correlation_id=correlation_id(of, int(item.get("episode", {}).get("N", "1"))),
            number=text("number"),
            sys_id=text("sys_id"),
            opened_at=datetime.fromisoformat(opened) if opened else None,
            resolved_at=datetime.fromisoformat(resolved) if resolved else None,
        )


def ledger_of(engine: Engine, settings: Settings) -> Ledger | None:
    """Of the stack in which the customer's ticketing stands; None: it has none."""
    stack = alerts_stack(settings)
    central = settings_of([stack], engine.project)[stack]
    if central.ticketing is None:
        return None
    outputs = Deployment(engine, stack).outputs()
    if "ticket_ledger" not in outputs:
        raise ToldError(f"{stack} does not tell of its ledger; run: backup-org up {stack}")
    dynamodb = accounts.session(central).client("dynamodb")
    return Ledger(dynamodb=dynamodb, table=outputs["ticket_ledger"])


def watched(ledger: Ledger, settings: Settings, resource: str, minutes: float) -> Incident:
    """The incident of a resource's backups, once it is resolved; or as it is after so long."""
    region = resource.split(":")[3]
    # Its backups are on demand: no rule made them.
    subject = backup_subject(resource, names.drill(settings))
    of = deduplication_key(settings.customer, "backup", settings.account, region, subject)
    deadline = time.monotonic() + minutes * 60
    while True:
        incident = ledger.incident(of)
        if incident.resolved_at is not None or time.monotonic() >= deadline:
            return incident
        time.sleep(min(_POLL_SECONDS, max(0.1, deadline - time.monotonic())))
