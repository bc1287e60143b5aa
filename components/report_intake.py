"""What happens to a report on its arrival: its partition is added, and it is curated."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.alarm import Alarm, AlarmArgs
from components.function import Function, FunctionArgs, FunctionHome
from components.iam import Statement, rule_may_send
from components.lake.publishing import publishes
from components.work_queue import WorkQueue, WorkQueueArgs
from reports.aws_partition import aws_partition
from reports.curated_tables import DELIVERIES, REJECTS
from reports.keys import key_starts
from reports.plans import Plans, described

_CURATION_TIMEOUT_SECONDS = 300
_PARTITIONS_TIMEOUT_SECONDS = 60
_A_DAY_SECONDS = 24 * 3600


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
    prefixes: Collection[str]
    """Of the plans' keys in the bucket; empty: none."""
    maximum_concurrency: int
    """How many batches each function works off at once."""
    home: FunctionHome
    duckdb_layer: pulumi.Input[str]
    alarm_topics: Sequence[pulumi.Input[str]]


class ReportIntake(pulumi.ComponentResource):
    """S3 → EventBridge → a queue for each function."""

    queues: pulumi.Output[Mapping[str, Mapping[str, str]]]
    """Of each function, curation and partitions: the URLs of its queue and of its dead_letters, and
    the name of its function."""

    def __init__(
        self, name: str, args: ReportIntakeArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:ReportIntake", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        rule = aws.cloudwatch.EventRule(
            name,
            name=name,
            description="Takes what may be a report to the functions",
            event_pattern=pulumi.Output.json_dumps(
                {
                    "source": ["aws.s3"],
                    "detail-type": ["Object Created"],
                    "detail": {
                        "bucket": {"name": [args.bucket_name]},
                        # A bucket that others use too starts no function for their objects.
                        "object": {"key": [{"prefix": s} for s in key_starts(args.prefixes)]},
                    },
                }
            ),
            opts=child,
        )
        curation = self._queue(f"{name}-curation", rule, args, _CURATION_TIMEOUT_SECONDS)
        curates = Function(f"{name}-curation", _curates(args, curation), child)
        Alarm(f"{name}-rejects", _rejects_alarm(args.alarm_topics), child)
        queues = {"curation": _told(curation, curates)}
        if args.adds_partitions:
            partitions = self._queue(f"{name}-partitions", rule, args, _PARTITIONS_TIMEOUT_SECONDS)
            adds = Function(f"{name}-partitions", _adds_partitions(args, partitions), child)
            queues["partitions"] = _told(partitions, adds)
        self.queues = pulumi.Output.all(**queues)
        self.register_outputs({"queues": self.queues})

    def _queue(
        self, name: str, rule: aws.cloudwatch.EventRule, args: ReportIntakeArgs, timeout: int
    ) -> WorkQueue:
        """A queue to which the rule takes what may be a report."""
        child = pulumi.ResourceOptions(parent=self)
        queue = WorkQueue(
            name,
            WorkQueueArgs(
                senders=lambda queue: [rule_may_send(rule.arn, queue)],
                dead_letter_senders=lambda queue: [rule_may_send(rule.arn, queue)],
                function_timeout_seconds=timeout,
            ),
            child,
        )
        aws.cloudwatch.EventTarget(
            name,
            rule=rule.name,
            target_id=name,
            arn=queue.arn,
            dead_letter_config={"arn": queue.dead_letters_arn},
            # The queues take the first event.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[queue]),
        )
        Alarm(f"{name}-dead-letters", queue.alarm(args.alarm_topics), child)
        return queue


def _told(queue: WorkQueue, function: Function) -> pulumi.Output[Mapping[str, str]]:
    return pulumi.Output.all(
        queue=queue.url, dead_letters=queue.dead_letters_url, function=function.name
    )


def _rejects_alarm(topics: Sequence[pulumi.Input[str]]) -> AlarmArgs:
    return AlarmArgs(
        description="Lines of reports could not be read, and are in no curated table: "
        f"{REJECTS.name} has their text and the reason, {DELIVERIES.name} how many of each report.",
        namespace="BackupOrg",
        metric="RejectedLines",
        dimensions={"service": "curate_reports"},
        statistic="Sum",
        period_seconds=_A_DAY_SECONDS,  # until the next day's reports
        topics=topics,
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


def _adds_partitions(args: ReportIntakeArgs, queue: WorkQueue) -> FunctionArgs:
    glue = f"arn:{aws_partition(args.region)}:glue:{args.region}:{args.account}"
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
            "DEAD_LETTERS_URL": queue.dead_letters_url,
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
            *queue.permissions(parks=True),
        ],
        home=args.home,
        queue_arn=queue.arn,
        maximum_concurrency=args.maximum_concurrency,
        timeout_seconds=_PARTITIONS_TIMEOUT_SECONDS,
    )


def _curates(args: ReportIntakeArgs, queue: WorkQueue) -> FunctionArgs:
    return FunctionArgs(
        handler="curate_reports",
        description="Turns each report that is delivered into typed Parquet",
        environment={
            "REPORT_PLANS": json.dumps(described(args.plans)),
            "LAKE_BUCKET": args.lake_bucket_name,
            "DEAD_LETTERS_URL": queue.dead_letters_url,
            "DUCKDB_MEMORY_MB": "256",
        },
        permissions=[
            *_reads_reports(args),
            *publishes(args.lake_bucket_arn, args.lake_key_arn),
            *queue.permissions(parks=True),
        ],
        home=args.home,
        queue_arn=queue.arn,
        maximum_concurrency=args.maximum_concurrency,
        more_layers=[args.duckdb_layer],
        memory_mb=1769,  # one vCPU: docs/adr/0032-the-memory-of-curation.md
        timeout_seconds=_CURATION_TIMEOUT_SECONDS,
        scratch_mb=2048,
    )
