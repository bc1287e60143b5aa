"""AWS Systems Manager's documents."""

from __future__ import annotations

from collections.abc import Iterator

from aws_sandbox.plugin.aws import CallError
from aws_sandbox.plugin.fields import Autoname, Field, members, outputs
from aws_sandbox.plugin.fields import Document as Answer
from aws_sandbox.plugin.resource import Resource, ResourceCall, Tagging, register
from aws_sandbox.plugin.values import Problem, Props


@register("aws:ssm/document:Document")
class Document(Resource):
    """A document; its id is its name. What is read is its default version."""

    service, operation = "ssm", "CreateDocument"
    properties = members(
        "content",
        "targetType",
        "versionName",
        documentFormat=Field("DocumentFormat", default="JSON"),
        documentType=Field("DocumentType", replaces=True),
        name=Field("Name", replaces=True, autoname=Autoname(maximum=128)),
    )
    outputs = outputs(
        arn="Arn",
        defaultVersion="DefaultVersion",
        description="Description",
        documentVersion="DocumentVersion",
        hash="Hash",
        hashType="HashType",
        latestVersion="LatestVersion",
        owner="Owner",
        platformTypes="PlatformTypes",
        schemaVersion="SchemaVersion",
        status="Status",
    )
    volatile = frozenset(
        {"defaultVersion", "description", "documentVersion", "hash", "latestVersion"}
        | {"schemaVersion"}
    )
    tagging = Tagging(
        listing="ListTagsForResource",
        adding="AddTagsToResource",
        removing="RemoveTagsFromResource",
        target="ResourceId",
        by="id",
        listed="TagList",
        kind={"ResourceType": "Document"},
    )

    def create(self, call: ResourceCall) -> str:
        call("CreateDocument", **call.request())
        return call.props["name"]

    def read(self, call: ResourceCall) -> Answer:
        described = call("DescribeDocument", Name=call.rid)["Document"]
        content = call(
            "GetDocument",
            Name=call.rid,
            DocumentVersion=described["DocumentVersion"],
            DocumentFormat=described["DocumentFormat"],
        )["Content"]
        arn = call.api.arn(f"document/{call.rid}")
        return {**described, "Content": content, "Arn": arn}

    def update(self, call: ResourceCall) -> None:
        """A new version, which becomes the default one."""
        wanted = call.request()
        wanted.pop("DocumentType")
        try:
            answer = call("UpdateDocument", **wanted, DocumentVersion="$LATEST")
            version = answer["DocumentDescription"]["DocumentVersion"]
        except CallError as error:
            if "DuplicateDocumentContent" not in str(error):
                raise
            version = call.state["latestVersion"]
        call("UpdateDocumentDefaultVersion", Name=call.rid, DocumentVersion=version)

    def delete(self, call: ResourceCall) -> None:
        call("DeleteDocument", Name=call.rid)

    def check(self, props: Props) -> Iterator[Problem]:
        if props.get("documentFormat", "JSON") == "TEXT":
            yield Problem(path=("documentFormat",), reason="TEXT is for packages alone")
