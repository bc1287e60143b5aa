"""Report jobs: one delivery of a report plan, started here and finished by who delivers it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.backup.backend import Document
from aws_sandbox.aws.backup.errors import invalid, not_found
from aws_sandbox.aws.backup.paging import page
from aws_sandbox.aws.backup.report_plans import find_report_plan
from aws_sandbox.aws.backup.scope import Operation, Params, Scope
from aws_sandbox.aws.context import Services

_STATUSES = ("CREATED", "RUNNING", "COMPLETED", "FAILED")


def start_report_job(scope: Scope, params: Params) -> Mapping[str, Any]:
    plan = find_report_plan(scope, params["ReportPlanName"])
    token = params.get("IdempotencyToken")
    for job in scope.backend.report_jobs.values():
        if token and job["IdempotencyToken"] == token:
            return job
    job_id = scope.uuid()
    job = {
        "ReportJobId": job_id,
        "ReportPlanArn": plan["ReportPlanArn"],
        "ReportPlanName": plan["ReportPlanName"],
        "ReportTemplate": plan["ReportSetting"]["ReportTemplate"],
        "CreationTime": scope.now(),
        "Status": "CREATED",
        "IdempotencyToken": token,
    }
    scope.backend.report_jobs[job_id] = job
    plan["LastAttemptedExecutionTime"] = scope.now()
    scope.services.start_report(scope.account, scope.region, job_id)
    return job


def find_report_job(scope: Scope, job_id: str) -> Document:
    """The report job of that id; ResourceNotFoundException when there is none."""
    job = scope.backend.report_jobs.get(job_id)
    if job is None:
        raise not_found(f"Report job {job_id} does not exist.")
    return job


def record_delivery(services: Services, delivered: Mapping[str, Any], job_id: str = "") -> None:
    """Keeps what was delivered, given as DescribeReportJob gives it with times in epoch seconds.

    `job_id` names the job of StartReportJob that the delivery was made for; one that the service
    makes at night has none and becomes a job of its own.
    """
    arn = Arn.parse(delivered["ReportPlanArn"])
    scope = Scope(account=arn.account, region=arn.region, services=services)
    backend = scope.backend
    plan = next(
        plan
        for plan in backend.report_plan_documents.values()
        if plan["ReportPlanArn"] == delivered["ReportPlanArn"]
    )
    created, completed = _moment(delivered["CreationTime"]), _moment(delivered["CompletionTime"])
    job: Document = {
        "ReportPlanName": plan["ReportPlanName"],
        "IdempotencyToken": None,
        **delivered,
        **backend.report_jobs.get(job_id, {"CreationTime": created}),
        "ReportJobId": job_id or delivered["ReportJobId"],
        "CompletionTime": completed,
        "Status": delivered["Status"],
    }
    backend.report_jobs[job["ReportJobId"]] = job
    plan["LastAttemptedExecutionTime"] = created
    if job["Status"] == "COMPLETED":
        plan["LastSuccessfulExecutionTime"] = completed


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


def describe_report_job(scope: Scope, params: Params) -> Mapping[str, Any]:
    return {"ReportJob": find_report_job(scope, params["ReportJobId"])}


def list_report_jobs(scope: Scope, params: Params) -> Mapping[str, Any]:
    status = params.get("ByStatus")
    if status not in (None, *_STATUSES):
        raise invalid(f"ByStatus is one of {', '.join(_STATUSES)}, not {status!r}")
    before, after = params.get("ByCreationBefore"), params.get("ByCreationAfter")
    jobs = [
        job
        for job in scope.backend.report_jobs.values()
        if params.get("ByReportPlanName") in (None, job["ReportPlanName"])
        and status in (None, job["Status"])
        and (before is None or job["CreationTime"] < before)
        and (after is None or job["CreationTime"] > after)
    ]
    return page(params, "ReportJobs", jobs)


OPERATIONS: Mapping[str, Operation] = {
    "StartReportJob": start_report_job,
    "DescribeReportJob": describe_report_job,
    "ListReportJobs": list_report_jobs,
}
