"""What a drill left behind for auditors: one JSON object, and a page made of it."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Literal

from pydantic import TypeAdapter


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of the runbook."""

    name: str
    description: str = ""
    status: str
    """AWS's own: Success, Failed, TimedOut, Cancelled; Pending where it was not come to."""
    started_at: datetime.datetime | None = None
    ended_at: datetime.datetime | None = None
    message: str = ""
    """Why it failed."""


@dataclass(frozen=True, kw_only=True)
class Incident:
    """What ticketing made of the backup that was cancelled."""

    correlation_id: str
    number: str = ""
    sys_id: str = ""
    opened_at: datetime.datetime | None = None
    """None: none was seen in time."""
    resolved_at: datetime.datetime | None = None


@dataclass(frozen=True, kw_only=True)
class DrillRecord:
    """Times are in UTC."""

    customer: str
    account: str
    region: str
    execution_id: str
    started_at: datetime.datetime
    ended_at: datetime.datetime
    outcome: Literal["PASSED", "FAILED"]
    reason: str = ""
    """Why it FAILED."""
    steps: tuple[Step, ...]
    """Those of the clean-up that followed, if one did, come last."""
    facts: dict[str, str]
    """By their names: the instance, jobs, recovery points, what was restored, how long it took."""
    incident: Incident | None
    """None: no backup came to be cancelled, or the customer has no ticketing (`unseen`)."""
    unseen: str = ""
    """Why no incident was looked for."""
    left_behind: tuple[str, ...] = ()
    """ARNs of what could not be removed, or that it is not known."""

    @property
    def key(self) -> str:
        """Of the folder of the record in the evidence bucket, in which are drill.json and
        index.html."""
        day = f"{self.started_at:%Y/%m/%d}"
        return f"drills/{day}/{self.account}/{self.region}/{self.execution_id}"

    def dumped(self) -> bytes:
        return _RECORDS.dump_json(self, indent=2)


_RECORDS = TypeAdapter(DrillRecord)


def loaded(text: bytes | str) -> DrillRecord:
    """Raises pydantic's ValidationError, a ValueError, naming what is wrong in it."""
    return _RECORDS.validate_json(text)
