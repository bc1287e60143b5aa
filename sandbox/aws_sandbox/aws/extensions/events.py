"""EventBridge bus policies kept as they were put: moto merges a new policy into the old one."""

import json
from types import ModuleType
from typing import Any, cast

import moto.events.urls
from moto.core.exceptions import JsonRESTError
from moto.events.models import EventBus, EventsBackend, events_backends
from typing_extensions import override


class SandboxEventsBackend(EventsBackend):
    """Moto's EventBridge, whose PutPermission with a policy replaces the bus's policy."""

    @property
    def _url_module(self) -> ModuleType:
        return moto.events.urls

    @override
    def put_permission(
        self,
        event_bus_name: str,
        action: str,
        principal: str,
        statement_id: str,
        condition: dict[str, str],
        policy: str,
    ) -> None:
        bus = self.describe_event_bus(event_bus_name or "default")
        if policy:
            _replace(bus, policy)
        elif principal == "*":
            # Moto would write the account "*" into an ARN.
            statement = (
                {condition["Type"]: {condition["Key"]: condition["Value"]}} if condition else None
            )
            bus.add_permission(statement_id, action, {"AWS": "*"}, statement)
        else:
            super().put_permission(
                event_bus_name, action, principal, statement_id, condition, policy
            )


def _replace(bus: EventBus, policy: str) -> None:
    document: dict[str, Any] = json.loads(policy)
    listed = document["Statement"]
    statements = cast("list[dict[str, Any]]", listed if isinstance(listed, list) else [listed])
    missing = [
        name
        for name in ("Sid", "Effect", "Principal", "Action", "Resource")
        if any(name not in statement for statement in statements)
    ]
    if missing:
        raise JsonRESTError(
            "ValidationException",
            f"A statement of an event bus's policy needs {', '.join(missing)}.",
        )
    bus.remove_statements()
    bus.add_policy({**document, "Statement": statements})


def install() -> None:
    events_backends.backend = SandboxEventsBackend
