"""Looks, once a day, whether every report plan delivered; the metric's alarm tells people.

schedule → this function → the metric MissingReports → alarm → alert bus.
"""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ClientError

from handlers import environment
from handlers.watch_reports.core import ReportJob, missing
from reports.plans import part_name

if TYPE_CHECKING:
    from mypy_boto3_backup import BackupClient
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, kw_only=True)
class Environment:
    report_plans: str
    """JSON: of how many report plans each template's is made, by the first one's name."""
    reports_bucket: str


logger = Logger(service="watch_reports")
metrics = Metrics(namespace="BackupOrg", service="watch_reports")


def watch(
    settings: Environment, backup: BackupClient, s3: S3Client, now: datetime.datetime
) -> dict[str, str]:
    """The report plans that delivered nothing since midnight, with the reason.

    AWS Backup delivers between 01:00 and 05:00 UTC; a report on demand of yesterday is not today's.
    """
    parts: Mapping[str, int] = json.loads(settings.report_plans)
    plans = sorted(part_name(name, n + 1) for name, count in parts.items() for n in range(count))
    created = _created(backup)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    jobs = [job for plan in plans if plan in created for job in _jobs(backup, plan, midnight)]
    keys = {key for job in jobs for key in job.keys}
    exists = {key: _exists(s3, settings.reports_bucket, key) for key in keys}
    return missing(plans, jobs, exists, created=created, now=now)


def _created(backup: BackupClient) -> dict[str, datetime.datetime]:
    """Every report plan of the account and Region, with when it was created."""
    page = backup.list_report_plans()
    found = page["ReportPlans"]
    while "NextToken" in page:
        page = backup.list_report_plans(NextToken=page["NextToken"])
        found += page["ReportPlans"]
    return {
        plan["ReportPlanName"]: plan["CreationTime"]
        for plan in found
        if "ReportPlanName" in plan and "CreationTime" in plan
    }


def _jobs(backup: BackupClient, plan: str, since: datetime.datetime) -> Iterator[ReportJob]:
    page = backup.list_report_jobs(ByReportPlanName=plan, ByCreationAfter=since)
    found = page["ReportJobs"]
    while "NextToken" in page:
        page = backup.list_report_jobs(
            ByReportPlanName=plan, ByCreationAfter=since, NextToken=page["NextToken"]
        )
        found += page["ReportJobs"]
    for job in sorted(found, key=lambda job: job.get("CreationTime", since)):
        yield ReportJob(
            plan=plan,
            status=job.get("Status", ""),
            message=job.get("StatusMessage", ""),
            keys=job.get("ReportDestination", {}).get("S3Keys", []),
        )


def _exists(s3: S3Client, bucket: str, key: str) -> bool:
    """AWS's guide leaves open whether ListReportJobs URL-encodes keys."""
    for spelt in {key, unquote_plus(key)}:
        try:
            s3.head_object(Bucket=bucket, Key=spelt)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "404":
                raise
        else:
            return True
    return False


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, str]:
    del event, context
    settings = environment.read(Environment, os.environ)
    now = datetime.datetime.now(datetime.UTC)
    found = watch(settings, boto3.client("backup"), boto3.client("s3"), now)
    for plan, reason in found.items():
        logger.error("no report arrived", plan=plan, reason=reason)
    metrics.add_metric(name="MissingReports", unit=MetricUnit.Count, value=len(found))
    return found
