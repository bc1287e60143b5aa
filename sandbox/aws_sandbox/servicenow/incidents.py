"""The incident table: its fields, and the rules that the platform and an instance apply to them."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from aws_sandbox.servicenow.configuration_items import ConfigurationItems, Record, sys_id
from aws_sandbox.servicenow.http import RefusedError


@dataclass(frozen=True, kw_only=True)
class Instance:
    """The configuration of one instance; the defaults are those of a new one."""

    close_codes: Sequence[str] = (
        "Duplicate",
        "Known error",
        "No resolution provided",
        "Resolved by caller",
        "Resolved by change",
        "Resolved by problem",
        "Resolved by request",
        "Solution provided",
        "Workaround provided",
        "User error",
    )
    """Differ between instances and releases: older ones say `Solved (Permanently)`."""
    mandatory: Sequence[str] = ("short_description",)
    """Fields that a data policy demands of a new incident."""
    users: Sequence[str] = ("backup.monitor",)
    groups: Sequence[str] = ("Backup Operations", "Service Desk")
    configuration_items: Sequence[Mapping[str, str]] = ()
    """What the CMDB has at first; fields as ConfigurationItems takes them."""


STATES = {
    "1": "New",
    "2": "In Progress",
    "3": "On Hold",
    "6": "Resolved",
    "7": "Closed",
    "8": "Canceled",
}
LEVELS = {"1": "1 - High", "2": "2 - Medium", "3": "3 - Low"}
PRIORITIES = {
    "1": "1 - Critical",
    "2": "2 - High",
    "3": "3 - Moderate",
    "4": "4 - Low",
    "5": "5 - Planning",
}
CHOICES: Mapping[str, Mapping[str, str]] = {
    "state": STATES,
    "incident_state": STATES,
    "urgency": LEVELS,
    "impact": LEVELS,
    "severity": LEVELS,
    "priority": PRIORITIES,
}
REFERENCES: Mapping[str, str] = {
    "caller_id": "sys_user",
    "assigned_to": "sys_user",
    "assignment_group": "sys_user_group",
    "opened_by": "sys_user",
    "resolved_by": "sys_user",
    "cmdb_ci": "cmdb_ci",
}
"""Field → the table of what it names."""
JOURNALS = ("comments", "work_notes")
_LENGTHS: Mapping[str, int] = {
    "short_description": 160,
    "description": 4000,
    "correlation_id": 100,
    "correlation_display": 100,
    "category": 40,
    "subcategory": 40,
    "contact_type": 40,
    "close_code": 40,
    "close_notes": 4000,
    "comments": 4000,
    "work_notes": 4000,
    **dict.fromkeys([*CHOICES, "hold_reason"], 40),
    **dict.fromkeys(REFERENCES, 32),
}
"""Writable fields; what is longer is cut off silently, as the platform does."""
_SET_BY_THE_PLATFORM = (
    "sys_id",
    "number",
    "active",
    "opened_at",
    "resolved_at",
    "closed_at",
    "reopen_count",
    "sys_created_on",
    "sys_created_by",
    "sys_updated_on",
    "sys_updated_by",
    "sys_mod_count",
    "sys_class_name",
)
_CLOSED = {"7", "8"}


class Incidents:
    """All incidents of an instance; safe to use from several threads."""

    def __init__(
        self, instance: Instance, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.instance = instance
        self.configuration_items = ConfigurationItems(instance.configuration_items)
        self._clock = clock
        self._records: dict[str, Record] = {}
        self._journals: dict[tuple[str, str], list[str]] = {}
        self._last_number = 10_000
        self._lock = threading.RLock()

    @property
    def fields(self) -> Sequence[str]:
        return sorted({*_LENGTHS, *_SET_BY_THE_PLATFORM})

    def all(self) -> Sequence[Record]:
        """Copies of all records, oldest first."""
        with self._lock:
            return [dict(record) for record in self._records.values()]

    def get(self, record_id: str) -> Record:
        with self._lock:
            return dict(self._found(record_id))

    def journal(self, record_id: str, name: str) -> str:
        """The entries of comments or work notes, newest first, as one text."""
        with self._lock:
            return "".join(reversed(self._journals.get((record_id, name), [])))

    def references(self, name: str) -> Mapping[str, str]:
        """What a reference field may point to: sys_id → display value."""
        match REFERENCES[name]:
            case "cmdb_ci":
                return self.configuration_items.names()
            case "sys_user_group":
                names = self.instance.groups
            case _:
                names = self.instance.users
        return {sys_id(each): each for each in names}

    def create(self, values: Mapping[str, str], user: str) -> Record:
        with self._lock:
            if missing := [name for name in self.instance.mandatory if not values.get(name)]:
                raise _data_policy(missing)
            now = self._now()
            record = dict.fromkeys(self.fields, "")
            record |= {
                "sys_id": uuid4().hex,
                "sys_class_name": "incident",
                "sys_created_on": now,
                "sys_created_by": user,
                "sys_mod_count": "0",
                "opened_at": now,
                "opened_by": sys_id(user) if user in self.instance.users else "",
                "state": "1",
                "urgency": "3",
                "impact": "3",
                "severity": "3",
                "reopen_count": "0",
            }
            self._write(record, values, user)
            self._last_number += 1
            record["number"] = f"INC{self._last_number:07d}"
            self._records[record["sys_id"]] = record
            return dict(record)

    def update(self, record_id: str, values: Mapping[str, str], user: str) -> Record:
        with self._lock:
            record = dict(self._found(record_id))
            if record["state"] in _CLOSED:
                raise RefusedError(
                    403,
                    "Operation Failed",
                    "ACL Exception Update Failed due to security constraints: "
                    f"{record['number']} is {STATES[record['state']]}",
                )
            self._write(record, values, user)
            record["sys_mod_count"] = str(int(record["sys_mod_count"]) + 1)
            self._records[record_id] = record
            return dict(record)

    def clear(self) -> None:
        with self._lock:
            self._records.clear()
            self._journals.clear()

    def unknown(self, values: Mapping[str, str]) -> Sequence[str]:
        """Fields that the table does not have; the platform ignores them without a word."""
        return sorted(set(values) - set(self.fields))

    def _found(self, record_id: str) -> Record:
        if record_id not in self._records:
            detail = "Record doesn't exist or ACL restricts the record retrieval"
            raise RefusedError(404, "No Record found", detail)
        return self._records[record_id]

    def _write(self, record: Record, values: Mapping[str, str], user: str) -> None:
        """Applies what a client may set, then the platform's rules; refuses before any effect."""
        before = record["state"]
        written = {
            name: self._checked(name, value)[: _LENGTHS[name]]
            for name, value in values.items()
            if name in _LENGTHS
        }
        state = written.get("state", written.get("incident_state", before))
        record |= {name: value for name, value in written.items() if name not in JOURNALS}
        record["state"] = record["incident_state"] = state
        needed = ("close_code", "close_notes") if state in {"6", "7"} else ()
        if missing := [name for name in needed if not record[name]]:
            raise _data_policy(missing)
        for level in ("urgency", "impact"):
            record[level] = record[level] or "3"
        now = self._now()
        record["priority"] = str(int(record["urgency"]) + int(record["impact"]) - 1)
        record["active"] = "false" if state in _CLOSED else "true"
        record["sys_updated_on"], record["sys_updated_by"] = now, user
        if state == "6" != before:
            record["resolved_at"] = now
            record["resolved_by"] = sys_id(user) if user in self.instance.users else ""
        if before == "6" and state in {"1", "2", "3"}:
            record["resolved_at"] = record["resolved_by"] = ""
            record["reopen_count"] = str(int(record["reopen_count"]) + 1)
        if state in _CLOSED and before not in _CLOSED:
            record["closed_at"] = now
        for name in JOURNALS:
            if written.get(name):
                kind = "Work notes" if name == "work_notes" else "Additional comments"
                entry = f"{now} - {user} ({kind})\n{written[name]}\n\n"
                self._journals.setdefault((record["sys_id"], name), []).append(entry)

    def _checked(self, name: str, value: str) -> str:
        """The value as stored; refuses what the field cannot hold."""
        if value and name in CHOICES and value not in CHOICES[name]:
            known = ", ".join(f"{key} ({label})" for key, label in CHOICES[name].items())
            raise RefusedError(400, f"Invalid value {value!r} for {name}", f"it takes: {known}")
        if value and name == "close_code" and value not in self.instance.close_codes:
            known = ", ".join(self.instance.close_codes)
            raise RefusedError(400, f"Invalid value {value!r} for {name}", f"it takes: {known}")
        if value and name in REFERENCES:
            return self._referred(name, value)
        return value

    def _referred(self, name: str, value: str) -> str:
        known = self.references(name)
        if value in known:
            return value
        by_name = {display.casefold(): record_id for record_id, display in known.items()}
        if value.casefold() in by_name:
            return by_name[value.casefold()]
        there = ", ".join(sorted(known.values())) or "none"
        raise RefusedError(403, "Operation Failed", f"{name} {value!r} is unknown; known: {there}")

    def _now(self) -> str:
        return f"{self._clock():%Y-%m-%d %H:%M:%S}"


def _data_policy(missing: Sequence[str]) -> RefusedError:
    labels = {"close_code": "Resolution code", "close_notes": "Resolution notes"}
    names = ", ".join(labels.get(name, name.replace("_", " ").capitalize()) for name in missing)
    detail = f"Data Policy Exception: The following fields are mandatory: {names}"
    return RefusedError(403, "Operation Failed", detail)
