"""The daily compaction of the lake's months, and the alarm when it failed."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.alarm import Alarm
from components.daily_run import DailyRun, run_daily
from components.function import Function, FunctionArgs, FunctionHome
from components.iam import Statement
from components.lake.publishing import publishes
from reports.curated_tables import FILES, LISTS

_SEVEN_UTC = "cron(0 7 * * ? *)"  # reports have arrived and are curated


@dataclass(frozen=True, kw_only=True)
class ReportCompactionArgs:
    lake_bucket_name: pulumi.Input[str]
    lake_bucket_arn: pulumi.Input[str]
    lake_key_arn: pulumi.Input[str]
    expire_after_days: int | None
    """Of curated reports; none: never."""
    home: FunctionHome
    duckdb_layer: pulumi.Input[str]
    alarm_topics: Sequence[pulumi.Input[str]]


class ReportCompaction(pulumi.ComponentResource):
    def __init__(
        self, name: str, args: ReportCompactionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:ReportCompaction", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        function = Function(name, _function(args), child)
        alarms = run_daily(
            name,
            function,
            DailyRun(
                schedule=_SEVEN_UTC,
                description="When the day's reports are in the lake",
                when_it_failed="The months of the curated reports could not be compacted: the "
                "function's log says why. Queries are answered as before, and read more.",
                when_it_did_not_start="Nothing compacted the curated reports: the schedule could "
                "not start the function.",
                topics=args.alarm_topics,
            ),
            child,
        )
        for what, alarm in alarms.items():
            Alarm(f"{name}-{what}", alarm, child)
        self.register_outputs({})


def _function(args: ReportCompactionArgs) -> FunctionArgs:
    return FunctionArgs(
        handler="compact_reports",
        description="Makes one file a month of each curated table",
        environment={
            "LAKE_BUCKET": args.lake_bucket_name,
            "DUCKDB_MEMORY_MB": "1024",
            "EXPIRE_AFTER_DAYS": str(args.expire_after_days or ""),
        },
        permissions=[
            *publishes(args.lake_bucket_arn, args.lake_key_arn),
            Statement(
                sid="SeeVersions",
                actions=["s3:ListBucketVersions"],
                resources=[args.lake_bucket_arn],
            ),
            Statement(
                sid="DeleteFilesThatNoListNames",
                actions=["s3:DeleteObjectVersion"],
                resources=[pulumi.Output.concat(args.lake_bucket_arn, f"/{FILES}*")],
            ),
            Statement(
                sid="DeleteListsOfMonthsThatAreOver",
                actions=["s3:DeleteObject"],
                resources=[pulumi.Output.concat(args.lake_bucket_arn, f"/{LISTS}*")],
            ),
        ],
        home=args.home,
        more_layers=[args.duckdb_layer],
        memory_mb=1769,  # of which on Lambda comes a whole processor
        timeout_seconds=900,
        scratch_mb=4096,
    )
