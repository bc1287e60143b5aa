"""Who and what invokes AWS Lambda's functions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from aws_sandbox.plugin.fields import Autoname, Document, Field, members, outputs
from aws_sandbox.plugin.resource import Call, Resource, Setting, register
from aws_sandbox.plugin.resources.functions import TAGGING
from aws_sandbox.plugin.values import UNKNOWN, Problem, Props, is_object


def same_function(wanted: str, live: str) -> bool:
    """Whether a function's name and its ARN name the same."""
    return wanted.rpartition(":function:")[2] == live.rpartition(":function:")[2]


def _same_principal(wanted: str, live: str) -> bool:
    """Lambda writes an account as its root."""
    return live == f"arn:aws:iam::{wanted}:root"


@register("aws:lambda/permission:Permission")
class Permission(Resource):
    """A statement in a function's policy; its id is the statement's."""

    service, operation = "lambda", "AddPermission"
    properties = members(
        statementId=Field("StatementId", replaces=True, autoname=Autoname(maximum=100)),
        action=Field("Action", replaces=True),
        function=Field("FunctionName", replaces=True, same=same_function),
        principal=Field("Principal", replaces=True, same=_same_principal),
        principalOrgId=Field("PrincipalOrgID", replaces=True),
        sourceAccount=Field("SourceAccount", replaces=True),
        sourceArn=Field("SourceArn", replaces=True),
    )

    def create(self, call: Call) -> str:
        call("AddPermission", **call.request())
        return call.props["statementId"]

    def read(self, call: Call) -> Document | None:
        function = {"FunctionName": call.state["function"]}
        policy = json.loads(call("GetPolicy", **function)["Policy"])
        for statement in policy["Statement"]:
            if statement["Sid"] == call.rid:
                return function | _permission(statement)
        return None

    def delete(self, call: Call) -> None:
        function = call.state["function"]
        call("RemovePermission", FunctionName=function, StatementId=call.rid)

    def imported(self, rid: str) -> Props:
        function, _, statement = rid.partition("/")
        return {"function": function, "id": statement}


CONDITIONS: Final = outputs(
    **{
        "aws:sourcearn": "SourceArn",
        "aws:sourceaccount": "SourceAccount",
        "aws:principalorgid": "PrincipalOrgID",
    }
)


def _permission(statement: Document) -> Document:
    """A statement of a function's policy as AddPermission's parameters."""
    principal = statement["Principal"]
    if is_object(principal):
        principal = principal.get("Service") or principal["AWS"]
    found: Document = {
        "StatementId": statement["Sid"],
        "Action": statement["Action"],
        "Principal": principal,
    }
    for keys in statement.get("Condition", {}).values():
        found |= {CONDITIONS[key.lower()]: value for key, value in keys.items()}
    return found


@register("aws:lambda/eventSourceMapping:EventSourceMapping")
class EventSourceMapping(Resource):
    """What feeds a function from a queue; its id is a UUID. The sandbox carries no streams."""

    service, operation = "lambda", "CreateEventSourceMapping"
    properties = members(
        "maximumBatchingWindowInSeconds",
        batchSize=Field("BatchSize", computed=True),
        enabled=Field("Enabled", default=True),
        eventSourceArn=Field("EventSourceArn", replaces=True),
        filterCriteria=Field(
            "FilterCriteria",
            fields=members(
                filters=Field(
                    "Filters", fields=members(pattern=Field("Pattern", json=True)), unordered=True
                )
            ),
            empty={"Filters": []},
        ),
        functionName=Field("FunctionName", same=same_function),
        functionResponseTypes=Field("FunctionResponseTypes", unordered=True, empty=[]),
        scalingConfig=Field("ScalingConfig", fields=members("maximumConcurrency"), empty={}),
    )
    outputs = outputs(
        arn="EventSourceMappingArn",
        functionArn="FunctionArn",
        lastModified="LastModified",
        lastProcessingResult="LastProcessingResult",
        state="State",
        stateTransitionReason="StateTransitionReason",
        uuid="UUID",
    )
    volatile = frozenset({"lastModified", "state"})
    tagging = TAGGING

    def create(self, call: Call) -> str:
        return call("CreateEventSourceMapping", **call.request())["UUID"]

    def read(self, call: Call) -> Document:
        found = call("GetEventSourceMapping", UUID=call.rid)
        enabled = found["State"] in {"Enabled", "Enabling", "Creating", "Updating"}
        return found | {"FunctionName": found["FunctionArn"], "Enabled": enabled}

    def update(self, call: Call) -> None:
        wanted = call.request(clear=True)
        wanted.pop("EventSourceArn")
        call("UpdateEventSourceMapping", UUID=call.rid, **wanted)

    def delete(self, call: Call) -> None:
        call("DeleteEventSourceMapping", UUID=call.rid)

    def check(self, props: Props) -> Iterator[Problem]:
        source = props.get("eventSourceArn", "")
        if source is not UNKNOWN and ":sqs:" not in source:
            reason = "set the queue to read from: the sandbox carries SQS alone to functions"
            yield Problem(path=("eventSourceArn",), reason=reason)


@register("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig")
class FunctionEventInvokeConfig(Setting):
    """What becomes of a function's asynchronous events; the id is the function's name."""

    service, operation, key = "lambda", "PutFunctionEventInvokeConfig", "functionName"
    properties = members(
        functionName=Field("FunctionName", replaces=True, same=same_function),
        destinationConfig=Field(
            "DestinationConfig",
            fields=members(
                onFailure=Field("OnFailure", fields=members("destination")),
                onSuccess=Field("OnSuccess", fields=members("destination")),
            ),
        ),
        maximumEventAgeInSeconds=Field("MaximumEventAgeInSeconds"),
        maximumRetryAttempts=Field("MaximumRetryAttempts", default=2),
    )

    def put(self, call: Call) -> None:
        call("PutFunctionEventInvokeConfig", **call.request())

    def read(self, call: Call) -> Document:
        function = {"FunctionName": call.rid}
        return call("GetFunctionEventInvokeConfig", **function) | function

    def delete(self, call: Call) -> None:
        call("DeleteFunctionEventInvokeConfig", FunctionName=call.rid)
