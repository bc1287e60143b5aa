"""An event on its way through buses."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class Event:
    """An EventBridge event; a bus that forwards it leaves its id, account, Region and time."""

    source: str
    detail_type: str
    detail: Mapping[str, Any]
    account: str
    region: str
    id: str
    time: datetime
    ingested: datetime
    resources: Sequence[str] = ()
    forwarded: bool = False
    """Came from another bus: then EventBridge does not send it to a third one."""

    @classmethod
    def new(
        cls,
        *,
        source: str,
        detail_type: str,
        detail: Mapping[str, Any],
        account: str,
        region: str,
        resources: Sequence[str] = (),
        time: datetime | None = None,
    ) -> Self:
        """An event that is new to its bus; `time` is now unless its publisher says otherwise."""
        now = datetime.now(UTC)
        return cls(
            source=source,
            detail_type=detail_type,
            detail=detail,
            account=account,
            region=region,
            resources=resources,
            id=str(uuid.uuid4()),
            time=time or now,
            ingested=now,
        )

    @property
    def envelope(self) -> dict[str, Any]:
        """What patterns are matched with and targets receive."""
        return {
            "version": "0",
            "id": self.id,
            "detail-type": self.detail_type,
            "source": self.source,
            "account": self.account,
            "time": self.time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": self.region,
            "resources": list(self.resources),
            "detail": self.detail,
        }

    @property
    def text(self) -> str:
        return json.dumps(self.envelope, separators=(",", ":"), ensure_ascii=False)

    def onward(self) -> Self:
        """The same event on the next bus."""
        return replace(self, forwarded=True, ingested=datetime.now(UTC))
