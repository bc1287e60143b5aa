"""SQS, SNS and EventBridge."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from aws_sandbox.aws.permissions.needs import Mapper, Need, Request, anywhere


def _on_queue(action: str, request: Request) -> Iterator[Need]:
    """The queue of a URL `https://…/<account>/<name>`."""
    *_, account, name = request.text("QueueUrl").split("/")
    yield Need(action=action, resource=f"arn:aws:sqs:{request.call.region}:{account}:{name}")


def _queue_by_name(request: Request) -> Iterator[Need]:
    account = request.text("QueueOwnerAWSAccountId") or request.account
    arn = f"arn:aws:sqs:{request.call.region}:{account}:{request.text('QueueName')}"
    yield Need(action="sqs:GetQueueUrl", resource=arn)


def _publish(request: Request) -> Iterator[Need]:
    topic = request.text("TopicArn") or request.text("TargetArn")
    yield Need(action="sns:Publish", resource=topic)


def _put_events(request: Request) -> Iterator[Need]:
    entries: Sequence[Mapping[str, Any]] = request.call.params.get("Entries") or []
    for bus in dict.fromkeys(str(entry.get("EventBusName") or "default") for entry in entries):
        arn = bus if bus.startswith("arn:") else request.arn(f"event-bus/{bus}")
        yield Need(action="events:PutEvents", resource=arn)


MAPPERS: Mapping[str, Mapper] = {
    "sqs:SendMessage": partial(_on_queue, "sqs:SendMessage"),
    "sqs:SendMessageBatch": partial(_on_queue, "sqs:SendMessage"),
    "sqs:ReceiveMessage": partial(_on_queue, "sqs:ReceiveMessage"),
    "sqs:DeleteMessage": partial(_on_queue, "sqs:DeleteMessage"),
    "sqs:DeleteMessageBatch": partial(_on_queue, "sqs:DeleteMessage"),
    "sqs:ChangeMessageVisibility": partial(_on_queue, "sqs:ChangeMessageVisibility"),
    "sqs:ChangeMessageVisibilityBatch": partial(_on_queue, "sqs:ChangeMessageVisibility"),
    "sqs:GetQueueAttributes": partial(_on_queue, "sqs:GetQueueAttributes"),
    "sqs:PurgeQueue": partial(_on_queue, "sqs:PurgeQueue"),
    "sqs:GetQueueUrl": _queue_by_name,
    "sqs:ListQueues": anywhere("sqs:ListQueues"),
    "sns:Publish": _publish,
    "sns:PublishBatch": _publish,
    "events:PutEvents": _put_events,
}
