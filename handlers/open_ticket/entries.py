"""What the ledger has of a key, as its item holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from handlers.open_ticket.decision import NEVER, TIMES, Standing, State
from handlers.open_ticket.records import Record
from handlers.open_ticket.table import Value
from reports.correlation import DISPLAY

CLOCKS_DIFFER = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What the ledger has of a key."""

    key: str
    state: State = field(default_factory=State)
    failure: Record | None = None
    """The latest, until what failed is well and ServiceNow knows it."""
    success: Record | None = None
    """What made it well, until ServiceNow knows it."""
    failures: int = 0
    earlier: int = 0
    """Of them, in earlier episodes."""
    told: int = 0
    """Of them, to ServiceNow."""
    noted: datetime = NEVER
    """When ServiceNow was last told of one."""
    due: int = 0
    """Until then (epoch seconds) a message is on its way that will see to this key."""
    episode: int = 1
    open: bool = False
    doubtful: bool = False
    """A lease was taken to tell ServiceNow, and not given back with what became of it."""
    number: str = ""
    sys_id: str = ""
    opened_at: datetime | None = None
    group: str = ""
    """Key of the storm to which it belongs."""
    watched_by: str = ""
    """Key of the storm to which it would belong, if there were one."""
    is_storm: bool = False
    rules_open: frozenset[str] = frozenset()
    """Of a resource in a vault: what is not well of single rules,
    `<key> <job that failed> <plan> <rule's name>`."""
    members: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of a storm: by key, since when (epoch seconds) it is not well, and its resource."""
    lease_ends: datetime = NEVER
    version: int = 0
    """Of what is known, as others may add to it while somebody holds the lease."""

    @property
    def standing(self) -> Standing:
        return Standing(
            state=self.state,
            troubled=self.failure is not None,
            open=self.open,
            doubtful=self.doubtful,
            untold=self.failures - self.told,
            grouped=bool(self.group),
        )

    @property
    def trouble(self) -> Record:
        """Of what is not well, or was until now."""
        if self.failure is None:
            raise LookupError(f"the ledger has no failure under {self.key}")
        return self.failure

    @property
    def resources(self) -> Sequence[str]:
        """ARNs of what a storm is about."""
        return sorted({told.partition(" ")[2] for told in self.members.values()})

    def is_seen_to(self, now: datetime) -> bool:
        """Whether another message will come by that sees to it."""
        return self.due > (now + CLOCKS_DIFFER).timestamp()


@dataclass(frozen=True, kw_only=True)
class Lease:
    holder: str
    entry: Entry
    """`doubtful`: before this holder, who leaves it so until it has written down what it did."""


def read_entry(key: str, item: Mapping[str, Any]) -> Entry:
    moments = {name: datetime.fromisoformat(item[name]) for name in TIMES if name in item}
    opened = str(item.get("incident_opened_at", ""))
    return Entry(
        key=key,
        state=State(**moments),
        failure=Record.read(item, "failure"),
        success=Record.read(item, "success"),
        failures=int(item.get("failures", 0)),
        told=int(item.get("told", 0)),
        earlier=int(item.get("earlier", 0)),
        noted=moment(item, "noted"),
        due=int(item.get("due", 0)),
        episode=int(item.get("episode", 1)),
        open=bool(item.get("incident_open", False)),
        doubtful=bool(item.get("doubtful", False)),
        number=str(item.get("incident_number", "")),
        sys_id=str(item.get("incident_sys_id", "")),
        opened_at=datetime.fromisoformat(opened) if opened else None,
        group=str(item.get("in_group", "")),
        watched_by=str(item.get("watched_by", "")),
        is_storm=bool(item.get("is_storm", False)),
        rules_open=frozenset(item.get("rules_open", ())),
        members={name: told for name, told in item.items() if name.startswith(f"{DISPLAY}-")},
        lease_ends=moment(item, "lease_ends"),
        version=int(item.get("version", 0)),
    )


def moment(item: Mapping[str, Any], name: str) -> datetime:
    return datetime.fromtimestamp(int(item[name]), UTC) if name in item else NEVER


def unchanged(entry: Entry) -> dict[str, Any]:
    """The condition that nobody has added to what is known."""
    if not entry.version:
        return {"given": "attribute_not_exists(version)"}
    return {"given": "version = :version", "values": {"version": entry.version}}


def moments(state: State) -> dict[str, Value]:
    moments = {name: getattr(state, name) for name in TIMES}
    return {name: sortable(moment) for name, moment in moments.items() if moment != NEVER}


def sortable(time: datetime) -> str:
    """DynamoDB compares texts: with one zone and as many digits, as times compare."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")
