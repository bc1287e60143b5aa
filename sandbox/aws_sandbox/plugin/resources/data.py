"""Amazon Athena's workgroups and named queries, AWS Glue's catalog, Amazon DynamoDB's tables."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from typing import Final

from aws_sandbox.plugin.fields import Autoname, Document, Field, members, outputs, value_to_api
from aws_sandbox.plugin.resource import Resource, ResourceCall, Tagging, register
from aws_sandbox.plugin.values import UNKNOWN, Problem, Props, children

ATHENA_TAGGING = Tagging(listing="ListTagsForResource", target="ResourceARN")


@register("aws:athena/workgroup:Workgroup")
class Workgroup(Resource):
    """A workgroup; its id is its name."""

    service, operation = "athena", "CreateWorkGroup"
    properties = members(
        name=Field("Name", replaces=True, autoname=Autoname()),
        description=Field("Description", empty=""),
        forceDestroy=Field(default=False),
        configuration=Field(
            "Configuration",
            fields=members(
                bytesScannedCutoffPerQuery="BytesScannedCutoffPerQuery",
                enforceWorkgroupConfiguration=Field("EnforceWorkGroupConfiguration", default=True),
                publishCloudwatchMetricsEnabled=Field(
                    "PublishCloudWatchMetricsEnabled", default=True
                ),
                resultConfiguration=Field(
                    "ResultConfiguration",
                    fields=members(
                        "outputLocation",
                        encryptionConfiguration=Field(
                            "EncryptionConfiguration",
                            fields=members("encryptionOption", kmsKeyArn="KmsKey"),
                        ),
                    ),
                ),
            ),
            computed=True,
        ),
    )
    outputs = outputs(arn="Arn")
    tagging = ATHENA_TAGGING

    def create(self, call: ResourceCall) -> str:
        call("CreateWorkGroup", **call.request())
        return call.props["name"]

    def read(self, call: ResourceCall) -> Document:
        group = call("GetWorkGroup", WorkGroup=call.rid)["WorkGroup"]
        return group | {"Arn": call.api.arn(f"workgroup/{call.rid}")}

    def update(self, call: ResourceCall) -> None:
        wanted = call.request(clear=True)
        changes = wanted.get("Configuration", {})
        result = changes.pop("ResultConfiguration", {})
        had = call.state.get("configuration", {})
        if "bytesScannedCutoffPerQuery" in had and "BytesScannedCutoffPerQuery" not in changes:
            changes["RemoveBytesScannedCutoffPerQuery"] = True
        for name, member in _REMOVABLE.items():
            if name in had.get("resultConfiguration", {}) and member not in result:
                result[f"Remove{member}"] = True
        changes["ResultConfigurationUpdates"] = result
        call(
            "UpdateWorkGroup",
            WorkGroup=call.rid,
            Description=wanted["Description"],
            ConfigurationUpdates=changes,
        )

    def delete(self, call: ResourceCall) -> None:
        recursive = bool(call.state.get("forceDestroy"))
        call("DeleteWorkGroup", WorkGroup=call.rid, RecursiveDeleteOption=recursive)


_REMOVABLE = outputs(
    outputLocation="OutputLocation",
    encryptionConfiguration="EncryptionConfiguration",
)


@register("aws:athena/namedQuery:NamedQuery")
class NamedQuery(Resource):
    """A saved query; nothing of it changes in place."""

    service, operation = "athena", "CreateNamedQuery"
    properties = members(
        name=Field("Name", replaces=True, autoname=Autoname()),
        database=Field("Database", replaces=True),
        description=Field("Description", replaces=True),
        query=Field("QueryString", replaces=True),
        workgroup=Field("WorkGroup", replaces=True, default="primary"),
    )

    def create(self, call: ResourceCall) -> str:
        return call("CreateNamedQuery", **call.request())["NamedQueryId"]

    def read(self, call: ResourceCall) -> Document:
        return call("GetNamedQuery", NamedQueryId=call.rid)["NamedQuery"]

    def delete(self, call: ResourceCall) -> None:
        call("DeleteNamedQuery", NamedQueryId=call.rid)


GLUE_TAGGING = Tagging(listing="GetTags", added="TagsToAdd", removed="TagsToRemove", pair=None)
AUTONAME = Autoname(separator="_", alphabet=string.ascii_lowercase, random=8, lower=True)
"""As Athena wants the names of databases and tables."""
COLUMN = members("name", "type")


@register("aws:glue/catalogDatabase:CatalogDatabase")
class CatalogDatabase(Resource):
    """A database of the account's catalog; its id is `catalog:name`."""

    service, operation = "glue", "CreateDatabase"
    properties = members(
        name=Field("DatabaseInput.Name", replaces=True, autoname=AUTONAME),
        description="DatabaseInput.Description",
    )
    outputs = outputs(arn="Arn")
    tagging = GLUE_TAGGING

    def create(self, call: ResourceCall) -> str:
        call("CreateDatabase", **call.request())
        return f"{call.api.account}:{call.props['name']}"

    def read(self, call: ResourceCall) -> Document:
        catalog, _, name = call.rid.partition(":")
        database = call("GetDatabase", CatalogId=catalog, Name=name)["Database"]
        return {"DatabaseInput": database, "Arn": call.api.arn(f"database/{name}")}

    def update(self, call: ResourceCall) -> None:
        catalog, _, name = call.rid.partition(":")
        wanted = call.request()["DatabaseInput"]
        call("UpdateDatabase", CatalogId=catalog, Name=name, DatabaseInput=wanted)

    def delete(self, call: ResourceCall) -> None:
        catalog, _, name = call.rid.partition(":")
        call("DeleteDatabase", CatalogId=catalog, Name=name)

    def check(self, props: Props) -> Iterator[Problem]:
        yield from _lower_case(props)


