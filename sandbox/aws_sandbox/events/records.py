"""SQS messages as a function gets them, and what its answer says of each."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any, cast

from moto.sqs.models import Message


def sqs_record(message: Message, queue_arn: str, region: str) -> Mapping[str, Any]:
    """One element of `Records`."""
    attributes = {
        "ApproximateReceiveCount": str(message.approximate_receive_count),
        "SentTimestamp": str(message.sent_timestamp),
        "SenderId": message.sender_id,
        "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
    }
    source = message.system_attributes.get("DeadLetterQueueSourceArn")
    if source:
        attributes["DeadLetterQueueSourceArn"] = source
    record: dict[str, Any] = {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": attributes,
        "messageAttributes": {
            name: _attribute(attribute) for name, attribute in message.message_attributes.items()
        },
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": region,
    }
    if message.message_attributes:
        record["md5OfMessageAttributes"] = message.attribute_md5
    return record


def failed_ids(response: Any, message_ids: Sequence[str]) -> frozenset[str]:
    """The messages that a function reports as failed (ReportBatchItemFailures).

    Nothing reported is success. What is not of the documented form, or names a message that is not
    in the batch, makes all of them failed.
    """
    if response is None:
        return frozenset()
    every = frozenset(message_ids)
    if not isinstance(response, Mapping):
        return every
    content = cast("Mapping[str, Any]", response)
    failures = content.get("batchItemFailures")
    if failures is None:
        return frozenset()
    if not isinstance(failures, list):
        return every
    named: set[str] = set()
    for failure in cast("Sequence[Any]", failures):
        name = (
            cast("Mapping[str, Any]", failure).get("itemIdentifier")
            if isinstance(failure, dict)
            else None
        )
        if not isinstance(name, str) or name not in every:
            return every
        named.add(name)
    return frozenset(named)


def _attribute(attribute: Mapping[str, Any]) -> Mapping[str, Any]:
    record: dict[str, Any] = {
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": attribute["DataType"],
    }
    if "BinaryValue" in attribute:
        record["binaryValue"] = base64.b64encode(attribute["BinaryValue"]).decode()
    else:
        record["stringValue"] = attribute["StringValue"]
    return record
