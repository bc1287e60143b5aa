"""What a dead letter is about, and why it rests: read as far as its text tells it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, cast

from fleet.errors import ToldError
from fleet.replay.dead_letters import DeadLetter
from reports.own_events import RESTORE_TEST_VERDICT, TICKET_TEST

_KINDS = {
    "Backup Job State Change": "backup",
    "Copy Job State Change": "copy",
    "Restore Job State Change": "restore",
    RESTORE_TEST_VERDICT: "verdict",
    "CloudWatch Alarm State Change": "alarm",
    "EC2 Automation Execution Status-change Notification": "runbook",
    "Object Created": "object",
    "Scan Job State Change": "malware",
    "AWS API Call via CloudTrail": "change",
    TICKET_TEST: "test",
}
"""By an event's detail-type; others are called by it."""
_DETAILS: Mapping[str, tuple[str, ...]] = {
    "state": ("state", "status", "Status", "validationStatus"),
    "resource": (
        "resourceArn",
        "sourceResourceArn",
        "alarmName",
        "Definition",
        "testId",
        "eventName",
        "resourceType",
    ),
    "vault": ("destinationBackupVaultArn", "backupVaultName"),
    "job": ("backupJobId", "copyJobId", "restoreJobId", "ExecutionId"),
    "message": ("statusMessage", "validationStatusMessage"),
}
"""By the name that a filter has for it, where an event's detail may tell it; the first counts."""
NAMES = ("kind", "account", "region", "time", *_DETAILS)
"""What `--filter name=value` may name."""


def facts(body: str) -> Mapping[str, str]:
    """What an event tells, by NAMES; nothing of what is no event."""
    event = _object(body)
    detail = _mapping(event.get("detail"))
    found = {
        "kind": _KINDS.get(str(event.get("detail-type")), str(event.get("detail-type", ""))),
        **{name: str(event.get(name, "")) for name in ("account", "region", "time")},
        **{name: _first(detail, keys) for name, keys in _DETAILS.items()},
    }
    if "object" in detail:  # a report that came into its bucket
        found["resource"] = str(_mapping(detail["object"]).get("key", ""))
    if "value" in (state := _mapping(detail.get("state"))):  # an alarm's
        found |= {"state": str(state["value"]), "message": str(state.get("reason", ""))}
    found["message"] = found["message"].strip('"')
    return {name: value for name, value in found.items() if value}


def reason(letter: DeadLetter) -> str:
    """Why it rests, in the words of who put it there; empty where SQS did, which says nothing: it
    was tried as often as it may be."""
    told = letter.attributes
    code, message = (
        told.get("ERROR_CODE") or told.get("ErrorCode", ""),
        told.get("ERROR_MESSAGE") or told.get("ErrorMessage", ""),
    )
    return told.get("Reason") or ": ".join(filter(None, (code, message)))


def wanted(filters: Iterable[str]) -> Callable[[DeadLetter], bool]:
    """Whether a message fits all filters: `name=value`, in which * stands for anything, is asked of
    what its event tells; any other text is looked for in the message, large letters as small.
    Raises ToldError for a name that no event has."""
    asked = [_asked(each) for each in filters]
    return lambda letter: all(fits(letter) for fits in asked)


def _asked(text: str) -> Callable[[DeadLetter], bool]:
    name, equals, value = text.partition("=")
    if not equals:
        return lambda letter: text.lower() in f"{letter.body} {reason(letter)}".lower()
    if name not in NAMES:
        raise ToldError(f"--filter {text}: it may ask for {', '.join(NAMES)}, not for {name}")
    return lambda letter: fnmatchcase(facts(letter.body).get(name, ""), value)


def _object(body: str) -> Mapping[str, Any]:
    try:
        return _mapping(json.loads(body))
    except ValueError:
        return {}


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _first(detail: Mapping[str, Any], keys: Iterable[str]) -> str:
    return next((str(v) for v in map(detail.get, keys) if isinstance(v, str) and v), "")