def _lower_case(props: Props) -> Iterator[Problem]:
    name = props.get("name", UNKNOWN)
    if name is not UNKNOWN and name != name.lower():
        yield Problem(path=("name",), reason=f"{name!r}: Glue keeps names in lower case")


@register("aws:glue/catalogTable:CatalogTable")
class CatalogTable(Resource):
    """A table of a database; its id is `catalog:database:name`."""

    service, operation = "glue", "CreateTable"
    properties = members(
        databaseName=Field("DatabaseName", replaces=True),
        name=Field("TableInput.Name", replaces=True, autoname=AUTONAME),
        description="TableInput.Description",
        owner="TableInput.Owner",
        parameters="TableInput.Parameters",
        partitionKeys=Field("TableInput.PartitionKeys", fields=COLUMN),
        storageDescriptor=Field(
            "TableInput.StorageDescriptor",
            fields=members(
                "location",
                "inputFormat",
                "outputFormat",
                columns=Field("Columns", fields=COLUMN),
                serDeInfo=Field(
                    "SerdeInfo", fields=members("name", "parameters", "serializationLibrary")
                ),
            ),
        ),
        tableType="TableInput.TableType",
        viewExpandedText="TableInput.ViewExpandedText",
        viewOriginalText="TableInput.ViewOriginalText",
    )
    outputs = outputs(arn="Arn")

    def create(self, call: ResourceCall) -> str:
        call("CreateTable", **call.request())
        return f"{call.api.account}:{call.props['databaseName']}:{call.props['name']}"

    def read(self, call: ResourceCall) -> Document:
        catalog, database, name = call.rid.split(":")
        where = {"CatalogId": catalog, "DatabaseName": database}
        table = call("GetTable", Name=name, **where)["Table"]
        arn = call.api.arn(f"table/{database}/{name}")
        return {**where, "TableInput": table, "Arn": arn}

    def update(self, call: ResourceCall) -> None:
        catalog, database, _ = call.rid.split(":")
        wanted = call.request()["TableInput"]
        call("UpdateTable", CatalogId=catalog, DatabaseName=database, TableInput=wanted)

    def delete(self, call: ResourceCall) -> None:
        catalog, database, name = call.rid.split(":")
        call("DeleteTable", CatalogId=catalog, DatabaseName=database, Name=name)

    def check(self, props: Props) -> Iterator[Problem]:
        yield from _lower_case(props)


BUCKET_NAME: Final = re.compile(r"(?!xn--|sthree-)[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]")
"""S3's rules for names of general purpose buckets."""


TABLE_TAGGING = Tagging(listing="ListTagsOfResource")


