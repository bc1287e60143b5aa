"""EventBridge: an event on a bus, the rules that it meets there, and their targets."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self, cast

from moto.backends import get_backend
from moto.events.models import EventBus, Rule

from aws_sandbox.aws.arns import Arn
from aws_sandbox.events.endpoints import DeliveryError, Endpoints, Message, Sender
from aws_sandbox.events.work import Work
from aws_sandbox.functions.metrics import Metric, put_metric
from aws_sandbox.journal import Journal, JournalEntry
from aws_sandbox.moto_changes.events import target_kind

if TYPE_CHECKING:
    from moto.events.utils import EventMessageType

_THIRD_BUS = "events received from another event bus cannot be forwarded to this event bus"


@dataclass(frozen=True, kw_only=True)
class Event:
    """An EventBridge event; a bus that forwards it leaves all of it but `forwarded`."""

    source: str
    detail_type: str
    detail: Mapping[str, Any]
    account: str
    region: str
    id: str
    time: datetime
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
        return cls(
            source=source,
            detail_type=detail_type,
            detail=detail,
            account=account,
            region=region,
            resources=resources,
            id=str(uuid.uuid4()),
            time=time or datetime.now(UTC),
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


class EventBridge:
    """Takes events and gives them to the targets of the rules that match."""

    def __init__(self, *, endpoints: Endpoints, journal: Journal, work: Work) -> None:
        self._endpoints = endpoints
        self._journal = journal
        self._work = work

    def emit(self, account: str, region: str, event: Mapping[str, Any]) -> None:
        """An AWS service's own event, on the default bus of an account and Region.

        `source`, `detail-type` and `detail` as EventBridge shows them; `resources` and `time`
        (ISO 8601) if there are any. Raises ValueError for anything else.
        """
        required, optional = {"source", "detail-type", "detail"}, {"resources", "time"}
        if not required <= set(event) <= required | optional:
            raise ValueError(
                f"an event has {', '.join(sorted(required))} and may have "
                f"{', '.join(sorted(optional))}; this one has {', '.join(sorted(event))}"
            )
        self.accept(
            Event.new(
                source=event["source"],
                detail_type=event["detail-type"],
                detail=event["detail"],
                account=account,
                region=region,
                resources=event.get("resources", ()),
                time=datetime.fromisoformat(event["time"]) if "time" in event else None,
            )
        )

    def put(self, account: str, region: str, entry: Mapping[str, Any]) -> str:
        """A client's event, of an entry of PutEvents, on the default bus; its id."""
        event = Event.new(
            source=entry["Source"],
            detail_type=entry["DetailType"],
            detail=json.loads(entry["Detail"]),
            account=account,
            region=region,
            resources=entry.get("Resources") or (),
        )
        self.accept(event)
        return event.id

    def accept(self, event: Event, bus_arn: str = "") -> None:
        """Meets the rules of a bus, by default the default one of the event's account and Region.

        Whether the event may be put there is asked before.
        """
        bus_arn = bus_arn or f"arn:aws:events:{event.region}:{event.account}:event-bus/default"
        bus = _bus(bus_arn)
        rules = [
            rule
            for rule in list(bus.rules.values())
            if rule.state != "DISABLED" and _matches(rule, event)
        ]
        self._journal.record(
            JournalEntry(
                source=event.source,
                target=bus_arn,
                outcome="carried",
                reason="" if rules else "no rule matches",
                detail={
                    "about": event.id,
                    "detail_type": event.detail_type,
                    "rules": [rule.name for rule in rules],
                },
            )
        )
        for rule in rules:
            self._trigger(rule, event)

    def fire_schedule(self, request: Mapping[str, Any]) -> Mapping[str, str]:
        """The control handler: `{"account": …, "region": …, "rule": name}` gives the event's id.

        Nobody waits for the morning: a rule with a schedule fires on demand, and only so.
        """
        unknown = sorted({"account", "region", "rule"} ^ set(request))
        if unknown:
            raise ValueError(f"events.fire_schedule takes account, region and rule: {unknown}")
        account, region = str(request["account"]), str(request["region"])
        rules = get_backend("events")[account][region].event_buses["default"].rules
        rule = rules.get(str(request["rule"]))
        if rule is None or not rule.scheduled_expression:
            scheduled = sorted(name for name, found in rules.items() if found.scheduled_expression)
            raise ValueError(
                f"{account} has no scheduled rule {request['rule']!r} in {region}; it has "
                f"{', '.join(scheduled) or 'none'}"
            )
        if rule.state == "DISABLED":
            raise ValueError(f"{rule.arn} is disabled")
        event = Event.new(
            source="aws.events",
            detail_type="Scheduled Event",
            detail={},
            account=account,
            region=region,
            resources=[rule.arn],
        )
        self._trigger(rule, event)
        return {"event_id": event.id}

    def _trigger(self, rule: Rule, event: Event) -> None:
        """Gives an event to all targets of a rule."""
        for target in list(rule.targets):
            self._work.submit(
                f"an event of {rule.arn} for {target['Arn']}",
                lambda target=target: self._deliver(rule, target, event),
            )

    def _deliver(self, rule: Rule, target: Mapping[str, Any], event: Event) -> None:
        """To the target, or else to its dead-letter queue.

        Nothing is tried again: what fails here, fails for a reason that does not pass by itself.
        """
        sender = Sender(
            service="events.amazonaws.com",
            source_arn=rule.arn,
            source_account=rule.account_id,
            role_arn=target.get("RoleArn") or "",
        )
        try:
            self._carry(sender, str(target["Arn"]), event)
        except DeliveryError as error:
            dimensions = {"RuleName": rule.name}
            failed = Metric(
                namespace="AWS/Events", name="FailedInvocations", values=[1], dimensions=dimensions
            )
            put_metric(rule.account_id, rule.region_name, failed)
            self._dead_letter(sender, target, event, error)

    def _carry(self, sender: Sender, target_arn: str, event: Event) -> None:
        message = Message(body=event.text, about=event.id)
        match target_kind(target_arn):
            case "sqs":
                self._endpoints.send(sender, target_arn, message)
            case "sns":
                self._endpoints.publish(sender, target_arn, message)
            case "lambda":
                self._endpoints.invoke_later(sender, target_arn, event.text.encode())
            case "event-bus":
                self._to_bus(sender, target_arn, event)
            case kind:
                self._endpoints.refuse(sender, target_arn, "UNKNOWN", f"targets of {kind}")

    def _to_bus(self, sender: Sender, bus_arn: str, event: Event) -> None:
        """The event goes on as it is; EventBridge routes none to a third bus (eb-bus-to-bus)."""
        if event.forwarded:
            elsewhere = Arn.parse(bus_arn).region != Arn.parse(sender.source_arn).region
            code = "THIRD_REGION_HOP_DETECTED" if elsewhere else "THIRD_ACCOUNT_HOP_DETECTED"
            self._endpoints.refuse(sender, bus_arn, code, _THIRD_BUS)
        context = {"events:source": event.source, "events:detail-type": event.detail_type}
        self._endpoints.put_event(sender, bus_arn, event.id, context)
        self.accept(replace(event, forwarded=True), bus_arn)

    def _dead_letter(
        self, sender: Sender, target: Mapping[str, Any], event: Event, error: DeliveryError
    ) -> None:
        config: Mapping[str, str] = target.get("DeadLetterConfig") or {}
        queue_arn = config.get("Arn")
        if not queue_arn:
            self._lost(sender, target, event, "the target has no dead-letter queue")
            return
        message = Message(
            body=event.text,
            about=event.id,
            attributes={
                "RULE_ARN": sender.source_arn,
                "TARGET_ARN": str(target["Arn"]),
                "ERROR_CODE": error.code,
                "ERROR_MESSAGE": str(error),
                "RETRY_ATTEMPTS": "0",
            },
        )
        try:
            # It is the queue's policy that admits the rule; the target's role does not count here.
            self._endpoints.send(replace(sender, role_arn=""), queue_arn, message)
        except DeliveryError:
            self._lost(sender, target, event, "the dead-letter queue does not take it either")

    def _lost(self, sender: Sender, target: Mapping[str, Any], event: Event, why: str) -> None:
        self._journal.record(
            JournalEntry(
                source=sender.source_arn,
                target=str(target["Arn"]),
                outcome="failed",
                reason=f"dropped: {why}",
                detail={"about": event.id},
            )
        )


def _bus(bus_arn: str) -> EventBus:
    arn = Arn.parse(bus_arn)
    buses = get_backend("events")[arn.account][arn.region].event_buses
    return buses[arn.resource.removeprefix("event-bus/")]


def _matches(rule: Rule, event: Event) -> bool:
    """By moto's own pattern; a rule with a schedule alone has none, which moto takes for any."""
    if rule.event_pattern.dump() is None:
        return False
    return rule.event_pattern.matches_event(cast("EventMessageType", event.envelope))
