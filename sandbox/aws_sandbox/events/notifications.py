"""A message of a topic, as it was published and as its subscribers get it."""

import base64
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.sns.models import Subscription

from aws_sandbox.aws.arns import Arn
from aws_sandbox.events.endpoints import Message
from aws_sandbox.events.senders import DeliveryError

_RAW_ATTRIBUTES_LIMIT = 10
_UNSIGNED = "the sandbox does not sign"


@dataclass(frozen=True, kw_only=True)
class Notification:
    """A message as it was published."""

    topic_arn: str
    message: str
    subject: str = ""
    attributes: Mapping[str, Mapping[str, Any]] = field(
        default_factory=dict[str, Mapping[str, Any]]
    )
    """By name: SNS's Type and Value, a binary value in base64."""
    structured: bool = False
    """The message is an object with a message for each protocol (`MessageStructure: json`)."""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    time: datetime = field(default_factory=lambda: datetime.now(UTC))

    def text(self, protocol: str) -> str:
        if not self.structured:
            return self.message
        messages = json.loads(self.message)
        return messages.get(protocol) or messages["default"]


def queue_message(notification: Notification, subscription: Subscription) -> Message:
    """SNS's envelope; the message itself with its attributes when delivery is raw."""
    raw = str(subscription.attributes.get("RawMessageDelivery")).lower() == "true"
    if raw and len(notification.attributes) > _RAW_ATTRIBUTES_LIMIT:
        raise DeliveryError(
            "INVALID_PARAMETER", "a message with more than 10 attributes is not delivered raw"
        )
    if raw:
        body = notification.text("sqs")
    else:
        body = json.dumps(_envelope(notification, subscription), ensure_ascii=False)
    return Message(
        body=body,
        about=notification.id,
        attributes=dict(map(_queue_attribute, notification.attributes.items())) if raw else {},
    )


def lambda_event(notification: Notification, subscription: Subscription) -> Mapping[str, Any]:
    """The envelope in a record; two of its members are called a little differently there."""
    envelope = _envelope(notification, subscription)
    envelope.setdefault("Subject", None)
    envelope.setdefault("MessageAttributes", {})
    envelope["SigningCertUrl"] = envelope.pop("SigningCertURL")
    envelope["UnsubscribeUrl"] = envelope.pop("UnsubscribeURL")
    record: dict[str, Any] = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription.arn,
        "Sns": envelope,
    }
    return {"Records": [record]}


def _queue_attribute(
    named: tuple[str, Mapping[str, Any]],
) -> tuple[str, Mapping[str, str | bytes]]:
    name, attribute = named
    kind, value = str(attribute["Type"]), str(attribute["Value"])
    if kind.startswith("Binary"):
        return name, {"DataType": kind, "BinaryValue": base64.b64decode(value)}
    return name, {"DataType": kind, "StringValue": value}


def _envelope(notification: Notification, subscription: Subscription) -> dict[str, Any]:
    region = Arn.parse(notification.topic_arn).region
    host = f"https://sns.{region}.amazonaws.com"
    envelope: dict[str, Any] = {
        "Type": "Notification",
        "MessageId": notification.id,
        "TopicArn": notification.topic_arn,
    }
    if notification.subject:
        envelope["Subject"] = notification.subject
    envelope |= {
        "Message": notification.text(subscription.protocol),
        "Timestamp": notification.time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "SignatureVersion": "1",
        "Signature": _UNSIGNED,
        "SigningCertURL": f"{host}/SimpleNotificationService.pem",
        "UnsubscribeURL": f"{host}/?Action=Unsubscribe&SubscriptionArn={subscription.arn}",
    }
    if notification.attributes:
        envelope["MessageAttributes"] = notification.attributes
    return envelope