@register("aws:dynamodb/table:Table")
class Table(Resource):
    """A table with a hash key alone; its id is its name."""

    service, operation = "dynamodb", "CreateTable"
    properties = members(
        name=Field("TableName", replaces=True, autoname=Autoname()),
        attributes=Field(
            "AttributeDefinitions",
            fields=members(name="AttributeName", type="AttributeType"),
            unordered=True,
        ),
        billingMode=Field("BillingMode", default="PROVISIONED"),
        hashKey=Field("HashKey", replaces=True, separate=True),
        globalSecondaryIndexes=Field(
            "GlobalSecondaryIndexes",
            fields=members(
                name="IndexName",
                keySchemas=Field("KeySchema", fields=members("attributeName", "keyType")),
                projectionType="Projection.ProjectionType",
            ),
            unordered=True,
        ),
        serverSideEncryption=Field(
            "SSESpecification",
            fields=members("enabled", kmsKeyArn=Field("KMSMasterKeyId", computed=True)),
            computed=True,
        ),
        pointInTimeRecovery=Field(
            "PointInTimeRecovery",
            fields=members("enabled"),
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
    outputs = outputs(arn="TableArn")
    tagging = TABLE_TAGGING

    def create(self, call: ResourceCall) -> str:
        request, props = call.request(), call.props
        request["KeySchema"] = [{"AttributeName": props["hashKey"], "KeyType": "HASH"}]
        call("CreateTable", **request)
        return props["name"]

    def finish(self, call: ResourceCall) -> None:
        for name, put in (("ttl", self._put_ttl), ("pointInTimeRecovery", self._put_recovery)):
            if call.props.get(name, {}).get("enabled"):
                put(call)

    def read(self, call: ResourceCall) -> Document:
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
            "BillingMode": billing,
            "SSESpecification": {
                "Enabled": encryption.get("Status") == "ENABLED",
                "KMSMasterKeyId": encryption.get("KMSMasterKeyArn"),
            },
            "PointInTimeRecovery": {
                "Enabled": recovery["PointInTimeRecoveryStatus"] == "ENABLED",
            },
            "TimeToLive": {
                "AttributeName": ttl.get("AttributeName"),
                "Enabled": ttl["TimeToLiveStatus"] == "ENABLED",
            },
        }

    def update(self, call: ResourceCall) -> None:
        props, state = call.props, call.state
        names = props.keys() | state.keys() & {"globalSecondaryIndexes"}
        new = {name for name in names if props.get(name) != state.get(name)}
        if "globalSecondaryIndexes" in new:
            self._put_indexes(call)
            new -= {"globalSecondaryIndexes", "attributes"}
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

    def delete(self, call: ResourceCall) -> None:
        call("DeleteTable", TableName=call.rid)

    def check(self, props: Props) -> Iterator[Problem]:
        if "hashKey" not in props:
            yield Problem(path=("hashKey",), reason="a table needs a hash key; set it")
        defined = {
            dict(children(each)).get("name", UNKNOWN)
            for _, each in children(props.get("attributes"))
        }
        key = props.get("hashKey", UNKNOWN)
        if UNKNOWN not in {key, *defined} and key not in defined:
            yield Problem(path=("hashKey",), reason=f"{key!r} is not among the attributes")

    @staticmethod
    def _put_indexes(call: ResourceCall) -> None:
        """UpdateTable takes one at a time."""
        field = Table.properties["globalSecondaryIndexes"]
        before, wanted = (
            value_to_api(field, values.get("globalSecondaryIndexes", []))
            for values in (call.state, call.props)
        )
        gone = [{"IndexName": index["IndexName"]} for index in before if index not in wanted]
        new = [index for index in wanted if index not in before]
        attributes = call.request()["AttributeDefinitions"]
        for change in [*({"Delete": each} for each in gone), *({"Create": each} for each in new)]:
            call(
                "UpdateTable",
                TableName=call.rid,
                AttributeDefinitions=attributes,
                GlobalSecondaryIndexUpdates=[change],
            )

    @staticmethod
    def _put_ttl(call: ResourceCall) -> None:
        wanted = call.props["ttl"]
        specification = {"AttributeName": wanted["attributeName"], "Enabled": wanted["enabled"]}
        call("UpdateTimeToLive", TableName=call.rid, TimeToLiveSpecification=specification)

    @staticmethod
    def _put_recovery(call: ResourceCall) -> None:
        wanted = call.props["pointInTimeRecovery"]
        specification = {"PointInTimeRecoveryEnabled": wanted["enabled"]}
        call(
            "UpdateContinuousBackups",
            TableName=call.rid,
            PointInTimeRecoverySpecification=specification,
        )
