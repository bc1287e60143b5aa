"""Amazon EventBridge's buses, rules, targets and archives."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Final

from botocore.model import ListShape, Shape

from aws_sandbox.plugin.aws import AwsError
from aws_sandbox.plugin.constraints import input_shape, member_shape
from aws_sandbox.plugin.fields import Autoname, Document, Field, members, outputs
from aws_sandbox.plugin.resource import Call, Resource, Setting, register
from aws_sandbox.plugin.tagging import Tagging
from aws_sandbox.plugin.values import Problem, Props

TAGGING = Tagging(listing="ListTagsForResource", target="ResourceARN")
DEFAULT_BUS: Final = "default"


@register("aws:cloudwatch/eventBus:EventBus")
class EventBus(Resource):
    """An event bus; its id is its name."""

    service, operation = "events", "CreateEventBus"
    properties = members(
        name=Field("Name", replaces=True, autoname=Autoname()),
        deadLetterConfig=Field("DeadLetterConfig", fields=members("arn"), empty={}),
        description=Field("Description", empty=""),
        kmsKeyIdentifier=Field("KmsKeyIdentifier", empty=""),
    )
    outputs = outputs(arn="Arn")
    tagging = TAGGING

    def create(self, call: Call) -> str:
        call("CreateEventBus", **call.request())
        return call.props["name"]

    def read(self, call: Call) -> Document:
        return call("DescribeEventBus", Name=call.rid)

    def update(self, call: Call) -> None:
        call("UpdateEventBus", **call.request(clear=True))

    def delete(self, call: Call) -> None:
        call("DeleteEventBus", Name=call.rid)


@register("aws:cloudwatch/eventBusPolicy:EventBusPolicy")
class EventBusPolicy(Setting):
    """Who may put events on a bus; its id is the bus's name."""

    service, operation, key = "events", "PutPermission", "eventBusName"
    properties = members(
        eventBusName=Field("EventBusName", replaces=True, default=DEFAULT_BUS),
        policy=Field("Policy", json=True),
    )

    def put(self, call: Call) -> None:
        call("PutPermission", **call.request())

    def read(self, call: Call) -> Document | None:
        policy = call("DescribeEventBus", Name=call.rid).get("Policy")
        return {"EventBusName": call.rid, "Policy": policy} if policy else None

    def delete(self, call: Call) -> None:
        call("RemovePermission", EventBusName=call.rid, RemoveAllPermissions=True)


@register("aws:cloudwatch/eventRule:EventRule")
class EventRule(Setting):
    """A rule; its id is its name, after `bus/` unless it is on the default bus."""

    service, operation, key = "events", "PutRule", "name"
    properties = members(
        name=Field("Name", replaces=True, autoname=Autoname(maximum=64)),
        description="Description",
        eventBusName=Field("EventBusName", replaces=True, default=DEFAULT_BUS),
        eventPattern=Field("EventPattern", json=True),
        forceDestroy=Field(default=False),
        roleArn="RoleArn",
        scheduleExpression="ScheduleExpression",
        state=Field("State", default="ENABLED"),
    )
    outputs = outputs(arn="Arn")
    tagging = TAGGING

    def put(self, call: Call) -> None:
        call("PutRule", **call.request())

    def create(self, call: Call) -> str:
        self.put(call)
        bus, name = call.props["eventBusName"], call.props["name"]
        return name if bus == DEFAULT_BUS else f"{bus}/{name}"

    def read(self, call: Call) -> Document:
        return call("DescribeRule", **_rule(call.rid))

    def delete(self, call: Call) -> None:
        force = {"Force": True} if call.state.get("forceDestroy") else {}
        call("DeleteRule", **_rule(call.rid), **force)

    def check(self, props: Props) -> Iterator[Problem]:
        if "eventPattern" not in props and "scheduleExpression" not in props:
            yield Problem(path=("eventPattern",), reason="a rule needs a pattern or a schedule")


def _rule(rid: str) -> Document:
    bus, _, name = rid.rpartition("/")
    return {"Name": name, "EventBusName": bus or DEFAULT_BUS}


