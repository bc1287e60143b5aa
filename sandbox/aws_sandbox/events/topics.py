"""SNS: from a topic to the queues that subscribe, and what it cannot deliver."""

import json

from moto.backends import get_backend
from moto.sns.models import Subscription

from aws_sandbox.aws.arns import Arn
from aws_sandbox.events.endpoints import DeliveryError, Endpoints, Message, Sender
from aws_sandbox.events.work import Work
from aws_sandbox.journal import Journal, JournalEntry


class Topics:
    """Carries what is published, as it is, to every subscription: each is raw and a queue's."""

    def __init__(self, *, endpoints: Endpoints, journal: Journal, work: Work) -> None:
        self._endpoints = endpoints
        self._journal = journal
        self._work = work

    def publish(self, topic_arn: str, message: str, message_id: str) -> None:
        for subscription in _subscriptions(topic_arn):
            self._work.submit(
                f"a message from {topic_arn} to {subscription.endpoint}",
                lambda subscription=subscription: self._carry(
                    subscription, Message(body=message, about=message_id)
                ),
            )

    def _carry(self, subscription: Subscription, message: Message) -> None:
        topic_arn = subscription.topic_arn
        sender = Sender(
            service="sns.amazonaws.com",
            source_arn=topic_arn,
            source_account=Arn.parse(topic_arn).account,
        )
        try:
            self._endpoints.send(sender, subscription.endpoint, message)
        except DeliveryError:
            self._dead_letter(sender, subscription, message)

    def _dead_letter(self, sender: Sender, subscription: Subscription, message: Message) -> None:
        policy = json.loads(subscription.attributes.get("RedrivePolicy") or "{}")
        target = policy.get("deadLetterTargetArn")
        if not target:
            self._lost(subscription, message, "no dead-letter queue")
            return
        try:
            self._endpoints.send(sender, target, message)
        except DeliveryError:
            self._lost(subscription, message, "no dead letter either")

    def _lost(self, subscription: Subscription, message: Message, reason: str) -> None:
        """SNS drops what it cannot deliver."""
        self._journal.record(
            JournalEntry(
                source=subscription.topic_arn,
                target=subscription.endpoint,
                outcome="failed",
                reason=f"dropped: {reason}",
                detail={"about": message.about},
            )
        )


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
