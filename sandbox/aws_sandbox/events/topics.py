"""From a topic to its subscriptions: SNS's filters and dead letters."""

import json

from moto.backends import get_backend
from moto.sns.models import Subscription

from aws_sandbox.aws.arns import Arn
from aws_sandbox.events.endpoints import Endpoints
from aws_sandbox.events.filters import subscription_wants
from aws_sandbox.events.notifications import Notification, lambda_event, queue_message
from aws_sandbox.events.pattern import PatternError
from aws_sandbox.events.senders import DeliveryError, Sender
from aws_sandbox.events.work import Work
from aws_sandbox.journal import Hop, Journal


class Topics:
    """Carries what is published to every subscription that wants it."""

    def __init__(self, *, endpoints: Endpoints, journal: Journal, work: Work) -> None:
        self._endpoints = endpoints
        self._journal = journal
        self._work = work

    def publish(self, notification: Notification) -> None:
        for subscription in _subscriptions(notification.topic_arn):
            self._work.submit(
                f"a message from {notification.topic_arn} to {subscription.endpoint}",
                lambda subscription=subscription: self._carry(notification, subscription),
            )

    def _carry(self, notification: Notification, subscription: Subscription) -> None:
        sender = Sender(
            service="sns.amazonaws.com",
            source_arn=notification.topic_arn,
            source_account=Arn.parse(notification.topic_arn).account,
        )
        try:
            if not _wanted(notification, subscription):
                return
            self._deliver(sender, notification, subscription)
        except PatternError as error:
            self._journal.record(_lost(notification, subscription, f"its filter policy: {error}"))
        except DeliveryError:
            self._dead_letter(sender, notification, subscription)

    def _deliver(
        self, sender: Sender, notification: Notification, subscription: Subscription
    ) -> None:
        match subscription.protocol:
            case "sqs":
                message = queue_message(notification, subscription)
                self._endpoints.send(sender, subscription.endpoint, message)
            case "lambda":
                event = json.dumps(lambda_event(notification, subscription)).encode()
                self._endpoints.invoke_later(sender, subscription.endpoint, event)
            case protocol:
                kind = f"subscriptions of protocol {protocol}"
                self._endpoints.refuse(sender, subscription.endpoint, kind)

    def _dead_letter(
        self, sender: Sender, notification: Notification, subscription: Subscription
    ) -> None:
        policy = json.loads(subscription.attributes.get("RedrivePolicy") or "{}")
        target = policy.get("deadLetterTargetArn")
        if not target:
            self._journal.record(_lost(notification, subscription, "no dead-letter queue"))
            return
        try:
            self._endpoints.send(sender, target, queue_message(notification, subscription))
        except DeliveryError:
            self._journal.record(_lost(notification, subscription, "no dead letter either"))


def _subscriptions(topic_arn: str) -> list[Subscription]:
    """Of every account: moto keeps a subscription with the account that subscribed."""
    region = Arn.parse(topic_arn).region
    return [
        subscription
        for account in list(get_backend("sns").values())
        if region in account.keys()  # noqa: SIM118 - `in account` asks for every Region there is
        for subscription in list(account[region].subscriptions.values())
        if subscription.topic_arn == topic_arn
    ]


def _wanted(notification: Notification, subscription: Subscription) -> bool:
    policy = subscription.attributes.get("FilterPolicy")
    scope = subscription.attributes.get("FilterPolicyScope", "MessageAttributes")
    return not policy or subscription_wants(
        policy, scope, notification.message, notification.attributes
    )


def _lost(notification: Notification, subscription: Subscription, reason: str) -> Hop:
    """SNS drops what it cannot deliver."""
    return Hop(
        source=notification.topic_arn,
        target=subscription.endpoint,
        outcome="failed",
        reason=f"dropped: {reason}",
        detail={"about": notification.id},
    )