@register("aws:cloudwatch/eventTarget:EventTarget")
class EventTarget(Setting):
    """A rule's target; its id is `rule-target`, after `bus-` unless on the default bus."""

    service, operation, key = "events", "PutTargets", "targetId"
    properties = members(
        "arn",
        "input",
        "inputPath",
        "roleArn",
        eventBusName=Field("EventBusName", replaces=True, default=DEFAULT_BUS, separate=True),
        rule=Field("Rule", replaces=True, separate=True),
        targetId=Field("Id", replaces=True, autoname=Autoname()),
        deadLetterConfig=Field("DeadLetterConfig", fields=members("arn")),
        forceDestroy=Field(default=False),
        inputTransformer=Field(
            "InputTransformer", fields=members("inputTemplate", inputPaths="InputPathsMap")
        ),
        retryPolicy=Field(
            "RetryPolicy", fields=members("maximumEventAgeInSeconds", "maximumRetryAttempts")
        ),
        sqsTarget=Field("SqsParameters", fields=members("messageGroupId")),
    )

    @cached_property
    def shape(self) -> Shape:
        """What the operation takes is a list of targets."""
        targets = member_shape(input_shape(self.service, self.operation), "Targets")
        assert isinstance(targets, ListShape)
        return targets.member

    def put(self, call: Call) -> None:
        answer = call("PutTargets", **_place(call.props), Targets=[call.request()])
        for entry in answer["FailedEntries"]:
            raise AwsError(f"PutTargets: {entry['ErrorCode']}: {entry['ErrorMessage']}")

    def create(self, call: Call) -> str:
        self.put(call)
        return _target_id(call.props)

    def read(self, call: Call) -> Document | None:
        place, wanted = _place(call.state), call.state["targetId"]
        targets = call.pages("ListTargetsByRule", "Targets", **place)
        found = next((target for target in targets if target["Id"] == wanted), None)
        return None if found is None else found | place

    def delete(self, call: Call) -> None:
        force = {"Force": True} if call.state.get("forceDestroy") else {}
        call("RemoveTargets", **_place(call.state), Ids=[call.state["targetId"]], **force)

    def check(self, props: Props) -> Iterator[Problem]:
        given = [name for name in ("input", "inputPath", "inputTransformer") if name in props]
        if len(given) > 1:
            reason = f"a target has one kind of input: {given[0]!r} is set"
            yield Problem(path=(given[1],), reason=reason)

    def imported(self, rid: str) -> Props:
        *bus, rule, target = rid.rsplit("/", 2)
        props = {"eventBusName": bus[0] if bus else DEFAULT_BUS, "rule": rule, "targetId": target}
        return props | {"id": _target_id(props)}


def _place(props: Props) -> Document:
    """Where a target is."""
    return {"Rule": props["rule"], "EventBusName": props["eventBusName"]}


def _target_id(props: Props) -> str:
    rid = f"{props['rule']}-{props['targetId']}"
    bus = props["eventBusName"]
    return rid if bus == DEFAULT_BUS else f"{bus}-{rid}"


@register("aws:cloudwatch/eventArchive:EventArchive")
class EventArchive(Resource):
    """What keeps a bus's events; its id is its name."""

    service, operation = "events", "CreateArchive"
    properties = members(
        name=Field("ArchiveName", replaces=True, autoname=Autoname(maximum=48)),
        description=Field("Description", empty=""),
        eventPattern=Field("EventPattern", json=True),
        eventSourceArn=Field("EventSourceArn", replaces=True),
        retentionDays=Field("RetentionDays", default=0),
    )
    outputs = outputs(arn="ArchiveArn")

    def create(self, call: Call) -> str:
        call("CreateArchive", **call.request())
        return call.props["name"]

    def read(self, call: Call) -> Document:
        archive = call("DescribeArchive", ArchiveName=call.rid)
        return archive | {"ArchiveArn": call.api.arn(f"archive/{call.rid}")}

    def update(self, call: Call) -> None:
        wanted = call.request(clear=True)
        wanted.pop("EventSourceArn")
        call("UpdateArchive", **wanted)

    def delete(self, call: Call) -> None:
        call("DeleteArchive", ArchiveName=call.rid)
