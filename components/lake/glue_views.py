"""Views in Glue, as Athena keeps those that are made by its own CREATE VIEW.

They have no description: Trino takes one for the comment that marks views, and finds none of them.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi_aws as aws

_PRESTO_TYPES = {"string": "varchar", "timestamp": "timestamp(3)"}


@dataclass(frozen=True, kw_only=True)
class GlueView:
    name: str
    database: str
    sql: str
    columns: Mapping[str, str]
    """Their types, as Glue calls them, by their names."""

    def table(self, account: str) -> aws.glue.CatalogTableArgs:
        """The view as the account's catalog holds it."""
        return aws.glue.CatalogTableArgs(
            name=self.name,
            owner=account,
            database_name=self.database,
            table_type="VIRTUAL_VIEW",
            parameters={"presto_view": "true", "comment": "Presto View"},
            view_original_text=self.definition(account),
            view_expanded_text="/* Presto View */",
            storage_descriptor=aws.glue.CatalogTableStorageDescriptorArgs(
                columns=[
                    aws.glue.CatalogTableStorageDescriptorColumnArgs(name=name, type=type_)
                    for name, type_ in self.columns.items()
                ],
                # Athena's own is empty, which the provider would not send; and it demands one.
                ser_de_info=aws.glue.CatalogTableStorageDescriptorSerDeInfoArgs(
                    name="-", serialization_library="-"
                ),
            ),
        )

    def definition(self, account: str) -> str:
        """What Athena reads."""
        view = {
            "originalSql": self.sql,
            "catalog": "awsdatacatalog",
            "schema": self.database,
            "columns": [
                {"name": name, "type": _PRESTO_TYPES.get(type_, type_)}
                for name, type_ in self.columns.items()
            ],
            "owner": account,
            "runAsInvoker": False,
        }
        encoded = base64.b64encode(json.dumps(view).encode()).decode()
        return f"/* Presto View: {encoded} */"
