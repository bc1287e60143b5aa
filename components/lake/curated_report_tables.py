"""The curated tables, typed Parquet by month, and over each a view of what is newest."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.lake.glue_views import GlueView
from reports.curated_tables import (
    DELIVERIES,
    PARTITION_KEY,
    REJECTS,
    CuratedTable,
    curated_table,
    view_name,
)
from reports.newest_rows import newest
from reports.templates import TEMPLATES, Template

# As Athena reads Amazon S3 Inventory: a list of Parquet files.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-athena-query.html
INPUT_FORMAT = "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat"
OUTPUT_FORMAT = "org.apache.hadoop.hive.ql.io.IgnoreKeyTextOutputFormat"
SERDE = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
_PLANS = "report_plans"
_SHORTEST_MONTH = 28


@dataclass(frozen=True, kw_only=True)
class CuratedReportTablesArgs:
    account: str
    database: str
    bucket_name: pulumi.Input[str]
    """The lake bucket."""
    days: int
    """How far back Athena looks."""
    plans: Mapping[str, str]
    """Templates of the lake's report plans, by the plan's name."""


class CuratedReportTables(pulumi.ComponentResource):
    def __init__(
        self,
        name: str,
        args: CuratedReportTablesArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("backup-org:components:CuratedReportTables", name, None, opts)
        for template in TEMPLATES.values():
            table = self._table(name, args, curated_table(template), f"{template.api_name}, typed")
            aws.glue.CatalogTable(
                f"{name}-{view_name(template)}",
                newest_view(template, args.database).table(args.account),
                pulumi.ResourceOptions(parent=self, depends_on=[table]),
            )
        for table, description in (
            (DELIVERIES, "Reports as they were delivered, those without rows too"),
            (REJECTS, "What of the reports could not be read, with the reason"),
        ):
            self._table(name, args, table, description)
        aws.glue.CatalogTable(
            f"{name}-{_PLANS}",
            plans_view(args.plans, args.database).table(args.account),
            pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})

    def _table(
        self, name: str, args: CuratedReportTablesArgs, table: CuratedTable, description: str
    ) -> aws.glue.CatalogTable:
        location = pulumi.Output.concat("s3://", args.bucket_name, "/", table.location)
        return aws.glue.CatalogTable(
            f"{name}-{table.name}",
            name=table.name,
            description=description,
            database_name=args.database,
            table_type="EXTERNAL_TABLE",
            parameters={
                "EXTERNAL": "TRUE",
                # Athena computes the months, so that adding a file costs no call.
                "projection.enabled": "true",
                f"projection.{PARTITION_KEY}.type": "date",
                f"projection.{PARTITION_KEY}.format": "yyyy-MM",
                f"projection.{PARTITION_KEY}.range": (
                    f"NOW-{args.days // _SHORTEST_MONTH + 1}MONTHS,NOW+1MONTHS"
                ),
                f"projection.{PARTITION_KEY}.interval": "1",
                f"projection.{PARTITION_KEY}.interval.unit": "MONTHS",
                "storage.location.template": pulumi.Output.concat(
                    location, f"{PARTITION_KEY}=${{{PARTITION_KEY}}}/"
                ),
            },
            partition_keys=[{"name": PARTITION_KEY, "type": "string"}],
            storage_descriptor={
                "columns": [{"name": n, "type": type_} for n, type_ in table.columns.items()],
                "location": location,
                "input_format": INPUT_FORMAT,
                "output_format": OUTPUT_FORMAT,
                "ser_de_info": {"serialization_library": SERDE},
            },
            opts=pulumi.ResourceOptions(parent=self),
        )


def newest_view(template: Template, database: str) -> GlueView:
    """What people query."""
    types = curated_table(template).columns
    return GlueView(
        name=view_name(template),
        database=database,
        sql=newest(template, columns=list(types)),
        columns=types,
    )


def plans_view(plans: Mapping[str, str], database: str) -> GlueView:
    """What is deployed, for queries that look for what did not arrive."""
    columns = {"report_plan": "string", "template": "string"}
    rows = ", ".join(f"('{plan}', '{template}')" for plan, template in sorted(plans.items()))
    chosen = ", ".join(f"CAST({name} AS varchar) AS {name}" for name in columns)
    # VALUES may not be empty.
    values, where = (rows, "") if rows else ("('', '')", " WHERE false")
    return GlueView(
        name=_PLANS,
        database=database,
        sql=f"SELECT {chosen} FROM (VALUES {values}) AS t ({', '.join(columns)}){where}",
        columns=columns,
    )
