"""Event buses: what is put on one, and which rules it meets there."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from moto.backends import get_backend
from moto.events.models import EventBus, Rule

from aws_sandbox.aws.arns import Arn
from aws_sandbox.events.deliveries import Deliveries
from aws_sandbox.events.event import Event
from aws_sandbox.events.filters import parsed_pattern
from aws_sandbox.events.pattern import PatternError
from aws_sandbox.events.targets import Delivery
from aws_sandbox.journal import Hop, Journal

_ENTRIES_LIMIT = 10
_SIZE_LIMIT = 262_144
"""Bytes of all entries of a request (PutEvents)."""

Entry = Mapping[str, Any]
"""A PutEvents request entry, or its result."""


class EntriesError(ValueError):
    """PutEvents refuses the request as a whole (ValidationException)."""


class Buses:
    """Takes events and gives them to the rules that match."""

    def __init__(self, *, deliveries: Deliveries, journal: Journal) -> None:
        self._deliveries = deliveries
        self._journal = journal

    def put_events(self, account: str, region: str, entries: Sequence[Entry]) -> Sequence[Entry]:
        """PutEvents by a client of the API: the results, one an entry, in the same order."""
        if len(entries) > _ENTRIES_LIMIT:
            raise EntriesError(
                f"a request has {_ENTRIES_LIMIT} entries at most, not {len(entries)}"
            )
        if sum(map(_size, entries)) > _SIZE_LIMIT:
            raise EntriesError("Total size of the entries in the request is over the limit.")
        return [self._put(account, region, entry) for entry in entries]

    def accept(self, bus_arn: str, event: Event) -> None:
        """Meets the bus's rules; whether the event may be put there is asked before."""
        bus = _bus(bus_arn)
        if bus is None:
            return
        rules = [
            rule
            for rule in list(bus.rules.values())
            if rule.state != "DISABLED" and self._matches(rule, event)
        ]
        detail = {"about": event.id, "detail_type": event.detail_type}
        self._journal.record(
            Hop(
                source=event.source,
                target=bus_arn,
                outcome="carried",
                reason="" if rules else "no rule matches",
                detail={**detail, "rules": [rule.name for rule in rules]},
            )
        )
        for rule in rules:
            self.trigger(rule, event)

    def trigger(self, rule: Rule, event: Event) -> None:
        """Gives an event to all targets of a rule."""
        for target in list(rule.targets):
            self._deliveries.submit(Delivery(rule=rule, target=target, event=event))

    def _put(self, account: str, region: str, entry: Entry) -> Entry:
        refusal = _refusal(entry)
        if refusal:
            return refusal
        name = entry.get("EventBusName") or "default"
        bus_arn = (
            name
            if name.startswith("arn:")
            else f"arn:aws:events:{region}:{account}:event-bus/{name}"
        )
        if _bus(bus_arn) is None:
            return _error("ResourceNotFoundException", f"Event bus {name} does not exist.")
        event = Event.new(
            source=entry["Source"],
            detail_type=entry["DetailType"],
            detail=json.loads(entry["Detail"]),
            account=account,
            region=region,
            resources=entry.get("Resources") or (),
            time=_time(entry.get("Time")),
        )
        self.accept(bus_arn, event)
        return {"EventId": event.id}

    def _matches(self, rule: Rule, event: Event) -> bool:
        text = rule.event_pattern.dump()
        if text is None:
            return False
        try:
            return parsed_pattern(text).matches(event.envelope)
        except PatternError as error:
            reason = f"its pattern: {error}"
            self._journal.record(
                Hop(source=event.source, target=rule.arn, outcome="failed", reason=reason)
            )
            return False


def _bus(bus_arn: str) -> EventBus | None:
    arn = Arn.parse(bus_arn)
    buses = get_backend("events")[arn.account][arn.region].event_buses
    return buses.get(arn.resource.removeprefix("event-bus/"))


def _refusal(entry: Entry) -> Entry | None:
    """As PutEvents refuses a single entry."""
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            return _error(
                "InvalidArgument",
                f"Parameter {name} is not valid. Reason: {name} is a required argument.",
            )
    if entry["Source"].startswith("aws."):
        return _error("NotAuthorizedForSourceException", "Not authorized for the source.")
    try:
        detail = json.loads(entry["Detail"])
    except ValueError:
        detail = None
    if not isinstance(detail, dict):
        return _error("MalformedDetail", "Detail is malformed.")
    return None


def _error(code: str, message: str) -> Entry:
    return {"ErrorCode": code, "ErrorMessage": message}


def _size(entry: Entry) -> int:
    """Bytes, as the documentation of PutEvents counts them."""
    texts = [entry.get(name) or "" for name in ("Source", "DetailType", "Detail")]
    texts += cast("Sequence[str]", entry.get("Resources") or ())
    return sum(len(text.encode()) for text in texts) + (14 if entry.get("Time") else 0)


def _time(value: Any) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return value
    return datetime.fromtimestamp(float(value), UTC)
