"""An alert as it stands in the ledger: its event, with what was found out beside it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from handlers.open_ticket.events import Alert, Kind, issues_of, read_alert
from handlers.open_ticket.lookup import Looked


@dataclass(frozen=True, kw_only=True)
class Record:
    body: str
    """The event, as JSON."""
    alert: Alert
    """With what the event does not say of its rule, its end and its resource."""
    looked: Looked | None = None
    account_name: str = ""

    @classmethod
    def of(
        cls, body: str, alert: Alert, looked: Looked | None, *, account_name: str = ""
    ) -> Record:
        if looked is not None:
            alert = replace(
                alert,
                resource=alert.resource or looked.resource,
                plan=alert.plan or looked.plan,
                rule=alert.rule or looked.rule,
                ended=alert.ended or looked.ended,
            )
        return cls(body=body, alert=alert, looked=looked, account_name=account_name)

    def dump(self, name: str) -> dict[str, str]:
        """As attributes of an item."""
        beside: dict[str, Any] = {
            "kind": self.alert.kind,
            "resource": self.alert.resource,
            "account_name": self.account_name,
            "looked": None,
        }
        if self.looked is not None:
            beside["looked"] = {
                **dataclasses.asdict(self.looked),
                "ended": _text(self.looked.ended),
            }
        return {name: self.body, f"{name}_beside": json.dumps(beside, ensure_ascii=False)}

    @classmethod
    def read(cls, item: Mapping[str, Any], name: str) -> Record | None:
        if name not in item:
            return None
        beside: dict[str, Any] = json.loads(item[f"{name}_beside"])
        told: dict[str, Any] | None = beside["looked"]
        looked = None
        if told is not None:
            told["ended"] = datetime.fromisoformat(told["ended"]) if told["ended"] else None
            looked = Looked(**told)
        alert = replace(read_alert(json.loads(item[name])), resource=beside["resource"])
        if beside["kind"] == Kind.ISSUES and looked is not None:
            alert = issues_of(alert, looked.category, looked.message)
        return cls.of(item[name], alert, looked, account_name=beside["account_name"])


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
