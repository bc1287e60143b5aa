"""AWS Resource Access Manager's shares, and what and whom they hold."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from aws_sandbox.plugin.aws import Api
from aws_sandbox.plugin.fields import Converter, Document, Field, members, outputs
from aws_sandbox.plugin.resource import Resource, ResourceCall, Tagging, register


class ShareTagging(Tagging):
    """Tags that are told with the share alone."""

    def read(self, api: Api, target: str) -> Any:
        shares = api("GetResourceShares", resourceOwner="SELF", resourceShareArns=[target])
        return shares["resourceShares"][0].get("tags")


@register("aws:ram/resourceShare:ResourceShare")
class ResourceShare(Resource):
    """A share; its id is its ARN."""

    service, operation = "ram", "CreateResourceShare"
    properties = members(
        name=Field("name"),
        allowExternalPrincipals=Field("allowExternalPrincipals", default=False),
    )
    outputs = outputs(arn="resourceShareArn")
    tagging = ShareTagging(
        listing="GetResourceShares",
        target="resourceShareArn",
        added="tags",
        removed="tagKeys",
        pair=("key", "value"),
    )
    tags_member = "tags"

    def create(self, call: ResourceCall) -> str:
        return call("CreateResourceShare", **call.request())["resourceShare"]["resourceShareArn"]

    def read(self, call: ResourceCall) -> Document | None:
        found = call("GetResourceShares", resourceOwner="SELF", resourceShareArns=[call.rid])
        return next((s for s in found["resourceShares"] if s["status"] != "DELETED"), None)

    def update(self, call: ResourceCall) -> None:
        call("UpdateResourceShare", resourceShareArn=call.rid, **call.request())

    def delete(self, call: ResourceCall) -> None:
        call("DeleteResourceShare", resourceShareArn=call.rid)


ONE: Final = Converter(to_api=lambda value: [value], from_api=lambda values: values[0])


class Association(Resource):
    """One thing or one account in a share; its id is the share's ARN and it, with a comma."""

    service, operation = "ram", "AssociateResourceShare"
    entity: ClassVar[str]
    """The property that says what is associated."""
    kind: ClassVar[str]
    """RESOURCE or PRINCIPAL."""

    def create(self, call: ResourceCall) -> str:
        call("AssociateResourceShare", **call.request())
        return f"{call.props['resourceShareArn']},{call.props[self.entity]}"

    def read(self, call: ResourceCall) -> Document | None:
        document = self._document(call.rid)
        found = call(
            "GetResourceShareAssociations",
            associationType=self.kind,
            resourceShareArns=[document["resourceShareArn"]],
        )
        held = [each["associatedEntity"] for each in found["resourceShareAssociations"]]
        return document if call.rid.partition(",")[2] in held else None

    def delete(self, call: ResourceCall) -> None:
        call("DisassociateResourceShare", **self._document(call.rid))

    def _document(self, rid: str) -> Document:
        share, _, entity = rid.partition(",")
        return {"resourceShareArn": share, self.properties[self.entity].api: [entity]}


@register("aws:ram/resourceAssociation:ResourceAssociation")
class ResourceAssociation(Association):
    """A resource that is shared."""

    entity, kind = "resourceArn", "RESOURCE"
    properties = members(
        resourceShareArn=Field("resourceShareArn", replaces=True),
        resourceArn=Field("resourceArns", replaces=True, convert=ONE),
    )


@register("aws:ram/principalAssociation:PrincipalAssociation")
class PrincipalAssociation(Association):
    """An account or a part of the organization that a share is for."""

    entity, kind = "principal", "PRINCIPAL"
    properties = members(
        resourceShareArn=Field("resourceShareArn", replaces=True),
        principal=Field("principals", replaces=True, convert=ONE),
    )
