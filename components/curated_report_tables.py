"""The curated tables, typed Parquet by day, and over each a view of what is newest."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from handlers.curated_tables import (
    DELIVERIES,
    DELIVERIES_FOLDER,
    DELIVERY_COLUMNS,
    PARTITION_KEY,
    PROVENANCE,
    columns,
    folder,
    table_name,
    view_name,
)
from handlers.report_templates import TEMPLATES, Template

_INPUT = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
_OUTPUT = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
_SERDE = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
_PRESTO_TYPES = {"string": "varchar", "timestamp": "timestamp(3)"}


@dataclass(frozen=True, kw_only=True)
class CuratedReportTablesArgs:
    database: str
    bucket_name: pulumi.Input[str]
    """The lake bucket."""
    days: int
    """How far back Athena looks for days."""


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
                    columns={c.name: c.type for c in columns(template)}
                    | dict.fromkeys(PROVENANCE, "string"),
                ),
            )
            self._view(f"{name}-{view_name(template)}", template, args.database, table)
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

    def _view(
        self, name: str, template: Template, database: str, table: aws.glue.CatalogTable
    ) -> None:
        types = {column.name: column.type for column in columns(template)}
        types |= dict.fromkeys((*PROVENANCE, PARTITION_KEY), "string")
        aws.glue.CatalogTable(
            name,
            name=view_name(template),
            description=f"The newest row about each {' and '.join(template.identity)}",
            database_name=database,
            table_type="VIRTUAL_VIEW",
            parameters={"presto_view": "true", "comment": "Presto View"},
            view_original_text=_presto_view(_newest(template, types), database, types),
            view_expanded_text="/* Presto View */",
            storage_descriptor={
                "columns": [{"name": name, "type": type_} for name, type_ in types.items()],
                # Athena demands one of every table, and reads none of a view.
                "ser_de_info": {"name": "-", "serialization_library": "-"},
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[table]),
        )


def _newest(template: Template, types: Mapping[str, str]) -> str:
    order = [PARTITION_KEY]
    order += ["report_time_period_end"] if template.is_job else ["last_evaluation_time"]
    newest = ", ".join(f"{name} DESC" for name in [*order, "report_object"])
    return (
        f"SELECT {', '.join(types)} FROM (SELECT *, row_number() OVER (PARTITION BY "
        f"{', '.join(template.identity)} ORDER BY {newest}) AS nth FROM {table_name(template)}) "
        "WHERE nth = 1"
    )


def _presto_view(sql: str, database: str, types: Mapping[str, str]) -> str:
    """How Athena keeps a view in Glue."""
    view = {
        "originalSql": sql,
        "catalog": "awsdatacatalog",
        "schema": database,
        "columns": [
            {"name": name, "type": _PRESTO_TYPES.get(type_, type_)} for name, type_ in types.items()
        ],
    }
    encoded = base64.b64encode(json.dumps(view).encode()).decode()
    return f"/* Presto View: {encoded} */"
