"""Rules with a schedule, which fire here on demand: nobody waits for the morning."""

from collections.abc import Mapping
from typing import Any

from moto.backends import get_backend

from aws_sandbox.events.buses import Buses
from aws_sandbox.events.event import Event


class Schedules:
    """Fires a scheduled rule as EventBridge would when its time has come."""

    def __init__(self, buses: Buses) -> None:
        self._buses = buses

    def fire(self, request: Mapping[str, Any]) -> Mapping[str, str]:
        """The control handler: `{"account": …, "region": …, "rule": name}` gives the event's id."""
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
        self._buses.trigger(rule, event)
        return {"event_id": event.id}
