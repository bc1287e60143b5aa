"""Amazon SNS's topics and subscriptions, Amazon SQS's queues, and their policies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from aws_sandbox.plugin.fields import (
    BOOLEAN_AS_TEXT,
    NUMBER_AS_TEXT,
    Autoname,
    Document,
    Field,
    members,
    outputs,
)
from aws_sandbox.plugin.resource import Resource, ResourceCall, Setting, Tagging, register
from aws_sandbox.plugin.resources.access import same_key
from aws_sandbox.plugin.values import UNKNOWN, Problem, Props

SNS_TAGGING = Tagging(listing="ListTagsForResource")


def _put_attributes(call: ResourceCall, operation: str, **whose: str) -> None:
    """Sets each attribute that is not as it was; what is unset gets its empty value."""
    wanted = call.request(clear=True).get("Attributes", {})
    for name, field in call.resource.properties.items():
        attribute = field.api.removeprefix("Attributes.")
        old, new = (values.get(name, field.empty) for values in (call.state, call.props))
        if attribute in wanted and old != new:
            call(operation, AttributeName=attribute, AttributeValue=wanted[attribute], **whose)


@register("aws:sns/topic:Topic")
class Topic(Resource):
    """A topic; its id is its ARN."""

    service, operation = "sns", "CreateTopic"
    properties = members(
        name=Field("Name", replaces=True, autoname=Autoname(maximum=80)),
        kmsMasterKeyId=Field("Attributes.KmsMasterKeyId", empty="", same=same_key),
    )
    outputs = outputs(arn="Attributes.TopicArn", owner="Attributes.Owner")
    tagging = SNS_TAGGING

    def create(self, call: ResourceCall) -> str:
        return call("CreateTopic", **call.request())["TopicArn"]

    def read(self, call: ResourceCall) -> Document:
        found = call("GetTopicAttributes", TopicArn=call.rid)["Attributes"]
        return {"Name": call.rid.rpartition(":")[2], "Attributes": found}

    def update(self, call: ResourceCall) -> None:
        _put_attributes(call, "SetTopicAttributes", TopicArn=call.rid)

    def delete(self, call: ResourceCall) -> None:
        call("DeleteTopic", TopicArn=call.rid)


DEFAULT_ACTIONS: Final = (
    "GetTopicAttributes",
    "SetTopicAttributes",
    "AddPermission",
    "RemovePermission",
    "DeleteTopic",
    "Subscribe",
    "ListSubscriptionsByTopic",
    "Publish",
)


@register("aws:sns/topicPolicy:TopicPolicy")
class TopicPolicy(Setting):
    """Who may use a topic; its id is the topic's ARN. Without it SNS's default holds again."""

    service, operation, key = "sns", "SetTopicAttributes", "arn"
    properties = members(
        arn=Field("TopicArn", replaces=True), policy=Field("Policy", json=True, separate=True)
    )
    outputs = outputs(owner="Owner")

    def put(self, call: ResourceCall) -> None:
        self._set(call, call.props["arn"], call.props["policy"])

    def read(self, call: ResourceCall) -> Document:
        return call("GetTopicAttributes", TopicArn=call.rid)["Attributes"]

    def delete(self, call: ResourceCall) -> None:
        statement = {
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": [f"SNS:{name}" for name in DEFAULT_ACTIONS],
            "Resource": call.rid,
            "Condition": {"StringEquals": {"AWS:SourceOwner": call.api.account}},
        }
        policy = {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}
        self._set(call, call.rid, json.dumps(policy))

    @staticmethod
    def _set(call: ResourceCall, topic: str, policy: str) -> None:
        change = {"AttributeName": "Policy", "AttributeValue": policy}
        call("SetTopicAttributes", TopicArn=topic, **change)


@register("aws:sns/topicSubscription:TopicSubscription")
class TopicSubscription(Resource):
    """A subscription to a topic; its id is its ARN."""

    service, operation = "sns", "Subscribe"
    properties = members(
        topic=Field("TopicArn", replaces=True),
        protocol=Field("Protocol", replaces=True),
        endpoint=Field("Endpoint", replaces=True),
        rawMessageDelivery=Field(
            "Attributes.RawMessageDelivery", convert=BOOLEAN_AS_TEXT, default=False
        ),
        redrivePolicy=Field("Attributes.RedrivePolicy", json=True, empty=""),
    )
    outputs = outputs(
        arn="Attributes.SubscriptionArn",
        confirmationWasAuthenticated="ConfirmationWasAuthenticated",
        ownerId="Attributes.Owner",
        pendingConfirmation="PendingConfirmation",
    )

    def create(self, call: ResourceCall) -> str:
        request = call.request() | {"ReturnSubscriptionArn": True}
        return call("Subscribe", **request)["SubscriptionArn"]

    def read(self, call: ResourceCall) -> Document:
        found = call("GetSubscriptionAttributes", SubscriptionArn=call.rid)["Attributes"]
        flags = ("ConfirmationWasAuthenticated", "PendingConfirmation")
        return {
            "TopicArn": found["TopicArn"],
            "Protocol": found["Protocol"],
            "Endpoint": found["Endpoint"],
            "Attributes": found,
            **{flag: BOOLEAN_AS_TEXT.from_api(found.get(flag, "false")) for flag in flags},
        }

    def update(self, call: ResourceCall) -> None:
        _put_attributes(call, "SetSubscriptionAttributes", SubscriptionArn=call.rid)

    def delete(self, call: ResourceCall) -> None:
        call("Unsubscribe", SubscriptionArn=call.rid)


SQS_TAGGING = Tagging(
    listing="ListQueueTags",
    adding="TagQueue",
    removing="UntagQueue",
    target="QueueUrl",
    by="id",
    pair=None,
)
QUEUE_NAME: Final = re.compile(r"[\w-]{1,80}", re.ASCII)


def _number(attribute: str, default: int, between: tuple[int, int]) -> Field:
    return Field(
        f"Attributes.{attribute}", convert=NUMBER_AS_TEXT, default=default, between=between
    )


@register("aws:sqs/queue:Queue")
class Queue(Resource):
    """A queue; its id is its URL."""

    service, operation = "sqs", "CreateQueue"
    properties = members(
        name=Field("QueueName", replaces=True, autoname=Autoname(maximum=80)),
        kmsMasterKeyId=Field("Attributes.KmsMasterKeyId", empty="", same=same_key),
        messageRetentionSeconds=_number("MessageRetentionPeriod", 345_600, (60, 1_209_600)),
        redrivePolicy=Field("Attributes.RedrivePolicy", json=True, computed=True),
        sqsManagedSseEnabled=Field(
            "Attributes.SqsManagedSseEnabled", convert=BOOLEAN_AS_TEXT, computed=True
        ),
        visibilityTimeoutSeconds=_number("VisibilityTimeout", 30, (0, 43_200)),
    )
    outputs = outputs(arn="Attributes.QueueArn", url="QueueUrl")
    volatile = frozenset({"sqsManagedSseEnabled"})
    tagging, tags_member = SQS_TAGGING, "tags"

    def create(self, call: ResourceCall) -> str:
        return call("CreateQueue", **call.request())["QueueUrl"]

    def read(self, call: ResourceCall) -> Document:
        url = call.rid
        found = call("GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return {"QueueName": url.rpartition("/")[2], "QueueUrl": url, "Attributes": found}

    def update(self, call: ResourceCall) -> None:
        attributes = call.request(clear=True)["Attributes"]
        call("SetQueueAttributes", QueueUrl=call.rid, Attributes=attributes)

    def delete(self, call: ResourceCall) -> None:
        call("DeleteQueue", QueueUrl=call.rid)

    def check(self, props: Props) -> Iterator[Problem]:
        name = props.get("name", UNKNOWN)
        if name is not UNKNOWN and not QUEUE_NAME.fullmatch(name):
            reason = f"{name!r} is no name of a standard queue: it must match {QUEUE_NAME.pattern}"
            yield Problem(path=("name",), reason=reason)
        if props.get("sqsManagedSseEnabled") is True and "kmsMasterKeyId" in props:
            reason = "a queue is encrypted by SQS or by a key of KMS, not by both"
            yield Problem(path=("sqsManagedSseEnabled",), reason=reason)


class QueueAttribute(Setting):
    """One attribute of a queue; its id is the queue's URL."""

    service, operation, key = "sqs", "SetQueueAttributes", "queueUrl"

    def put(self, call: ResourceCall) -> None:
        call("SetQueueAttributes", **call.request())

    def read(self, call: ResourceCall) -> Document | None:
        found = call("GetQueueAttributes", QueueUrl=call.rid, AttributeNames=["All"])
        if not found.get("Attributes", {}).get(self._attribute):
            return None
        return {"QueueUrl": call.rid, "Attributes": found["Attributes"]}

    def delete(self, call: ResourceCall) -> None:
        call("SetQueueAttributes", QueueUrl=call.rid, Attributes={self._attribute: ""})

    @property
    def _attribute(self) -> str:
        paths = (field.api.partition(".") for field in self.properties.values())
        return next(attribute for first, _, attribute in paths if first == "Attributes")


@register("aws:sqs/queuePolicy:QueuePolicy")
class QueuePolicy(QueueAttribute):
    """Who may use a queue."""

    properties = members(
        queueUrl=Field("QueueUrl", replaces=True), policy=Field("Attributes.Policy", json=True)
    )


@register("aws:sqs/redriveAllowPolicy:RedriveAllowPolicy")
class RedriveAllowPolicy(QueueAttribute):
    """Whose dead letters a queue takes."""

    properties = members(
        queueUrl=Field("QueueUrl", replaces=True),
        redriveAllowPolicy=Field("Attributes.RedriveAllowPolicy", json=True),
    )
