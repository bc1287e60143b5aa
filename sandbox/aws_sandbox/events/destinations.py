"""Where an asynchronous invocation's end is told: dead-letter queues and destinations."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from moto.awslambda.models import LambdaFunction

from aws_sandbox.aws.arns import Arn
from aws_sandbox.events.endpoints import Endpoints, Message
from aws_sandbox.events.event import Event
from aws_sandbox.events.senders import DeliveryError, Sender
from aws_sandbox.functions.invocation import Invocation
from aws_sandbox.functions.metrics import Metric, put_metric

_ERROR_LENGTH = 1024
"""Characters of the error that a dead letter keeps."""


class Condition(Enum):
    """Why an event is done with, by the names that Lambda gives."""

    SUCCESS = "Success"
    RETRIES_EXHAUSTED = "RetriesExhausted"
    EVENT_AGE_EXCEEDED = "EventAgeExceeded"


@dataclass(frozen=True, kw_only=True)
class Ended:
    """An event that a function took, or that Lambda gave up."""

    function: LambdaFunction
    condition: Condition
    event: bytes
    attempts: int
    invocation: Invocation
    """The last one."""


class Destinations:
    """Delivers in the function's own role; what cannot be delivered is counted, as on AWS."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._endpoints = endpoints

    def tell(self, ended: Ended) -> None:
        """To the function's dead-letter queue or topic, and to the destination for this end."""
        failed = ended.condition is not Condition.SUCCESS
        dead_letters = getattr(ended.function, "dead_letter_config", {}).get("TargetArn", "")
        if failed and dead_letters:
            self._deliver(ended, dead_letters, _dead_letter(ended), "DeadLetterErrors")
        configured = invoke_settings(ended.function).get("DestinationConfig", {})
        destination = configured.get("OnFailure" if failed else "OnSuccess", {}).get("Destination")
        if destination:
            message = Message(body=json.dumps(_record(ended)))
            self._deliver(ended, destination, message, "DestinationDeliveryFailures")

    def _deliver(self, ended: Ended, target: str, message: Message, metric: str) -> None:
        function = ended.function
        sender = Sender(
            service="lambda.amazonaws.com",
            source_arn=function.function_arn,
            source_account=function.account_id,
            role_arn=function.role,
        )
        try:
            match Arn.parse(target).service:
                case "sqs":
                    self._endpoints.send(sender, target, message)
                case "sns":
                    self._endpoints.publish(sender, target, message)
                case "lambda":
                    self._endpoints.invoke_later(sender, target, message.body.encode())
                case "events":
                    self._endpoints.put_event(sender, target, _event(ended, target))
                case service:
                    self._endpoints.refuse(sender, target, f"destinations of {service}")
        except DeliveryError:
            put_metric(
                function.account_id,
                function.region,
                Metric(
                    namespace="AWS/Lambda",
                    name=metric,
                    values=[1],
                    dimensions={"FunctionName": function.function_name},
                ),
            )


def invoke_settings(function: LambdaFunction) -> Mapping[str, Any]:
    """The function's EventInvokeConfig; empty when it has none."""
    return function.event_invoke_config[-1].config if function.event_invoke_config else {}


def _dead_letter(ended: Ended) -> Message:
    """The event as it came, with the error in attributes."""
    error = str(ended.invocation.content.get("errorMessage", ""))[:_ERROR_LENGTH]
    return Message(
        body=ended.event.decode(),
        attributes={
            "RequestID": {"DataType": "String", "StringValue": ended.invocation.request_id},
            "ErrorCode": {"DataType": "Number", "StringValue": "200"},
            "ErrorMessage": {"DataType": "String", "StringValue": error},
        },
    )


def _record(ended: Ended) -> Mapping[str, Any]:
    invocation = ended.invocation
    response = {"statusCode": 200, "executedVersion": invocation.version}
    if invocation.error:
        response["functionError"] = invocation.error
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return {
        "version": "1.0",
        "timestamp": now.replace("+00:00", "Z"),
        "requestContext": {
            "requestId": invocation.request_id,
            "functionArn": f"{ended.function.function_arn}:{invocation.version}",
            "condition": ended.condition.value,
            "approximateInvokeCount": ended.attempts,
        },
        "requestPayload": json.loads(ended.event),
        "responseContext": response,
        "responsePayload": invocation.content,
    }


def _event(ended: Ended, bus_arn: str) -> Event:
    result = "Success" if ended.condition is Condition.SUCCESS else "Failure"
    return Event.new(
        source="lambda",
        detail_type=f"Lambda Function Invocation Result - {result}",
        detail=_record(ended),
        account=ended.function.account_id,
        region=ended.function.region,
        resources=[bus_arn, f"{ended.function.function_arn}:{ended.invocation.version}"],
    )
