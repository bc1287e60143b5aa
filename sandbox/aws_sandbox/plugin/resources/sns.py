"""Amazon SNS's topics, their policies and subscriptions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from aws_sandbox.plugin.fields import (
    BOOLEAN_AS_TEXT,
    Autoname,
    Document,
    Field,
    members,
    outputs,
)
from aws_sandbox.plugin.resource import Call, Resource, Setting, register
from aws_sandbox.plugin.resources.kms import same_key
from aws_sandbox.plugin.tagging import Tagging
from aws_sandbox.plugin.values import Problem, Props

TAGGING = Tagging(listing="ListTagsForResource")


def _put_attributes(call: Call, operation: str, **whose: str) -> None:
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
        name=Field(
            "Name",
            replaces=True,
            autoname=Autoname(
                maximum=80, suffix=lambda props: ".fifo" if props.get("fifoTopic") is True else ""
            ),
        ),
        contentBasedDeduplication=Field(
            "Attributes.ContentBasedDeduplication", convert=BOOLEAN_AS_TEXT
        ),
        deliveryPolicy=Field("Attributes.DeliveryPolicy", json=True, empty=""),
        displayName=Field("Attributes.DisplayName", empty=""),
        fifoTopic=Field("Attributes.FifoTopic", convert=BOOLEAN_AS_TEXT, replaces=True),
        kmsMasterKeyId=Field("Attributes.KmsMasterKeyId", empty="", same=same_key),
        policy=Field("Attributes.Policy", json=True, computed=True),
    )
    outputs = outputs(arn="Attributes.TopicArn", owner="Attributes.Owner")
    tagging = TAGGING

    def create(self, call: Call) -> str:
        return call("CreateTopic", **call.request())["TopicArn"]

    def read(self, call: Call) -> Document:
        found = call("GetTopicAttributes", TopicArn=call.rid)["Attributes"]
        return {"Name": call.rid.rpartition(":")[2], "Attributes": found}

    def update(self, call: Call) -> None:
        _put_attributes(call, "SetTopicAttributes", TopicArn=call.rid)

    def delete(self, call: Call) -> None:
        call("DeleteTopic", TopicArn=call.rid)

    def check(self, props: Props) -> Iterator[Problem]:
        name, fifo = props.get("name"), props.get("fifoTopic") is True
        if isinstance(name, str) and fifo != name.endswith(".fifo"):
            yield Problem(path=("name",), reason="a FIFO topic's name, and no other, ends in .fifo")


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

    def put(self, call: Call) -> None:
        self._set(call, call.props["arn"], call.props["policy"])

    def read(self, call: Call) -> Document:
        return call("GetTopicAttributes", TopicArn=call.rid)["Attributes"]

    def delete(self, call: Call) -> None:
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
    def _set(call: Call, topic: str, policy: str) -> None:
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
        confirmationTimeoutInMinutes=Field(default=1),
        endpointAutoConfirms=Field(default=False),
        filterPolicy=Field("Attributes.FilterPolicy", json=True, empty=""),
        filterPolicyScope=Field("Attributes.FilterPolicyScope", computed=True),
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

    def create(self, call: Call) -> str:
        request = call.request() | {"ReturnSubscriptionArn": True}
        return call("Subscribe", **request)["SubscriptionArn"]

    def read(self, call: Call) -> Document:
        found = call("GetSubscriptionAttributes", SubscriptionArn=call.rid)["Attributes"]
        flags = ("ConfirmationWasAuthenticated", "PendingConfirmation")
        return {
            "TopicArn": found["TopicArn"],
            "Protocol": found["Protocol"],
            "Endpoint": found["Endpoint"],
            "Attributes": found,
            **{flag: BOOLEAN_AS_TEXT.from_api(found.get(flag, "false")) for flag in flags},
        }

    def update(self, call: Call) -> None:
        _put_attributes(call, "SetSubscriptionAttributes", SubscriptionArn=call.rid)

    def delete(self, call: Call) -> None:
        call("Unsubscribe", SubscriptionArn=call.rid)
