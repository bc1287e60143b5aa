"""moto's SNS topics, whose Publish goes to the pump and nowhere else."""

import json
from typing import Any, ClassVar, Protocol

import moto.sns.models
from moto.sns.exceptions import InvalidParameterValue
from moto.sns.models import Topic
from typing_extensions import override

from aws_sandbox.events.notifications import Notification
from aws_sandbox.moto_changes.replacements import Replacements


class Publisher(Protocol):
    def publish(self, notification: Notification) -> None: ...


class DeployedTopic(Topic):
    """Stands in for moto's class while the sandbox runs."""

    publisher: ClassVar[Publisher]

    @override
    def publish(
        self,
        message: str,
        subject: str | None = None,
        message_attributes: dict[str, Any] | None = None,
        group_id: str | None = None,
        deduplication_id: str | None = None,
        message_structure: str | None = None,
    ) -> str:
        notification = Notification(
            topic_arn=self.arn,
            message=message,
            subject=subject or "",
            attributes=message_attributes or {},
            structured=message_structure == "json",
        )
        if notification.structured:
            _check_structure(message)
        self.publisher.publish(notification)
        self.sent_notifications.append(
            (notification.id, message, subject, message_attributes, group_id)
        )
        return notification.id


def install(replacements: Replacements, publisher: Publisher) -> None:
    DeployedTopic.publisher = publisher
    replacements.replace(moto.sns.models, "Topic", DeployedTopic)


def _check_structure(message: str) -> None:
    try:
        messages = json.loads(message)
    except ValueError as error:
        raise InvalidParameterValue(
            "Invalid parameter: Message Structure - JSON message body failed to parse"
        ) from error
    if not isinstance(messages, dict) or "default" not in messages:
        raise InvalidParameterValue(
            "Invalid parameter: Message Structure - No default entry in JSON message body"
        )
