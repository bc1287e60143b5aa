"""Amazon CloudWatch's alarms and log groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from aws_sandbox.plugin.fields import Autoname, Converter, Document, Field, members, outputs
from aws_sandbox.plugin.resource import Call, Resource, Setting, register
from aws_sandbox.plugin.tagging import Tagging
from aws_sandbox.plugin.values import Problem, Props

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
        "datapointsToAlarm",
        "evaluationPeriods",
        "extendedStatistic",
        "metricName",
        "namespace",
        "period",
        "statistic",
        "threshold",
        "unit",
        name=Field("AlarmName", replaces=True, autoname=Autoname()),
        actionsEnabled=Field("ActionsEnabled", default=True),
        alarmActions=Field("AlarmActions", unordered=True),
        dimensions=DIMENSIONS,
        evaluateLowSampleCountPercentiles=Field("EvaluateLowSampleCountPercentile", computed=True),
        insufficientDataActions=Field("InsufficientDataActions", unordered=True),
        metricQueries=Field(
            "Metrics",
            fields=members(
                "accountId",
                "expression",
                "id",
                "label",
                "period",
                metric=Field(
                    "MetricStat",
                    fields=members(
                        "period",
                        "stat",
                        "unit",
                        metricName="Metric.MetricName",
                        namespace="Metric.Namespace",
                        dimensions=Field("Metric.Dimensions", convert=DIMENSIONS.convert),
                    ),
                ),
                returnData=Field("ReturnData", default=False),
            ),
            unordered=True,
        ),
        okActions=Field("OKActions", unordered=True),
        treatMissingData=Field("TreatMissingData", default="missing"),
    )
    outputs = outputs(arn="AlarmArn")
    tagging = Tagging(listing="ListTagsForResource", target="ResourceARN")

    def put(self, call: Call) -> None:
        call("PutMetricAlarm", **call.request())

    def read(self, call: Call) -> Document | None:
        alarms = call("DescribeAlarms", AlarmNames=[call.rid])["MetricAlarms"]
        return alarms[0] if alarms else None

    def delete(self, call: Call) -> None:
        call("DeleteAlarms", AlarmNames=[call.rid])

    def check(self, props: Props) -> Iterator[Problem]:
        if ("metricName" in props) == ("metricQueries" in props):
            reason = "an alarm watches either one metric or the result of queries"
            yield Problem(path=("metricName",), reason=reason)
        if "threshold" not in props:
            yield Problem(path=("threshold",), reason="an alarm needs a threshold")


@register("aws:cloudwatch/logGroup:LogGroup")
class LogGroup(Resource):
    """A log group; its id is its name. A retention of 0 days is for ever."""

    service, operation = "logs", "CreateLogGroup"
    properties = members(
        name=Field("logGroupName", replaces=True, autoname=Autoname()),
        kmsKeyId="kmsKeyId",
        retentionInDays=Field("retentionInDays", default=0, separate=True),
        skipDestroy=Field(default=False),
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

    def create(self, call: Call) -> str:
        call("CreateLogGroup", **call.request())
        return call.props["name"]

    def finish(self, call: Call) -> None:
        if days := call.props["retentionInDays"]:
            call("PutRetentionPolicy", logGroupName=call.rid, retentionInDays=days)

    def read(self, call: Call) -> Document | None:
        groups = call.pages("DescribeLogGroups", "logGroups", logGroupNamePrefix=call.rid)
        group = next((each for each in groups if each["logGroupName"] == call.rid), None)
        if group is None:
            return None
        return group | {"logGroupArn": group["arn"].removesuffix(":*")}

    def update(self, call: Call) -> None:
        group, props = {"logGroupName": call.rid}, call.props
        if props["retentionInDays"]:
            self.finish(call)
        else:
            call("DeleteRetentionPolicy", **group)
        key = props.get("kmsKeyId")
        if key and key != call.state.get("kmsKeyId"):
            call("AssociateKmsKey", kmsKeyId=key, **group)
        elif not key and call.state.get("kmsKeyId"):
            call("DisassociateKmsKey", **group)

    def delete(self, call: Call) -> None:
        if not call.state.get("skipDestroy"):
            call("DeleteLogGroup", logGroupName=call.rid)
