"""The daily look whether every report plan delivered, and the alarm when one did not."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.alarm import Alarm, AlarmArgs
from components.daily_run import DailyRun, run_daily
from components.function import Function, FunctionArgs, FunctionHome
from components.iam import Statement

_SIX_UTC = "cron(0 6 * * ? *)"  # AWS Backup delivers between 01:00 and 05:00 UTC


@dataclass(frozen=True, kw_only=True)
class ReportWatchArgs:
    parts: Mapping[str, int]
    """Of how many report plans each template's is made, by the first one's name: as many names
    would be too much for a function's environment."""
    bucket_name: pulumi.Input[str]
    bucket_arn: pulumi.Input[str]
    bucket_key_arn: pulumi.Input[str] | None
    home: FunctionHome
    alarm_topics: Sequence[pulumi.Input[str]]


class ReportWatch(pulumi.ComponentResource):
    def __init__(
        self, name: str, args: ReportWatchArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:ReportWatch", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        function = Function(name, _function(args), child)
        Alarm(
            f"{name}-missing",
            AlarmArgs(
                description="Report plans delivered nothing today: the function's log names them "
                "and the reason.",
                namespace="BackupOrg",
                metric="MissingReports",
                dimensions={"service": "watch_reports"},
                statistic="Maximum",
                without_data="ignore",  # until the next day's look
                topics=args.alarm_topics,
            ),
            child,
        )
        alarms = run_daily(
            name,
            function,
            DailyRun(
                schedule=_SIX_UTC,
                description="When every report of the day should have arrived",
                when_it_failed="The look whether reports arrived failed itself.",
                when_it_did_not_start="Nothing looked whether reports arrived: the schedule could "
                "not start the function.",
                topics=args.alarm_topics,
            ),
            child,
        )
        for what, alarm in alarms.items():
            Alarm(f"{name}-{what}", alarm, child)
        self.register_outputs({})


def _function(args: ReportWatchArgs) -> FunctionArgs:
    return FunctionArgs(
        handler="watch_reports",
        description="Looks whether every report plan delivered",
        environment={
            "REPORT_PLANS": json.dumps(args.parts),
            "REPORTS_BUCKET": args.bucket_name,
        },
        permissions=[
            Statement(
                sid="ListReportPlansAndJobs",
                actions=["backup:ListReportPlans", "backup:ListReportJobs"],
                resources=["*"],
            ),
            Statement(
                sid="SeeReports",
                actions=["s3:GetObject"],
                resources=[pulumi.Output.concat(args.bucket_arn, "/*")],
            ),
            Statement(sid="ListReports", actions=["s3:ListBucket"], resources=[args.bucket_arn]),
            *(
                [
                    Statement(
                        sid="DecryptReports",
                        actions=["kms:Decrypt"],
                        resources=[args.bucket_key_arn],
                    )
                ]
                if args.bucket_key_arn is not None
                else []
            ),
        ],
        home=args.home,
    )
