"""The raw tables: reports as AWS Backup delivers them, every column a string."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from reports.raw_tables import (
    INPUT_FORMAT,
    OUTPUT_FORMAT,
    PARTITION_KEYS,
    SERDE,
    SERDE_PARAMETERS,
    TABLE_PARAMETERS,
)
from reports.templates import TEMPLATES


@dataclass(frozen=True, kw_only=True)
class Projection:
    """Where a table's reports lie, for Athena to compute its partitions."""

    plans: Sequence[str]
    """Names of the report plans."""
    scope: str
    """Between the bucket and the year: Backup/crossaccount/crossregion, after any prefix."""
    first_year: int


@dataclass(frozen=True, kw_only=True)
class RawReportTablesArgs:
    database: pulumi.Input[str]
    bucket_name: pulumi.Input[str]
    columns: Mapping[str, Sequence[str]]
    """By template, in the order of the CSV."""
    projections: Mapping[str, Projection]
    """By template; none: partitions are added as reports arrive."""


class RawReportTables(pulumi.ComponentResource):
    def __init__(
        self, name: str, args: RawReportTablesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:RawReportTables", name, None, opts)
        bucket = pulumi.Output.concat("s3://", args.bucket_name)
        for template_name, columns in args.columns.items():
            template = TEMPLATES[template_name]
            projection = args.projections.get(template_name)
            aws.glue.CatalogTable(
                f"{name}-{template.table}",
                name=template.table,
                description=f"{template.api_name} as AWS Backup delivers it",
                database_name=args.database,
                table_type="EXTERNAL_TABLE",
                parameters={
                    "EXTERNAL": "TRUE",
                    **TABLE_PARAMETERS,
                    **(_projected(projection, bucket) if projection else {}),
                },
                partition_keys=[{"name": key, "type": "string"} for key in PARTITION_KEYS],
                storage_descriptor={
                    "columns": [{"name": column, "type": "string"} for column in columns],
                    # No report lies here itself: each partition has its own location.
                    "location": pulumi.Output.concat(bucket, "/"),
                    "input_format": INPUT_FORMAT,
                    "output_format": OUTPUT_FORMAT,
                    "ser_de_info": {
                        "serialization_library": SERDE,
                        "parameters": SERDE_PARAMETERS,
                    },
                },
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})


def _projected(projection: Projection, bucket: pulumi.Output[str]) -> dict[str, pulumi.Input[str]]:
    """https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html"""
    return {
        "projection.enabled": "true",
        "projection.report_plan.type": "enum",
        "projection.report_plan.values": ",".join(projection.plans),
        "projection.year.type": "integer",
        "projection.year.range": f"{projection.first_year},{projection.first_year + 20}",
        "projection.year.digits": "4",
        "projection.month.type": "integer",
        "projection.month.range": "1,12",
        "projection.month.digits": "2",
        "projection.day.type": "integer",
        "projection.day.range": "1,31",
        "projection.day.digits": "2",
        "storage.location.template": pulumi.Output.concat(
            bucket, f"/{projection.scope}/${{year}}/${{month}}/${{day}}/${{report_plan}}/"
        ),
    }
