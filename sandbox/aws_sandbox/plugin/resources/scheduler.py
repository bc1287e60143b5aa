"""Amazon EventBridge Scheduler's groups and schedules."""

from __future__ import annotations

from typing import Final

from aws_sandbox.plugin.fields import Autoname, Document, Field, members, outputs
from aws_sandbox.plugin.resource import Resource, ResourceCall, Tagging, register
from aws_sandbox.plugin.values import Props

DEFAULT_GROUP: Final = "default"


@register("aws:scheduler/scheduleGroup:ScheduleGroup")
class ScheduleGroup(Resource):
    """A group of schedules, by which roles trust them; its id is its name."""

    service, operation = "scheduler", "CreateScheduleGroup"
    properties = members(name=Field("Name", replaces=True, autoname=Autoname(maximum=64)))
    outputs = outputs(
        arn="Arn", creationDate="CreationDate", lastModificationDate="LastModificationDate"
    )
    tagging = Tagging(listing="ListTagsForResource", target="ResourceArn")

    def create(self, call: ResourceCall) -> str:
        call("CreateScheduleGroup", **call.request())
        return call.props["name"]

    def read(self, call: ResourceCall) -> Document:
        return call("GetScheduleGroup", Name=call.rid)

    def delete(self, call: ResourceCall) -> None:
        call("DeleteScheduleGroup", Name=call.rid)


@register("aws:scheduler/schedule:Schedule")
class Schedule(Resource):
    """A schedule and what it calls; its id is `group/name`."""

    service, operation = "scheduler", "CreateSchedule"
    properties = members(
        "description",
        "scheduleExpression",
        name=Field("Name", replaces=True, autoname=Autoname(maximum=64)),
        groupName=Field("GroupName", replaces=True, default=DEFAULT_GROUP),
        scheduleExpressionTimezone=Field("ScheduleExpressionTimezone", default="UTC"),
        state=Field("State", default="ENABLED"),
        flexibleTimeWindow=Field(
            "FlexibleTimeWindow", fields=members("mode", "maximumWindowInMinutes")
        ),
        target=Field(
            "Target",
            fields=members(
                "arn",
                "roleArn",
                input=Field("Input", json=True),
                deadLetterConfig=Field("DeadLetterConfig", fields=members("arn")),
                retryPolicy=Field(
                    "RetryPolicy",
                    fields=members(
                        maximumEventAgeInSeconds=Field("MaximumEventAgeInSeconds", default=86_400),
                        maximumRetryAttempts=Field("MaximumRetryAttempts", default=185),
                    ),
                    computed=True,
                ),
            ),
        ),
    )
    outputs = outputs(arn="Arn")

    def create(self, call: ResourceCall) -> str:
        call("CreateSchedule", **call.request())
        return f"{call.props['groupName']}/{call.props['name']}"

    def read(self, call: ResourceCall) -> Document:
        return call("GetSchedule", **_schedule(call.rid))

    def update(self, call: ResourceCall) -> None:
        call("UpdateSchedule", **call.request())

    def delete(self, call: ResourceCall) -> None:
        call("DeleteSchedule", **_schedule(call.rid))

    def imported(self, rid: str) -> Props:
        group, _, name = rid.partition("/")
        return {"groupName": group, "name": name}


def _schedule(rid: str) -> Document:
    group, _, name = rid.partition("/")
    return {"GroupName": group, "Name": name}
