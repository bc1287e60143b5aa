"""What a bucket tells of its objects: to EventBridge, and to queues, topics and functions."""

import contextlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import cast

from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket, Notification, NotificationConfiguration

from aws_sandbox.aws.arns import Arn
from aws_sandbox.events.endpoints import Endpoints, Message
from aws_sandbox.events.event import Event
from aws_sandbox.events.object_changes import ObjectChange, timestamp
from aws_sandbox.events.senders import DeliveryError, Sender
from aws_sandbox.events.work import Work


class S3Events:
    """Carries what happens to objects where the bucket's notification configuration says."""

    def __init__(
        self, *, endpoints: Endpoints, accept: Callable[[str, Event], None], work: Work
    ) -> None:
        """`accept` puts an event on the bus with this ARN."""
        self._endpoints = endpoints
        self._accept = accept
        self._work = work

    def tell(self, change: ObjectChange) -> None:
        configuration = change.bucket.notification_configuration
        if configuration is None:
            return
        for notification in _notifications(configuration):
            if _concerns(notification, change):
                self._submit(change, notification)
        if configuration.event_bridge is not None:
            bucket = change.bucket
            self._accept(
                f"arn:aws:events:{bucket.region_name}:{bucket.account_id}:event-bus/default",
                change.event(),
            )

    def test(self, bucket: FakeBucket) -> None:
        """Sends S3's test event to a bucket's queues and topics.

        Raises S3's error for a notification configuration whose destinations do not admit it.
        """
        configuration = bucket.notification_configuration
        if configuration is None:
            return
        event = {
            "Service": "Amazon S3",
            "Event": "s3:TestEvent",
            "Time": timestamp(datetime.now(UTC)),
            "Bucket": bucket.name,
        }
        try:
            for notification in _notifications(configuration):
                if Arn.parse(notification.arn).service != "lambda":
                    self._deliver(bucket, notification, json.dumps(event))
        except DeliveryError as error:
            raise S3ClientError(
                "InvalidArgument",
                f"Unable to validate the following destination configurations: {error}",
            ) from error

    def _submit(self, change: ObjectChange, notification: Notification) -> None:
        def deliver() -> None:
            body = json.dumps({"Records": [change.record(notification.id)]})
            with contextlib.suppress(DeliveryError):  # S3 drops it; the journal has it
                self._deliver(change.bucket, notification, body)

        self._work.submit(f"an event of {change.bucket.arn} for {notification.arn}", deliver)

    def _deliver(self, bucket: FakeBucket, notification: Notification, body: str) -> None:
        sender = Sender(
            service="s3.amazonaws.com",
            source_arn=bucket.arn,
            source_account=bucket.account_id,
        )
        match Arn.parse(notification.arn).service:
            case "sqs":
                self._endpoints.send(sender, notification.arn, Message(body=body))
            case "sns":
                message = Message(body=body, subject="Amazon S3 Notification")
                self._endpoints.publish(sender, notification.arn, message)
            case _:
                self._endpoints.invoke_later(sender, notification.arn, body.encode())


def _notifications(configuration: NotificationConfiguration) -> list[Notification]:
    found = [*configuration.cloud_function, *configuration.queue, *configuration.topic]
    return cast("list[Notification]", found)  # moto's metaclass hides the type


def _concerns(notification: Notification, change: ObjectChange) -> bool:
    wildcard = change.name.rpartition(":")[0] + ":*"
    if change.name not in notification.events and wildcard not in notification.events:
        return False
    rules = notification.filters.get("S3Key", {}).get("FilterRule", [])
    affixes = {rule["Name"].lower(): rule["Value"] for rule in rules}
    return change.key.startswith(affixes.get("prefix", "")) and change.key.endswith(
        affixes.get("suffix", "")
    )
