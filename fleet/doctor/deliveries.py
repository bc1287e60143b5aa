"""Whether report plans that stand already deliver to where their reports are looked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from typing import Any

import boto3

from fleet.doctor.coverage import report_plans
from fleet.doctor.findings import Answer, Finding, looked_up
from stacks import names
from stacks.load import Settings
from stacks.report_settings import Reports


def deliveries(settings: Settings, reports: Reports, session: boto3.Session) -> Iterator[Finding]:
    """Of the plans with `existing: true`: the rule and the lake go by bucket and prefix as they are
    set, so that reports elsewhere start nothing."""
    listed = cache(lambda: {plan["ReportPlanName"]: plan for plan in report_plans(session)})
    for template, plan in reports.plans.items():
        if plan is not None and plan.existing:
            look = partial(_delivery, settings, reports, template, listed)
            yield looked_up(f"where {plan.name} delivers", look)


def _delivery(
    settings: Settings,
    reports: Reports,
    template: str,
    listed: Callable[[], Mapping[str, Mapping[str, Any]]],
) -> Answer:
    plan = reports.plans[template]
    assert plan is not None
    found = listed().get(plan.name or "")
    if found is None:
        return (
            f"there is no such plan in {settings.region}",
            f"write its name, reports.plans.{template}.name, or leave out existing",
        )
    channel: Mapping[str, Any] = found["ReportDeliveryChannel"]
    bucket, prefix = channel["S3BucketName"], channel.get("S3KeyPrefix", "").strip("/")
    cures: list[str] = []
    if bucket != names.reports_bucket(settings, reports):
        cures.append(f"set reports.bucket.name: {bucket} and existing: true")
    if prefix != (plan.prefix or ""):
        setting = f"reports.plans.{template}.prefix"
        cures.append(f"set {setting}: {prefix}" if prefix else f"leave out {setting}")
    if channel.get("Formats", ["CSV"]) != ["CSV"]:
        cures.append("let it deliver CSV alone: Athena would read whatever else is in its folders")
    return f"s3://{bucket}/{prefix}", "; ".join(cures)
