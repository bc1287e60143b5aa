"""The lake: a Glue database over the reports, and the Athena workgroup that people query it in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.closed_bucket import ClosedBucket, ClosedBucketArgs
from components.encryption_key import EncryptionKey, EncryptionKeyArgs
from components.lake.curated_report_tables import CuratedReportTables, CuratedReportTablesArgs
from components.lake.query_library import queries
from components.lake.raw_report_tables import Projection, RawReportTables, RawReportTablesArgs
from reports.aws_partition import aws_partition

_FOREVER_DAYS = 3650


@dataclass(frozen=True, kw_only=True)
class ReportLakeArgs:
    account: str
    region: str
    database: str
    reports_bucket_name: pulumi.Input[str]
    lake_bucket_name: str
    """For curated reports, and for the results of queries."""
    plans: Mapping[str, str]
    """Templates of the report plans that deliver to it, by the plan's name."""
    raw_columns: Mapping[str, Sequence[str]]
    """By template, in the order of the CSV."""
    projections: Mapping[str, Projection]
    """By template; none: partitions are added as reports arrive."""
    expire_after_days: int | None
    """Of curated reports; none: never."""
    results_expire_after_days: int
    scan_limit_gib: int
    force_destroy: bool


class ReportLake(pulumi.ComponentResource):
    database: pulumi.Output[str]
    workgroup: pulumi.Output[str]
    bucket_name: pulumi.Output[str]
    bucket_arn: pulumi.Output[str]
    key_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: ReportLakeArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:ReportLake", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        database = aws.glue.CatalogDatabase(
            name,
            name=args.database,
            description="AWS Backup Audit Manager's reports",
            opts=child,
        )
        key = EncryptionKey(
            f"{name}-lake",
            EncryptionKeyArgs(
                account=args.account,
                partition=aws_partition(args.region),
                description="Curated reports and results",
                retained=not args.force_destroy,
            ),
            child,
        )
        bucket = self._bucket(f"{name}-lake", args, key)
        RawReportTables(
            f"{name}-raw",
            RawReportTablesArgs(
                database=database.name,
                bucket_name=args.reports_bucket_name,
                columns=args.raw_columns,
                projections=args.projections,
            ),
            child,
        )
        CuratedReportTables(
            f"{name}-curated",
            CuratedReportTablesArgs(
                account=args.account,
                database=args.database,
                bucket_name=bucket.name,
                days=args.expire_after_days or _FOREVER_DAYS,
                plans=args.plans,
            ),
            pulumi.ResourceOptions(parent=self, depends_on=[database]),
        )
        workgroup = self._workgroup(name, args, bucket, key)
        for query in queries(args.region).values():
            if query.lacks(args.raw_columns):
                continue
            aws.athena.NamedQuery(
                f"{name}-{query.name}",
                name=query.name,
                description=query.description,
                database=database.name,
                workgroup=workgroup.name,
                query=query.sql(),
                opts=child,
            )
        self.database, self.workgroup = database.name, workgroup.name
        self.bucket_name, self.bucket_arn, self.key_arn = bucket.name, bucket.arn, key.arn
        self.register_outputs({"database": self.database, "workgroup": self.workgroup})

    def _bucket(self, name: str, args: ReportLakeArgs, key: EncryptionKey) -> ClosedBucket:
        return ClosedBucket(
            name,
            ClosedBucketArgs(
                bucket_name=args.lake_bucket_name,
                key_arn=key.arn,
                # Of curated reports whole months, by the function that compacts them: an object
                # that S3 expired would still stand in its month's list.
                expire_after_days={"results/": args.results_expire_after_days},
                force_destroy=args.force_destroy,
            ),
            pulumi.ResourceOptions(parent=self, depends_on=[key]),
        )

    def _workgroup(
        self, name: str, args: ReportLakeArgs, bucket: ClosedBucket, key: EncryptionKey
    ) -> aws.athena.Workgroup:
        """Its settings hold whatever a client asks for."""
        return aws.athena.Workgroup(
            name,
            name=name,
            description="Queries over AWS Backup's reports",
            force_destroy=args.force_destroy,
            configuration={
                "enforce_workgroup_configuration": True,
                "publish_cloudwatch_metrics_enabled": True,
                "bytes_scanned_cutoff_per_query": args.scan_limit_gib * 2**30,
                "result_configuration": {
                    "output_location": pulumi.Output.concat("s3://", bucket.name, "/results/"),
                    "encryption_configuration": {
                        "encryption_option": "SSE_KMS",
                        "kms_key_arn": key.arn,
                    },
                },
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
