"""Amazon Athena's workgroups and named queries."""

from __future__ import annotations

from aws_sandbox.plugin.fields import Autoname, Document, Field, members, outputs
from aws_sandbox.plugin.resource import Call, Resource, register
from aws_sandbox.plugin.tagging import Tagging

TAGGING = Tagging(listing="ListTagsForResource", target="ResourceARN")


@register("aws:athena/workgroup:Workgroup")
class Workgroup(Resource):
    """A workgroup; its id is its name."""

    service, operation = "athena", "CreateWorkGroup"
    properties = members(
        name=Field("Name", replaces=True, autoname=Autoname()),
        description=Field("Description", empty=""),
        forceDestroy=Field(default=False),
        state=Field("State", default="ENABLED", separate=True),
        configuration=Field(
            "Configuration",
            fields=members(
                "executionRole",
                bytesScannedCutoffPerQuery="BytesScannedCutoffPerQuery",
                enforceWorkgroupConfiguration=Field("EnforceWorkGroupConfiguration", default=True),
                engineVersion=Field(
                    "EngineVersion",
                    fields=members(
                        selectedEngineVersion=Field("SelectedEngineVersion", computed=True)
                    ),
                    computed=True,
                ),
                publishCloudwatchMetricsEnabled=Field(
                    "PublishCloudWatchMetricsEnabled", default=True
                ),
                requesterPaysEnabled=Field("RequesterPaysEnabled", default=False),
                resultConfiguration=Field(
                    "ResultConfiguration",
                    fields=members(
                        "outputLocation",
                        "expectedBucketOwner",
                        aclConfiguration=Field("AclConfiguration", fields=members("s3AclOption")),
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
    tagging = TAGGING

    def create(self, call: Call) -> str:
        call("CreateWorkGroup", **call.request())
        return call.props["name"]

    def finish(self, call: Call) -> None:
        if call.props["state"] != "ENABLED":
            call("UpdateWorkGroup", WorkGroup=call.rid, State=call.props["state"])

    def read(self, call: Call) -> Document:
        group = call("GetWorkGroup", WorkGroup=call.rid)["WorkGroup"]
        return group | {"Arn": call.api.arn(f"workgroup/{call.rid}")}

    def update(self, call: Call) -> None:
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
            State=call.props["state"],
            ConfigurationUpdates=changes,
        )

    def delete(self, call: Call) -> None:
        recursive = bool(call.state.get("forceDestroy"))
        call("DeleteWorkGroup", WorkGroup=call.rid, RecursiveDeleteOption=recursive)


_REMOVABLE = outputs(
    outputLocation="OutputLocation",
    encryptionConfiguration="EncryptionConfiguration",
    expectedBucketOwner="ExpectedBucketOwner",
    aclConfiguration="AclConfiguration",
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

    def create(self, call: Call) -> str:
        return call("CreateNamedQuery", **call.request())["NamedQueryId"]

    def read(self, call: Call) -> Document:
        return call("GetNamedQuery", NamedQueryId=call.rid)["NamedQuery"]

    def delete(self, call: Call) -> None:
        call("DeleteNamedQuery", NamedQueryId=call.rid)
