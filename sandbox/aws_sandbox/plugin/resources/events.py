"""Amazon EventBridge's buses, rules and targets, Amazon CloudWatch's alarms and log groups."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Final

from botocore.model import ListShape, Shape

from aws_sandbox.plugin.aws import CallError
from aws_sandbox.plugin.fields import Autoname, Converter, Document, Field, members, outputs
from aws_sandbox.plugin.resource import Resource, ResourceCall, Setting, Tagging, register
from aws_sandbox.plugin.schema import input_shape, member_shape
from aws_sandbox.plugin.values import Problem, Props

TAGGING = Tagging(listing="ListTagsForResource", target="ResourceARN")
DEFAULT_BUS: Final = "default"


@register("aws:cloudwatch/eventBus:EventBus")
class EventBus(Resource):
    """An event bus; its id is its name."""

    service, operation = "events", "CreateEventBus"
    properties = members(
        name=Field("Name", replaces=True, autoname=Autoname()),
        description=Field("Description", empty=""),
    )
    outputs = outputs(arn="Arn")
    tagging = TAGGING

    def create(self, call: ResourceCall) -> str:
        call("CreateEventBus", **call.request())
        return call.props["name"]

    def read(self, call: ResourceCall) -> Document:
        return call("DescribeEventBus", Name=call.rid)

    def update(self, call: ResourceCall) -> None:
        call("UpdateEventBus", **call.request(clear=True))

    def delete(self, call: ResourceCall) -> None:
        call("DeleteEventBus", Name=call.rid)


@register("aws:cloudwatch/eventBusPolicy:EventBusPolicy")
class EventBusPolicy(Setting):
    """Who may put events on a bus; its id is the bus's name."""

    service, operation, key = "events", "PutPermission", "eventBusName"
    properties = members(
        eventBusName=Field("EventBusName", replaces=True, default=DEFAULT_BUS),
        policy=Field("Policy", json=True),
    )

    def put(self, call: ResourceCall) -> None:
        call("PutPermission", **call.request())

    def read(self, call: ResourceCall) -> Document | None:
        policy = call("DescribeEventBus", Name=call.rid).get("Policy")
        return {"EventBusName": call.rid, "Policy": policy} if policy else None

    def delete(self, call: ResourceCall) -> None:
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
        scheduleExpression="ScheduleExpression",
    )
    outputs = outputs(arn="Arn")
    tagging = TAGGING

    def put(self, call: ResourceCall) -> None:
        call("PutRule", **call.request())

    def create(self, call: ResourceCall) -> str:
        self.put(call)
        bus, name = call.props["eventBusName"], call.props["name"]
        return name if bus == DEFAULT_BUS else f"{bus}/{name}"

    def read(self, call: ResourceCall) -> Document:
        return call("DescribeRule", **_rule(call.rid))

    def delete(self, call: ResourceCall) -> None:
        call("DeleteRule", **_rule(call.rid))

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
        "roleArn",
        eventBusName=Field("EventBusName", replaces=True, default=DEFAULT_BUS, separate=True),
        rule=Field("Rule", replaces=True, separate=True),
        targetId=Field("Id", replaces=True, autoname=Autoname()),
        deadLetterConfig=Field("DeadLetterConfig", fields=members("arn")),
    )

    @cached_property
    def shape(self) -> Shape:
        """What the operation takes is a list of targets."""
        targets = member_shape(input_shape(self.service, self.operation), "Targets")
        assert isinstance(targets, ListShape)
        return targets.member

    def put(self, call: ResourceCall) -> None:
        answer = call("PutTargets", **_place(call.props), Targets=[call.request()])
        for entry in answer["FailedEntries"]:
            raise CallError(f"PutTargets: {entry['ErrorCode']}: {entry['ErrorMessage']}")

    def create(self, call: ResourceCall) -> str:
        self.put(call)
        return _target_id(call.props)

    def read(self, call: ResourceCall) -> Document | None:
        place, wanted = _place(call.state), call.state["targetId"]
        targets = call.pages("ListTargetsByRule", "Targets", **place)
        found = next((target for target in targets if target["Id"] == wanted), None)
        return None if found is None else found | place

    def delete(self, call: ResourceCall) -> None:
        call("RemoveTargets", **_place(call.state), Ids=[call.state["targetId"]])

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


DIMENSIONS: Final = Field(
    "Dimensions",
    convert=Converter(
        to_api=lambda pairs: [{"Name": name, "Value": value} for name, value in pairs.items()],
        from_api=lambda pairs: {pair["Name"]: pair["Value"] for pair in pairs},
    ),
)


@register("aws:cloudwatch/metricAlarm:MetricAlarm")
class MetricAlarm(Setting):
    """An alarm; its id is its name."""

    service, operation, key = "cloudwatch", "PutMetricAlarm", "name"
    properties = members(
        "alarmDescription",
        "comparisonOperator",
        "evaluationPeriods",
        "metricName",
        "namespace",
        "period",
        "statistic",
        "threshold",
        name=Field("AlarmName", replaces=True, autoname=Autoname()),
        dimensions=DIMENSIONS,
        treatMissingData=Field("TreatMissingData", default="missing"),
    )
    outputs = outputs(arn="AlarmArn")
    tagging = Tagging(listing="ListTagsForResource", target="ResourceARN")

    def put(self, call: ResourceCall) -> None:
        call("PutMetricAlarm", **call.request())

    def read(self, call: ResourceCall) -> Document | None:
        alarms = call("DescribeAlarms", AlarmNames=[call.rid])["MetricAlarms"]
        return alarms[0] if alarms else None

    def delete(self, call: ResourceCall) -> None:
        call("DeleteAlarms", AlarmNames=[call.rid])

    def check(self, props: Props) -> Iterator[Problem]:
        for name in ("metricName", "threshold"):
            if name not in props:
                yield Problem(path=(name,), reason=f"an alarm needs {name!r}; set it")


@register("aws:cloudwatch/logGroup:LogGroup")
class LogGroup(Resource):
    """A log group; its id is its name. A retention of 0 days is for ever."""

    service, operation = "logs", "CreateLogGroup"
    properties = members(
        name=Field("logGroupName", replaces=True, autoname=Autoname()),
        retentionInDays=Field("retentionInDays", default=0, separate=True),
    )
    outputs = outputs(arn="logGroupArn")
    tagging = Tagging(
        listing="ListTagsForResource",
        target="resourceArn",
        listed="tags",
        added="tags",
        removed="tagKeys",
        pair=None,
    )
    tags_member = "tags"

    def create(self, call: ResourceCall) -> str:
        call("CreateLogGroup", **call.request())
        return call.props["name"]

    def finish(self, call: ResourceCall) -> None:
        if days := call.props["retentionInDays"]:
            call("PutRetentionPolicy", logGroupName=call.rid, retentionInDays=days)

    def read(self, call: ResourceCall) -> Document | None:
        groups = call.pages("DescribeLogGroups", "logGroups", logGroupNamePrefix=call.rid)
        group = next((each for each in groups if each["logGroupName"] == call.rid), None)
        if group is None:
            return None
        return group | {"logGroupArn": group["arn"].removesuffix(":*")}

    def update(self, call: ResourceCall) -> None:
        if call.props["retentionInDays"]:
            self.finish(call)
        else:
            call("DeleteRetentionPolicy", logGroupName=call.rid)

    def delete(self, call: ResourceCall) -> None:
        call("DeleteLogGroup", logGroupName=call.rid)
