"""Whether reports arrive, and report plans that stand already deliver to where theirs are looked
for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import unquote_plus

from fleet.doctor.coverage import plan_name, plans_of
from fleet.doctor.findings import Answer, Finding, State, finding, ill, looked_up, not_yet
from fleet.doctor.stack_account import StackAccount, listed
from fleet.rows import ago
from stacks import names
from stacks.report_settings import Reports

_A_DAY = timedelta(hours=28)
"""AWS Backup makes a plan's report once a day between 1 and 5 AM UTC: two may be so far apart.
https://docs.aws.amazon.com/aws-backup/latest/devguide/choosing-report-template.html"""


def deliveries(here: StackAccount, reports: Reports) -> Iterator[Finding]:
    """Of the plans with `existing: true`: the rule and the lake go by bucket and prefix as they are
    set, so that reports elsewhere start nothing. Then, of each plan, whether a report came."""
    for template in reports.plans:
        if _is_theirs(reports, template):
            look = partial(_delivery, here, reports, template)
            yield looked_up(f"where {plan_name(here, reports, template)} delivers", look)
    plans = {each: plans_of(here, reports, each) for each in names.report_templates(reports)}
    if reports.scope == "account":  # of more accounts, coverage tells it
        missing = [t for t, found in plans.items() if not found and not _is_theirs(reports, t)]
        if missing:
            told = here.not_there(f"there is none of {', '.join(missing)}")
            yield finding("the report plans", told)
    for found in plans.values():
        for plan in found:
            about = f"the latest report of {plan['ReportPlanName']}"
            yield looked_up(about, partial(_latest, here, plan))


def reports_late(here: StackAccount) -> list[str] | None:
    """Report plans of the stack's of which no report came in the last day, as they are not there or
    do not deliver; None: it has no reports. Raises what boto3 raises."""
    reports = here.settings.reports
    return None if reports is None else [*_late(here, reports)]


def _late(here: StackAccount, reports: Reports) -> Iterator[str]:
    for template in names.report_templates(reports):
        plans = plans_of(here, reports, template)
        if not plans:
            yield plan_name(here, reports, template)
        for plan in plans:
            if _is_ill(_latest(here, plan)):
                yield plan["ReportPlanName"]


def _is_theirs(reports: Reports, template: str) -> bool:
    plan = reports.plans.get(template)
    return plan is not None and plan.existing


def _is_ill(answer: Answer | str) -> bool:
    return isinstance(answer, Answer) and answer.state is State.CURE


def _latest(here: StackAccount, plan: Mapping[str, Any]) -> Answer | str:
    name, since = plan["ReportPlanName"], here.now - _A_DAY
    start = here.aws("backup", "start-report-job", "--report-plan-name", name)
    backup = here.session.client("backup")
    asked: Mapping[str, Any] = {"ByReportPlanName": name, "ByCreationAfter": since}
    jobs = sorted(
        listed(backup.list_report_jobs, "ReportJobs", **asked), key=lambda job: job["CreationTime"]
    )
    completed = [job for job in jobs if job["Status"] == "COMPLETED"]
    if completed:
        return _files(here, completed[-1], start)
    failed = [job for job in jobs if job["Status"] == "FAILED"]
    if failed:
        why = failed[-1].get("StatusMessage", "AWS Backup says no reason")
        return ill(f"failed {_ago(here, failed[-1])} ago: {why}", "see to that, then:", start)
    if jobs:
        return not_yet("is being made")
    if plan["CreationTime"] > since:
        return not_yet(
            f"none yet: the plan is {ago(plan['CreationTime'], here.now)} old",
            "the first comes between 1 and 5 AM UTC; at once:",
            start,
        )
    found = f"none came in the last {_A_DAY.total_seconds() / 3600:.0f} hours"
    return ill(found, "a report on demand says why:", start)


def _files(here: StackAccount, job: Mapping[str, Any], start: str) -> Answer | str:
    """What the job says that it delivered must lie in the bucket still; a key may be encoded as in
    a URL."""
    place = job["ReportDestination"]
    bucket, keys = place["S3BucketName"], place.get("S3Keys", [])
    for key in keys[:1]:
        if not any(_lies(here, bucket, each) for each in (key, unquote_plus(key))):
            return ill(f"s3://{bucket}/{key} was delivered and is not there", "", start)
    files = "1 file" if len(keys) == 1 else f"{len(keys)} files"
    return f"came {_ago(here, job)} ago, {files} in s3://{bucket}"


def _lies(here: StackAccount, bucket: str, key: str) -> bool:
    s3 = here.session.client("s3")
    return bool(s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("KeyCount"))


def _ago(here: StackAccount, job: Mapping[str, Any]) -> str:
    moment: datetime = job.get("CompletionTime") or job["CreationTime"]
    return ago(moment, here.now)


def _delivery(here: StackAccount, reports: Reports, template: str) -> Answer | str:
    plan = reports.plans[template]
    assert plan is not None
    found = {each["ReportPlanName"]: each for each in here.report_plans}.get(plan.name or "")
    if found is None:
        return ill(
            f"there is no such plan in {here.settings.region}",
            f"write its name, reports.plans.{template}.name, or leave out existing",
        )
    channel: Mapping[str, Any] = found["ReportDeliveryChannel"]
    bucket, prefix = channel["S3BucketName"], channel.get("S3KeyPrefix", "").strip("/")
    cures: list[str] = []
    if bucket != names.reports_bucket(here.settings, reports):
        cures.append(f"set reports.bucket.name: {bucket} and existing: true")
    if prefix != (plan.prefix or ""):
        setting = f"reports.plans.{template}.prefix"
        cures.append(f"set {setting}: {prefix}" if prefix else f"leave out {setting}")
    if channel.get("Formats", ["CSV"]) != ["CSV"]:
        cures.append("let it deliver CSV alone: Athena would read whatever else is in its folders")
    where = f"s3://{bucket}/{prefix}"
    return ill(where, "; ".join(cures)) if cures else where
