"""The curated tables, typed Parquet by day, and over each a view of what is newest."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.lake.glue_views import GlueView
from reports.curated_tables import (
    DELIVERIES,
    DELIVERIES_FOLDER,
    DELIVERY_COLUMNS,
    PARTITION_KEY,
    PROVENANCE,
    REJECT_COLUMNS,
    REJECTS,
    REJECTS_FOLDER,
    columns,
    folder,
    table_name,
    view_name,
)
from reports.newest_rows import newest
from reports.templates import TEMPLATES, Template

_INPUT = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
_OUTPUT = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
_SERDE = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
_PLANS = "report_plans"


@dataclass(frozen=True, kw_only=True)
class CuratedReportTablesArgs:
    account: str
    database: str
    bucket_name: pulumi.Input[str]
    """The lake bucket."""
    days: int
    """How far back Athena looks for days."""
    plans: Mapping[str, str]
    """Templates of the lake's report plans, by the plan's name."""


@dataclass(frozen=True, kw_only=True)
class _Parquet:
    """A table over Parquet files in a folder a day."""

    table: str
    description: str
    folder: str
    columns: Mapping[str, str]
    """Their types by their names."""


class CuratedReportTables(pulumi.ComponentResource):
    def __init__(
        self,
        name: str,
        args: CuratedReportTablesArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("backup-org:components:CuratedReportTables", name, None, opts)
        for template in TEMPLATES.values():
            table = self._table(
                f"{name}-{table_name(template)}",
                args,
                _Parquet(
                    table=table_name(template),
                    description=f"{template.api_name}, typed; one file for each delivered object",
                    folder=folder(template),
                    columns={c.name: c.type for c in columns(template)} | PROVENANCE,
                ),
            )
            aws.glue.CatalogTable(
                f"{name}-{view_name(template)}",
                newest_view(template, args.database).table(args.account),
                pulumi.ResourceOptions(parent=self, depends_on=[table]),
            )
        self._table(
            f"{name}-{DELIVERIES}",
            args,
            _Parquet(
                table=DELIVERIES,
                description="Reports as they were delivered, those without rows too",
                folder=DELIVERIES_FOLDER,
                columns=DELIVERY_COLUMNS,
            ),
        )
        self._table(
            f"{name}-{REJECTS}",
            args,
            _Parquet(
                table=REJECTS,
                description="What of the reports could not be read, with the reason",
                folder=REJECTS_FOLDER,
                columns=REJECT_COLUMNS,
            ),
        )
        aws.glue.CatalogTable(
            f"{name}-{_PLANS}",
            plans_view(args.plans, args.database).table(args.account),
            pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})

    def _table(
        self, name: str, args: CuratedReportTablesArgs, parquet: _Parquet
    ) -> aws.glue.CatalogTable:
        location = pulumi.Output.concat("s3://", args.bucket_name, "/", parquet.folder)
        return aws.glue.CatalogTable(
            name,
            name=parquet.table,
            description=parquet.description,
            database_name=args.database,
            table_type="EXTERNAL_TABLE",
            parameters={
                "EXTERNAL": "TRUE",
                "classification": "parquet",
                # Athena computes the days, so that adding a file costs no call.
                "projection.enabled": "true",
                f"projection.{PARTITION_KEY}.type": "date",
                f"projection.{PARTITION_KEY}.format": "yyyy-MM-dd",
                f"projection.{PARTITION_KEY}.range": f"NOW-{args.days}DAYS,NOW+1DAYS",
                "storage.location.template": pulumi.Output.concat(
                    location, f"{PARTITION_KEY}=${{{PARTITION_KEY}}}/"
                ),
            },
            partition_keys=[{"name": PARTITION_KEY, "type": "string"}],
            storage_descriptor={
                "columns": [{"name": n, "type": type_} for n, type_ in parquet.columns.items()],
                "location": location,
                "input_format": _INPUT,
                "output_format": _OUTPUT,
                "ser_de_info": {"serialization_library": _SERDE},
            },
            opts=pulumi.ResourceOptions(parent=self),
        )


def newest_view(template: Template, database: str) -> GlueView:
    """What people query."""
    types = {column.name: column.type for column in columns(template)}
    types |= {**PROVENANCE, PARTITION_KEY: "string"}
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
