"""Amazon SQS's queues and their policies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from aws_sandbox.plugin.fields import (
    BOOLEAN_AS_TEXT,
    NUMBER_AS_TEXT,
    Autoname,
    Converter,
    Document,
    Field,
    members,
    outputs,
)
from aws_sandbox.plugin.resource import Call, Resource, Setting, register
from aws_sandbox.plugin.resources.kms import same_key
from aws_sandbox.plugin.tagging import Tagging
from aws_sandbox.plugin.values import UNKNOWN, Problem, Props

TAGGING = Tagging(
    listing="ListQueueTags",
    adding="TagQueue",
    removing="UntagQueue",
    target="QueueUrl",
    by="id",
    pair=None,
)
FIFO_NAME: Final = re.compile(r"[\w-]{1,75}\.fifo", re.ASCII)
STANDARD_NAME: Final = re.compile(r"[\w-]{1,80}", re.ASCII)
ONLY_TRUE: Final = Converter(
    to_api=lambda on: "true" if on else None, from_api=BOOLEAN_AS_TEXT.from_api
)
"""SQS refuses even to hear that a standard queue is not FIFO."""


def _number(attribute: str, default: int, between: tuple[int, int]) -> Field:
    return Field(
        f"Attributes.{attribute}", convert=NUMBER_AS_TEXT, default=default, between=between
    )


@register("aws:sqs/queue:Queue")
class Queue(Resource):
    """A queue; its id is its URL."""

    service, operation = "sqs", "CreateQueue"
    properties = members(
        name=Field(
            "QueueName",
            replaces=True,
            autoname=Autoname(
                maximum=80, suffix=lambda props: ".fifo" if props.get("fifoQueue") is True else ""
            ),
        ),
        contentBasedDeduplication=Field(
            "Attributes.ContentBasedDeduplication", convert=BOOLEAN_AS_TEXT, default=False
        ),
        deduplicationScope=Field("Attributes.DeduplicationScope", computed=True),
        delaySeconds=_number("DelaySeconds", 0, (0, 900)),
        fifoQueue=Field("Attributes.FifoQueue", convert=ONLY_TRUE, default=False, replaces=True),
        fifoThroughputLimit=Field("Attributes.FifoThroughputLimit", computed=True),
        kmsDataKeyReusePeriodSeconds=Field(
            "Attributes.KmsDataKeyReusePeriodSeconds",
            convert=NUMBER_AS_TEXT,
            computed=True,
            between=(60, 86_400),
        ),
        kmsMasterKeyId=Field("Attributes.KmsMasterKeyId", empty="", same=same_key),
        maxMessageSize=_number("MaximumMessageSize", 262_144, (1024, 1_048_576)),
        messageRetentionSeconds=_number("MessageRetentionPeriod", 345_600, (60, 1_209_600)),
        policy=Field("Attributes.Policy", json=True, computed=True),
        receiveWaitTimeSeconds=_number("ReceiveMessageWaitTimeSeconds", 0, (0, 20)),
        redriveAllowPolicy=Field("Attributes.RedriveAllowPolicy", json=True, computed=True),
        redrivePolicy=Field("Attributes.RedrivePolicy", json=True, computed=True),
        sqsManagedSseEnabled=Field(
            "Attributes.SqsManagedSseEnabled", convert=BOOLEAN_AS_TEXT, computed=True
        ),
        visibilityTimeoutSeconds=_number("VisibilityTimeout", 30, (0, 43_200)),
    )
    outputs = outputs(arn="Attributes.QueueArn", url="QueueUrl")
    volatile = frozenset({"kmsDataKeyReusePeriodSeconds", "sqsManagedSseEnabled"})
    tagging, tags_member = TAGGING, "tags"

    def create(self, call: Call) -> str:
        request = call.request()
        _drop_fifo_only(call, request)
        return call("CreateQueue", **request)["QueueUrl"]

    def read(self, call: Call) -> Document:
        url = call.rid
        found = call("GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return {"QueueName": url.rpartition("/")[2], "QueueUrl": url, "Attributes": found}

    def update(self, call: Call) -> None:
        request = call.request(clear=True)
        _drop_fifo_only(call, request)
        attributes = request["Attributes"]
        attributes.pop("FifoQueue", None)
        call("SetQueueAttributes", QueueUrl=call.rid, Attributes=attributes)

    def delete(self, call: Call) -> None:
        call("DeleteQueue", QueueUrl=call.rid)

    def check(self, props: Props) -> Iterator[Problem]:
        name, fifo = props.get("name", UNKNOWN), props["fifoQueue"]
        pattern = FIFO_NAME if fifo is True else STANDARD_NAME
        if UNKNOWN not in {name, fifo} and not pattern.fullmatch(name):
            reason = f"{name!r} is no name of a {'FIFO' if fifo else 'standard'} queue"
            yield Problem(path=("name",), reason=f"{reason}: it must match {pattern.pattern}")
        if fifo is False and props["contentBasedDeduplication"] is True:
            path = ("contentBasedDeduplication",)
            yield Problem(path=path, reason="only a FIFO queue deduplicates by content")
        if props.get("sqsManagedSseEnabled") is True and "kmsMasterKeyId" in props:
            reason = "a queue is encrypted by SQS or by a key of KMS, not by both"
            yield Problem(path=("sqsManagedSseEnabled",), reason=reason)


def _drop_fifo_only(call: Call, request: Document) -> None:
    if not call.props["fifoQueue"]:
        request["Attributes"].pop("ContentBasedDeduplication")


class QueueAttribute(Setting):
    """One attribute of a queue; its id is the queue's URL."""

    service, operation, key = "sqs", "SetQueueAttributes", "queueUrl"

    def put(self, call: Call) -> None:
        call("SetQueueAttributes", **call.request())

    def read(self, call: Call) -> Document | None:
        found = call("GetQueueAttributes", QueueUrl=call.rid, AttributeNames=["All"])
        if not found.get("Attributes", {}).get(self._attribute):
            return None
        return {"QueueUrl": call.rid, "Attributes": found["Attributes"]}

    def delete(self, call: Call) -> None:
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
