"""The kinds of target that a rule may have here, and how each takes an event."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from moto.backends import get_backend
from moto.events.models import Rule

from aws_sandbox.aws.arns import Arn
from aws_sandbox.events.endpoints import Endpoints, Message
from aws_sandbox.events.event import Event
from aws_sandbox.events.senders import DeliveryError, Sender
from aws_sandbox.events.transform import modifies_input, target_input


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One event on its way from a rule to one of its targets."""

    rule: Rule
    target: Mapping[str, Any]
    event: Event
    retries: int = 0
    age_seconds: float = 0.0
    """As EventBridge would count it: the waits, undivided."""

    @property
    def target_arn(self) -> str:
        return str(self.target["Arn"])

    @property
    def sender(self) -> Sender:
        return Sender(
            service="events.amazonaws.com",
            source_arn=self.rule.arn,
            source_account=self.rule.account_id,
            role_arn=self.target.get("RoleArn") or "",
        )

    def settings(self, name: str) -> Mapping[str, Any]:
        """A member of the target that is an object; empty when the target has none."""
        return self.target.get(name) or {}

    @property
    def text(self) -> str:
        return target_input(self.target, self.event, self.rule.arn)


Carrier = Callable[[Delivery], None]
"""Delivers once, or raises DeliveryError."""


class Targets:
    """Takes an event to a target of a kind that has a carrier; refuses every other kind."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._endpoints = endpoints
        self.carriers: dict[str, Carrier] = {
            "sqs": self._to_queue,
            "sns": self._to_topic,
            "lambda": self._to_function,
            "events:event-bus": self._to_bus,
            "events": self._to_archive,
        }
        """By service and kind of resource (`ssm:automation-definition`), or by service alone."""

    def carry(self, delivery: Delivery) -> None:
        """Raises DeliveryError."""
        arn = Arn.parse(delivery.target_arn)
        kind = f"{arn.service}:{arn.resource.replace('/', ':').partition(':')[0]}"
        carrier = self.carriers.get(kind) or self.carriers.get(arn.service)
        if carrier is None:
            self._endpoints.refuse(delivery.sender, delivery.target_arn, f"targets of {kind}")
        carrier(delivery)

    def _to_queue(self, delivery: Delivery) -> None:
        self._endpoints.send(delivery.sender, delivery.target_arn, _message(delivery))

    def _to_topic(self, delivery: Delivery) -> None:
        self._endpoints.publish(delivery.sender, delivery.target_arn, _message(delivery))

    def _to_function(self, delivery: Delivery) -> None:
        event = delivery.text.encode()
        try:
            json.loads(event)
        except json.JSONDecodeError as error:
            raise DeliveryError("INVALID_JSON", f"a function takes JSON: {error}") from error
        self._endpoints.invoke_later(delivery.sender, delivery.target_arn, event)

    def _to_bus(self, delivery: Delivery) -> None:
        """The event goes on as it is; EventBridge routes none to a third bus (eb-bus-to-bus)."""
        if modifies_input(delivery.target):
            raise DeliveryError("INVALID_PARAMETER", "the input for a bus cannot be modified")
        if delivery.event.forwarded:
            elsewhere = Arn.parse(delivery.target_arn).region != delivery.rule.region_name
            raise DeliveryError(
                "THIRD_REGION_HOP_DETECTED" if elsewhere else "THIRD_ACCOUNT_HOP_DETECTED",
                "events received from another event bus cannot be forwarded to this event bus",
            )
        self._endpoints.put_event(delivery.sender, delivery.target_arn, delivery.event.onward())

    def _to_archive(self, delivery: Delivery) -> None:
        """moto's archives are targets of rules of their own, on the archive's bus."""
        rule = delivery.rule
        archives = get_backend("events")[rule.account_id][rule.region_name].archives
        owner = next((archive for archive in archives.values() if archive.rule is rule), None)
        if owner is None:
            raise DeliveryError("NO_RESOURCE", f"no archive belongs to {rule.arn}")
        owner.events.append(json.loads(delivery.event.text))


def _message(delivery: Delivery) -> Message:
    return Message(body=delivery.text, about=delivery.event.id)
