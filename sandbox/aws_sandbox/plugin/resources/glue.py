"""AWS Glue's databases and tables."""

from __future__ import annotations

import string
from collections.abc import Iterator

from aws_sandbox.plugin.fields import Autoname, Document, Field, members, outputs
from aws_sandbox.plugin.resource import Call, Resource, register
from aws_sandbox.plugin.tagging import Tagging
from aws_sandbox.plugin.values import UNKNOWN, Problem, Props

TAGGING = Tagging(listing="GetTags", added="TagsToAdd", removed="TagsToRemove", pair=None)
AUTONAME = Autoname(separator="_", alphabet=string.ascii_lowercase, random=8, lower=True)
"""As Athena wants the names of databases and tables."""
COLUMN = members("name", "type", "comment", "parameters")


@register("aws:glue/catalogDatabase:CatalogDatabase")
class CatalogDatabase(Resource):
    """A database of the account's catalog; its id is `catalog:name`."""

    service, operation = "glue", "CreateDatabase"
    properties = members(
        catalogId=Field("CatalogId", replaces=True, computed=True),
        name=Field("DatabaseInput.Name", replaces=True, autoname=AUTONAME),
        description="DatabaseInput.Description",
        locationUri=Field("DatabaseInput.LocationUri", computed=True),
        parameters="DatabaseInput.Parameters",
    )
    outputs = outputs(arn="Arn")
    tagging = TAGGING

    def create(self, call: Call) -> str:
        call("CreateDatabase", **call.request())
        return f"{call.props.get('catalogId', call.api.account)}:{call.props['name']}"

    def read(self, call: Call) -> Document:
        catalog, _, name = call.rid.partition(":")
        database = call("GetDatabase", CatalogId=catalog, Name=name)["Database"]
        arn = call.api.arn(f"database/{name}")
        return {"CatalogId": catalog, "DatabaseInput": database, "Arn": arn}

    def update(self, call: Call) -> None:
        catalog, _, name = call.rid.partition(":")
        wanted = call.request()["DatabaseInput"]
        call("UpdateDatabase", CatalogId=catalog, Name=name, DatabaseInput=wanted)

    def delete(self, call: Call) -> None:
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
        catalogId=Field("CatalogId", replaces=True, computed=True),
        databaseName=Field("DatabaseName", replaces=True),
        name=Field("TableInput.Name", replaces=True, autoname=AUTONAME),
        description="TableInput.Description",
        owner="TableInput.Owner",
        parameters="TableInput.Parameters",
        partitionKeys=Field("TableInput.PartitionKeys", fields=COLUMN),
        retention="TableInput.Retention",
        storageDescriptor=Field(
            "TableInput.StorageDescriptor",
            fields=members(
                "location",
                "inputFormat",
                "outputFormat",
                "compressed",
                "numberOfBuckets",
                "bucketColumns",
                "parameters",
                "storedAsSubDirectories",
                columns=Field("Columns", fields=COLUMN),
                serDeInfo=Field(
                    "SerdeInfo", fields=members("name", "parameters", "serializationLibrary")
                ),
                sortColumns=Field("SortColumns", fields=members("column", "sortOrder")),
            ),
        ),
        tableType="TableInput.TableType",
        viewExpandedText="TableInput.ViewExpandedText",
        viewOriginalText="TableInput.ViewOriginalText",
    )
    outputs = outputs(arn="Arn")

    def create(self, call: Call) -> str:
        call("CreateTable", **call.request())
        catalog = call.props.get("catalogId", call.api.account)
        return f"{catalog}:{call.props['databaseName']}:{call.props['name']}"

    def read(self, call: Call) -> Document:
        catalog, database, name = call.rid.split(":")
        where = {"CatalogId": catalog, "DatabaseName": database}
        table = call("GetTable", Name=name, **where)["Table"]
        arn = call.api.arn(f"table/{database}/{name}")
        return {**where, "TableInput": table, "Arn": arn}

    def update(self, call: Call) -> None:
        catalog, database, _ = call.rid.split(":")
        wanted = call.request()["TableInput"]
        call("UpdateTable", CatalogId=catalog, DatabaseName=database, TableInput=wanted)

    def delete(self, call: Call) -> None:
        catalog, database, name = call.rid.split(":")
        call("DeleteTable", CatalogId=catalog, DatabaseName=database, Name=name)

    def check(self, props: Props) -> Iterator[Problem]:
        yield from _lower_case(props)
