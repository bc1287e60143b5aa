"""moto's SNS topics, whose Publish goes to the pump, and which refuse what it does not deliver."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol

import moto.sns.models
from moto.core.responses import ActionResult
from moto.sns.models import SNSBackend, Topic
from moto.sns.responses import SNSResponse
from typing_extensions import override

from aws_sandbox.aws.api_calls import not_carried_out
from aws_sandbox.moto_changes.replacements import Replacements

PROTOCOLS = frozenset({"sqs"})
SUBSCRIPTION_ATTRIBUTES = frozenset({"RawMessageDelivery", "RedrivePolicy"})

_subscribe = SNSResponse.subscribe


class Publisher(Protocol):
    def publish(self, topic_arn: str, message: str, message_id: str) -> None: ...


class DeployedTopic(Topic):
    """Stands in for moto's class while the sandbox runs."""

    publisher: ClassVar[Publisher]

    def __init__(self, name: str, sns_backend: SNSBackend) -> None:
        if name.endswith(".fifo"):
            raise not_carried_out("FIFO topics")
        super().__init__(name, sns_backend)

    @override
    def publish(self, message: str, *args: Any, **kwargs: Any) -> str:
        """The subject goes with messages that are not delivered raw, and so with none."""
        for name in ("message_attributes", "message_structure"):
            if kwargs.get(name):
                raise not_carried_out(f"messages with {name.replace('_', ' ')}")
        message_id = str(uuid.uuid4())
        self.publisher.publish(self.arn, message, message_id)
        return message_id


class CheckedSubscription(SNSResponse):
    """Subscribe, of which all attributes are known at once here alone."""

    @override
    def subscribe(self) -> ActionResult:
        protocol = str(self._get_param("Protocol"))
        if protocol not in PROTOCOLS:
            raise not_carried_out(f"subscriptions of protocol {protocol}")
        attributes: Mapping[str, str] = self._get_param("Attributes") or {}
        for name in {"RawMessageDelivery", *attributes}:
            _check_attribute(name, attributes.get(name))
        return _subscribe(self)


def install(replacements: Replacements, publisher: Publisher) -> None:
    DeployedTopic.publisher = publisher
    replacements.replace(moto.sns.models, "Topic", DeployedTopic)
    replacements.replace(SNSResponse, "subscribe", CheckedSubscription.subscribe)
    replacements.wrap(SNSBackend, "set_subscription_attributes", _attribute_set)


def _attribute_set(put: Callable[..., None]) -> Callable[..., None]:
    def put_checked(self: SNSBackend, arn: str, name: str, value: Any) -> None:
        _check_attribute(name, value)
        put(self, arn, name, value)

    return put_checked


def _check_attribute(name: str, value: object) -> None:
    if name == "RawMessageDelivery" and str(value).lower() != "true":
        raise not_carried_out("subscriptions without RawMessageDelivery")
    if value and name not in SUBSCRIPTION_ATTRIBUTES:
        raise not_carried_out(f"subscriptions with {name}")
