"""Amazon DynamoDB's tables."""

from __future__ import annotations

from collections.abc import Iterator

from aws_sandbox.plugin.fields import Autoname, Document, Field, members, outputs
from aws_sandbox.plugin.resource import Call, Resource, register
from aws_sandbox.plugin.tagging import Tagging
from aws_sandbox.plugin.values import UNKNOWN, Problem, Props, children

TAGGING = Tagging(listing="ListTagsOfResource")


@register("aws:dynamodb/table:Table")
class Table(Resource):
    """A table without secondary indexes; its id is its name."""

    service, operation = "dynamodb", "CreateTable"
    properties = members(
        name=Field("TableName", replaces=True, autoname=Autoname()),
        attributes=Field(
            "AttributeDefinitions",
            fields=members(name="AttributeName", type="AttributeType"),
            unordered=True,
        ),
        billingMode=Field("BillingMode", default="PROVISIONED"),
        deletionProtectionEnabled=Field("DeletionProtectionEnabled", default=False),
        hashKey=Field("HashKey", replaces=True, separate=True),
        rangeKey=Field("RangeKey", replaces=True, separate=True),
        readCapacity=Field("ProvisionedThroughput.ReadCapacityUnits", computed=True),
        writeCapacity=Field("ProvisionedThroughput.WriteCapacityUnits", computed=True),
        streamEnabled="StreamSpecification.StreamEnabled",
        streamViewType=Field("StreamSpecification.StreamViewType", computed=True),
        serverSideEncryption=Field(
            "SSESpecification",
            fields=members("enabled", kmsKeyArn=Field("KMSMasterKeyId", computed=True)),
            computed=True,
        ),
        pointInTimeRecovery=Field(
            "PointInTimeRecovery",
            fields=members(
                "enabled", recoveryPeriodInDays=Field("RecoveryPeriodInDays", computed=True)
            ),
            separate=True,
            computed=True,
        ),
        ttl=Field(
            "TimeToLive",
            fields=members("attributeName", enabled=Field("Enabled", default=False)),
            separate=True,
            computed=True,
        ),
    )
    outputs = outputs(arn="TableArn", streamArn="LatestStreamArn", streamLabel="LatestStreamLabel")
    tagging = TAGGING

    def create(self, call: Call) -> str:
        request, props = call.request(), call.props
        keys = {"HASH": props["hashKey"], "RANGE": props.get("rangeKey")}
        request["KeySchema"] = [
            {"AttributeName": name, "KeyType": kind} for kind, name in keys.items() if name
        ]
        call("CreateTable", **request)
        return props["name"]

    def finish(self, call: Call) -> None:
        for name, put in (("ttl", self._put_ttl), ("pointInTimeRecovery", self._put_recovery)):
            if call.props.get(name, {}).get("enabled"):
                put(call)

    def read(self, call: Call) -> Document:
        name = {"TableName": call.rid}
        table = call("DescribeTable", **name)["Table"]
        keys = {key["KeyType"]: key["AttributeName"] for key in table["KeySchema"]}
        backups = call("DescribeContinuousBackups", **name)["ContinuousBackupsDescription"]
        recovery = backups["PointInTimeRecoveryDescription"]
        ttl = call("DescribeTimeToLive", **name)["TimeToLiveDescription"]
        encryption = table.get("SSEDescription", {})
        billing = table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
        return table | {
            "HashKey": keys["HASH"],
            "RangeKey": keys.get("RANGE"),
            "BillingMode": billing,
            "SSESpecification": {
                "Enabled": encryption.get("Status") == "ENABLED",
                "KMSMasterKeyId": encryption.get("KMSMasterKeyArn"),
            },
            "PointInTimeRecovery": {
                "Enabled": recovery["PointInTimeRecoveryStatus"] == "ENABLED",
                "RecoveryPeriodInDays": recovery.get("RecoveryPeriodInDays"),
            },
            "TimeToLive": {
                "AttributeName": ttl.get("AttributeName"),
                "Enabled": ttl["TimeToLiveStatus"] == "ENABLED",
            },
        }

    def update(self, call: Call) -> None:
        props, state = call.props, call.state
        new = {name for name, value in props.items() if value != state.get(name)}
        if changes := new - {"ttl", "pointInTimeRecovery", "name", "tags", "tagsAll"}:
            wanted = call.request()
            parts = {
                self.properties[name].api.partition(".")[0] for name in changes & {*self.properties}
            }
            call("UpdateTable", TableName=call.rid, **{part: wanted[part] for part in parts})
        if "ttl" in new:
            self._put_ttl(call)
        if "pointInTimeRecovery" in new:
            self._put_recovery(call)

    def delete(self, call: Call) -> None:
        call("DeleteTable", TableName=call.rid)

    def check(self, props: Props) -> Iterator[Problem]:
        if "hashKey" not in props:
            yield Problem(path=("hashKey",), reason="a table needs a hash key; set it")
        defined = {
            dict(children(each)).get("name", UNKNOWN)
            for _, each in children(props.get("attributes"))
        }
        keys = {name: props[name] for name in ("hashKey", "rangeKey") if name in props}
        for name, attribute in keys.items():
            if UNKNOWN not in {attribute, *defined} and attribute not in defined:
                yield Problem(path=(name,), reason=f"{attribute!r} is not among the attributes")
        if props["billingMode"] == "PAY_PER_REQUEST":
            for name in ("readCapacity", "writeCapacity"):
                if props.get(name):
                    yield Problem(path=(name,), reason="a table paid by request has no capacity")

    @staticmethod
    def _put_ttl(call: Call) -> None:
        wanted = call.props["ttl"]
        specification = {"AttributeName": wanted["attributeName"], "Enabled": wanted["enabled"]}
        call("UpdateTimeToLive", TableName=call.rid, TimeToLiveSpecification=specification)

    @staticmethod
    def _put_recovery(call: Call) -> None:
        wanted = call.props["pointInTimeRecovery"]
        specification = {"PointInTimeRecoveryEnabled": wanted["enabled"]}
        if "recoveryPeriodInDays" in wanted:
            specification["RecoveryPeriodInDays"] = wanted["recoveryPeriodInDays"]
        call(
            "UpdateContinuousBackups",
            TableName=call.rid,
            PointInTimeRecoverySpecification=specification,
        )
