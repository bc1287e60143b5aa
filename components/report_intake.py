"""What happens to a report on its arrival: its partition is added, and it is curated."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.function import FunctionArgs, FunctionHome
from components.iam import Statement
from components.queue_worker import QueueWorker, QueueWorkerArgs
from reports.curated_tables import DELIVERIES_FOLDER
from reports.plans import Plans, described


@dataclass(frozen=True, kw_only=True)
class ReportIntakeArgs:
    account: str
    region: str
    bucket_name: pulumi.Input[str]
    bucket_arn: pulumi.Input[str]
    bucket_key_arn: pulumi.Input[str] | None
    """Of the key that the reports are encrypted with; None: S3's own."""
    lake_bucket_name: pulumi.Input[str]
    lake_bucket_arn: pulumi.Input[str]
    lake_key_arn: pulumi.Input[str]
    database: pulumi.Input[str]
    plans: Plans
    raw_columns: Mapping[str, Sequence[str]]
    """The raw tables' columns, by table."""
    adds_partitions: bool
    """False: the raw tables compute their partitions."""
    home: FunctionHome
    duckdb_layer: pulumi.Input[str]
    alarm_topics: Sequence[pulumi.Input[str]]


class ReportIntake(pulumi.ComponentResource):
    """S3 → EventBridge → a queue for each function."""

    curation: QueueWorker
    partitions: QueueWorker | None

    def __init__(
        self, name: str, args: ReportIntakeArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:ReportIntake", name, None, opts)
        self._args = args
        self._rule = aws.cloudwatch.EventRule(
            name,
            name=name,
            description="Takes every object of the reports bucket to the functions",
            event_pattern=pulumi.Output.json_dumps(
                {
                    "source": ["aws.s3"],
                    "detail-type": ["Object Created"],
                    "detail": {"bucket": {"name": [args.bucket_name]}},
                }
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.curation = self._worker(f"{name}-curation", _curates(args), tries=5)
        self.partitions = (
            self._worker(f"{name}-partitions", _adds_partitions(args), tries=5, parks=True)
            if args.adds_partitions
            else None
        )
        self.register_outputs({})

    def _worker(
        self, name: str, function: FunctionArgs, *, tries: int, parks: bool = False
    ) -> QueueWorker:
        worker = QueueWorker(
            name,
            QueueWorkerArgs(
                function=function,
                senders=lambda queue: [_rule_sends(self._rule, queue)],
                dead_letter_senders=lambda queue: [_rule_sends(self._rule, queue)],
                tries=tries,
                parks=parks,
                alarm_topics=self._args.alarm_topics,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        aws.cloudwatch.EventTarget(
            name,
            rule=self._rule.name,
            target_id=name,
            arn=worker.queue_arn,
            dead_letter_config={"arn": worker.dead_letters_arn},
            opts=pulumi.ResourceOptions(parent=self),
        )
        return worker


def _rule_sends(rule: aws.cloudwatch.EventRule, queue: pulumi.Input[str]) -> Statement:
    return Statement(
        sid="RuleSends",
        actions=["sqs:SendMessage"],
        resources=[queue],
        principal={"Service": "events.amazonaws.com"},
        conditions={"ArnEquals": {"aws:SourceArn": rule.arn}},
    )


def _reads_reports(args: ReportIntakeArgs) -> list[Statement]:
    statements = [
        Statement(
            sid="ReadReports",
            actions=["s3:GetObject"],
            resources=[pulumi.Output.concat(args.bucket_arn, "/*")],
        ),
        # Without it S3 says of an object that is not there that it is forbidden.
        Statement(sid="ListReports", actions=["s3:ListBucket"], resources=[args.bucket_arn]),
    ]
    if args.bucket_key_arn is not None:
        statements.append(
            Statement(
                sid="DecryptReports", actions=["kms:Decrypt"], resources=[args.bucket_key_arn]
            )
        )
    return statements


def _adds_partitions(args: ReportIntakeArgs) -> FunctionArgs:
    glue = f"arn:aws:glue:{args.region}:{args.account}"
    database = pulumi.Output.concat(glue, ":database/", args.database)
    tables = pulumi.Output.concat(glue, ":table/", args.database, "/*")
    headers = json.dumps({table: list(columns) for table, columns in args.raw_columns.items()})
    return FunctionArgs(
        handler="partition_reports",
        description="Adds the partition of each report that is delivered",
        environment={
            "DATABASE": args.database,
            "REPORT_PLANS": json.dumps(described(args.plans)),
            "TABLE_HEADERS": hashlib.sha256(headers.encode()).hexdigest()[:12],
        },
        permissions=[
            Statement(
                sid="KeepPartitions",
                actions=[
                    "glue:GetTable",
                    "glue:CreatePartition",
                    "glue:GetPartition",
                    "glue:DeletePartition",
                ],
                resources=[f"{glue}:catalog", database, tables],
            ),
            *_reads_reports(args),
        ],
        home=args.home,
    )


def _curates(args: ReportIntakeArgs) -> FunctionArgs:
    return FunctionArgs(
        handler="curate_reports",
        description="Turns each report that is delivered into typed Parquet",
        environment={
            "REPORT_PLANS": json.dumps(described(args.plans)),
            "LAKE_BUCKET": args.lake_bucket_name,
            "DUCKDB_MEMORY_MB": "512",
        },
        permissions=[
            *_reads_reports(args),
            Statement(
                sid="WriteCurated",
                actions=["s3:PutObject"],
                resources=[
                    pulumi.Output.concat(args.lake_bucket_arn, f"/{folder}*")
                    for folder in ("curated/", DELIVERIES_FOLDER)
                ],
            ),
            Statement(
                sid="EncryptCurated",
                actions=["kms:GenerateDataKey"],
                resources=[args.lake_key_arn],
            ),
        ],
        home=args.home,
        more_layers=[args.duckdb_layer],
        memory_mb=1024,
        timeout_seconds=300,
        scratch_mb=2048,
    )
