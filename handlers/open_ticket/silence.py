"""Who was heard of, and who is silent: heartbeats come the whole way that alerts come."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from handlers.open_ticket.table import Change, Table
from reports.own_events import EVENT_SOURCE, SILENT_AFTER_HOURS, SILENT_REGIONS
from reports.ticket_ledger import HEARTBEAT, LISTED, heartbeat_key

_SILENT_AFTER = timedelta(hours=SILENT_AFTER_HOURS)


class Heartbeats:
    def __init__(self, table: Table) -> None:
        self._table = table

    def hear(self, account: str, region: str, detail: Mapping[str, Any], now: datetime) -> None:
        self._table.update(
            Change(
                key=heartbeat_key(account, region),
                set={
                    LISTED: HEARTBEAT,
                    "heard_at": int(now.timestamp()),
                    "stack": str(detail.get("stack", "")),
                    "name": str(detail.get("name", "")),
                },
            )
        )

    def look(self, event: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
        """An event of who is silent, in the place of the one that asks for it."""
        silent: list[str] = []
        for item in self._table.listed(HEARTBEAT):
            heard = datetime.fromtimestamp(int(item["heard_at"]), now.tzinfo)
            if heard < now - _SILENT_AFTER:
                _, account, region = str(item["correlation_id"]).split("|")
                name = f" ({item['name']})" if item.get("name") else ""
                silent.append(f"{account}{name} {region}, last heard {heard:%Y-%m-%d %H:%M} UTC")
        return {
            **event,
            "source": EVENT_SOURCE,
            "detail-type": SILENT_REGIONS,
            "detail": {"state": "SILENT" if silent else "OK", "silent": sorted(silent)},
        }
