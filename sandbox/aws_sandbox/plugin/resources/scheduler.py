"""Amazon EventBridge Scheduler's schedules, of the default group."""

from __future__ import annotations

from typing import Final

from aws_sandbox.plugin.fields import Autoname, Document, Field, members, outputs
from aws_sandbox.plugin.resource import Resource, ResourceCall, register
from aws_sandbox.plugin.values import Props

DEFAULT_GROUP: Final = "default"


@register("aws:scheduler/schedule:Schedule")
class Schedule(Resource):
    """A schedule and what it calls; its id is `default/name`."""

    service, operation = "scheduler", "CreateSchedule"
    properties = members(
        "scheduleExpression",
        name=Field("Name", replaces=True, autoname=Autoname(maximum=64)),
        scheduleExpressionTimezone=Field("ScheduleExpressionTimezone", default="UTC"),
        flexibleTimeWindow=Field("FlexibleTimeWindow", fields=members("mode")),
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
    outputs = outputs(arn="Arn", groupName="GroupName", state="State")

    def create(self, call: ResourceCall) -> str:
        call("CreateSchedule", **call.request())
        return f"{DEFAULT_GROUP}/{call.props['name']}"

    def read(self, call: ResourceCall) -> Document:
        return call("GetSchedule", **_schedule(call.rid))

    def update(self, call: ResourceCall) -> None:
        call("UpdateSchedule", **call.request())

    def delete(self, call: ResourceCall) -> None:
        call("DeleteSchedule", **_schedule(call.rid))

    def imported(self, rid: str) -> Props:
        return {"name": rid.partition("/")[2]}


def _schedule(rid: str) -> Document:
    group, _, name = rid.partition("/")
    return {"GroupName": group, "Name": name}
