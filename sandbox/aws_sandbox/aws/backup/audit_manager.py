"""AWS Backup Audit Manager: frameworks with their controls, report plans and report jobs."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.backup.api import (
    REPORTS_SERVICE,
    BackupApi,
    Operation,
    Params,
    already_exists,
    invalid,
    not_found,
    over_limit,
    page,
    provide_linked_role,
    refused,
)
from aws_sandbox.aws.backup.state import Document
from aws_sandbox.aws.context import Services
from aws_sandbox.aws.membership import organization_backend

FRAMEWORKS_PER_REGION = 15
CONTROLS_PER_REGION = 50
_UNIT = ("hours", "days")
CONTROLS: Mapping[str, frozenset[str]] = {
    "BACKUP_RESOURCES_PROTECTED_BY_BACKUP_PLAN": frozenset(),
    "BACKUP_PLAN_MIN_FREQUENCY_AND_MIN_RETENTION_CHECK": frozenset(
        {"requiredFrequencyUnit", "requiredFrequencyValue", "requiredRetentionDays"}
    ),
    "BACKUP_RECOVERY_POINT_MANUAL_DELETION_DISABLED": frozenset({"principalArnList"}),
    "BACKUP_RECOVERY_POINT_ENCRYPTED": frozenset(),
    "BACKUP_RECOVERY_POINT_MINIMUM_RETENTION_CHECK": frozenset({"requiredRetentionDays"}),
    "BACKUP_RESOURCES_PROTECTED_BY_CROSS_REGION": frozenset({"crossRegionList"}),
    "BACKUP_RESOURCES_PROTECTED_BY_CROSS_ACCOUNT": frozenset({"crossAccountList"}),
    "BACKUP_RESOURCES_PROTECTED_BY_BACKUP_VAULT_LOCK": frozenset(
        {"minRetentionDays", "maxRetentionDays"}
    ),
    "BACKUP_LAST_RECOVERY_POINT_CREATED": frozenset(
        {"recoveryPointAgeUnit", "recoveryPointAgeValue"}
    ),
    "RESTORE_TIME_FOR_RESOURCES_MEET_TARGET": frozenset({"maxRestoreTime"}),
    "RESOURCES_IN_LOGICALLY_AIR_GAPPED_VAULT": frozenset(
        {"recoveryPointAgeUnit", "recoveryPointAgeValue"}
    ),
}
"""Control → its parameters (AWS Backup Developer Guide, "AWS Backup Audit Manager controls")."""


def find_framework(api: BackupApi, name: str) -> Document:
    """The framework of that name; ResourceNotFoundException when there is none."""
    framework = api.backend.frameworks.get(name)
    if framework is None:
        raise not_found(f"Framework {name} does not exist.")
    return framework


def create_framework(api: BackupApi, params: Params) -> Mapping[str, Any]:
    backend, name = api.backend, params["FrameworkName"]
    if name in backend.frameworks:
        raise already_exists(f"Framework {name} already exists.")
    if len(backend.frameworks) >= FRAMEWORKS_PER_REGION:
        raise over_limit(f"There are {FRAMEWORKS_PER_REGION} frameworks in this Region already.")
    _check_controls(api, name, params["FrameworkControls"])
    provide_linked_role(api, REPORTS_SERVICE)
    framework: Document = {
        "FrameworkName": name,
        "FrameworkArn": backend.arn("framework", f"{name}-{api.uuid()}"),
        "FrameworkDescription": params.get("FrameworkDescription"),
        "FrameworkControls": params["FrameworkControls"],
        "CreationTime": api.now(),
        "DeploymentStatus": "COMPLETED",
        "FrameworkStatus": "ACTIVE",
        "IdempotencyToken": params.get("IdempotencyToken"),
    }
    backend.frameworks[name] = framework
    backend.tag_resource(framework["FrameworkArn"], params.get("FrameworkTags") or {})
    return framework


def describe_framework(api: BackupApi, params: Params) -> Mapping[str, Any]:
    return find_framework(api, params["FrameworkName"])


def list_frameworks(api: BackupApi, params: Params) -> Mapping[str, Any]:
    return page(params, "Frameworks", list(api.backend.frameworks.values()))


def update_framework(api: BackupApi, params: Params) -> Mapping[str, Any]:
    framework = find_framework(api, params["FrameworkName"])
    if params.get("FrameworkControls") is not None:
        _check_controls(api, params["FrameworkName"], params["FrameworkControls"])
    for member in ("FrameworkDescription", "FrameworkControls", "IdempotencyToken"):
        if params.get(member) is not None:
            framework[member] = params[member]
    return framework


def delete_framework(api: BackupApi, params: Params) -> None:
    framework = find_framework(api, params["FrameworkName"])
    for plan in api.backend.report_plan_documents.values():
        if framework["FrameworkArn"] in (plan["ReportSetting"].get("FrameworkArns") or []):
            raise refused(f"Report plan {plan['ReportPlanName']} still uses the framework.")
    del api.backend.frameworks[params["FrameworkName"]]
    api.backend.tagger.delete_all_tags_for_resource(framework["FrameworkArn"])


def _check_controls(api: BackupApi, name: str, controls: list[Mapping[str, Any]]) -> None:
    problems = list(_control_problems(controls))
    if problems:
        raise invalid("; ".join(problems))
    others = sum(
        len(framework["FrameworkControls"])
        for other, framework in api.backend.frameworks.items()
        if other != name
    )
    if others + len(controls) > CONTROLS_PER_REGION:
        raise over_limit(
            f"{others + len(controls)} controls in this Region: the limit is {CONTROLS_PER_REGION}."
        )


def _control_problems(controls: list[Mapping[str, Any]]) -> Iterator[str]:
    if not controls:
        yield "a framework needs at least one control"
    for control in controls:
        name = control["ControlName"]
        if name not in CONTROLS:
            yield f"there is no control {name}"
            continue
        api: Mapping[str, Any] = control.get("ControlScope") or {}
        parameters: list[Mapping[str, Any]] = control.get("ControlInputParameters") or []
        unknown = {str(entry.get("ParameterName")) for entry in parameters} - CONTROLS[name]
        if unknown:
            yield f"{name} has no parameter {', '.join(sorted(unknown))}"
        for entry in parameters:
            unit = str(entry.get("ParameterName")).endswith("Unit")
            if unit and entry.get("ParameterValue") not in _UNIT:
                yield f"{name}: {entry['ParameterName']} is one of {', '.join(_UNIT)}"
        if len(api.get("Tags") or {}) > 1:
            yield f"{name}: a control's api takes one tag"


REPORT_PLANS_PER_ACCOUNT = 20
COMPLIANCE_TEMPLATES = ("RESOURCE_COMPLIANCE_REPORT", "CONTROL_COMPLIANCE_REPORT")
TEMPLATES = (
    *COMPLIANCE_TEMPLATES,
    "BACKUP_JOB_REPORT",
    "COPY_JOB_REPORT",
    "RESTORE_JOB_REPORT",
    "SCAN_JOB_REPORT",
)
_FORMATS = ("CSV", "JSON")
_BACKUP = "backup.amazonaws.com"


def find_report_plan(api: BackupApi, name: str) -> Document:
    """The report plan of that name; ResourceNotFoundException when there is none."""
    plan = api.backend.report_plan_documents.get(name)
    if plan is None:
        raise not_found(f"Report plan {name} does not exist.")
    return plan


def is_organization_wide(setting: Mapping[str, Any]) -> bool:
    """Whether a report covers other accounts than the plan's own."""
    return bool(setting.get("Accounts") or setting.get("OrganizationUnits"))


def create_report_plan(api: BackupApi, params: Params) -> Mapping[str, Any]:
    backend, name = api.backend, params["ReportPlanName"]
    if name in backend.report_plan_documents:
        raise already_exists(f"Report plan {name} already exists.")
    if _plans_of_account(api) >= REPORT_PLANS_PER_ACCOUNT:
        raise over_limit(f"The account has {REPORT_PLANS_PER_ACCOUNT} report plans already.")
    _check_report(api, params["ReportSetting"], params["ReportDeliveryChannel"])
    provide_linked_role(api, REPORTS_SERVICE)
    plan: Document = {
        "ReportPlanName": name,
        "ReportPlanArn": backend.arn("report-plan", f"{name}-{api.uuid()}"),
        "ReportPlanDescription": params.get("ReportPlanDescription"),
        "ReportSetting": params["ReportSetting"],
        "ReportDeliveryChannel": _channel(params["ReportDeliveryChannel"]),
        "DeploymentStatus": "COMPLETED",
        "CreationTime": api.now(),
    }
    backend.report_plan_documents[name] = plan
    backend.tag_resource(plan["ReportPlanArn"], params.get("ReportPlanTags") or {})
    return plan


def describe_report_plan(api: BackupApi, params: Params) -> Mapping[str, Any]:
    return {"ReportPlan": find_report_plan(api, params["ReportPlanName"])}


def update_report_plan(api: BackupApi, params: Params) -> Mapping[str, Any]:
    plan = find_report_plan(api, params["ReportPlanName"])
    setting = params.get("ReportSetting") or plan["ReportSetting"]
    channel = params.get("ReportDeliveryChannel") or plan["ReportDeliveryChannel"]
    _check_report(api, setting, channel)
    plan["ReportSetting"], plan["ReportDeliveryChannel"] = setting, _channel(channel)
    if params.get("ReportPlanDescription") is not None:
        plan["ReportPlanDescription"] = params["ReportPlanDescription"]
    return plan


def delete_report_plan(api: BackupApi, params: Params) -> None:
    plan = find_report_plan(api, params["ReportPlanName"])
    del api.backend.report_plan_documents[params["ReportPlanName"]]
    api.backend.tagger.delete_all_tags_for_resource(plan["ReportPlanArn"])


def list_report_plans(api: BackupApi, params: Params) -> Mapping[str, Any]:
    return page(params, "ReportPlans", list(api.backend.report_plan_documents.values()))


def _plans_of_account(api: BackupApi) -> int:
    """The quota holds for an account, over all its Regions."""
    return sum(len(backend.report_plan_documents) for backend in api.all_regions())


def _channel(channel: Mapping[str, Any]) -> Document:
    """CSV when no format is given."""
    return {**channel, "Formats": channel.get("Formats") or ["CSV"]}


def _check_report(api: BackupApi, setting: Mapping[str, Any], channel: Mapping[str, Any]) -> None:
    problems = [
        *_setting_problems(api, setting),
        *_channel_problems(api, setting, channel),
    ]
    if problems:
        raise invalid("; ".join(problems))


def _setting_problems(api: BackupApi, setting: Mapping[str, Any]) -> Iterator[str]:
    template = setting["ReportTemplate"]
    if template not in TEMPLATES:
        yield f"ReportTemplate {template} is none of {', '.join(TEMPLATES)}"
    frameworks = bool(setting.get("FrameworkArns") or setting.get("NumberOfFrameworks"))
    if is_organization_wide(setting):
        if frameworks:
            yield (
                "FrameworkArns and NumberOfFrameworks are not for this report: For multi-account, "
                "multi-Region reports, use Accounts, OrganizationUnits and Regions"
            )
        yield from _organization_problems(api, setting)
    elif frameworks and template not in COMPLIANCE_TEMPLATES:
        yield f"{template} takes no frameworks"
    regions: Sequence[str] = setting.get("Regions") or []
    if "*" in regions and len(regions) > 1:
        yield "Regions is either * or a list of Regions"


def _organization_problems(api: BackupApi, setting: Mapping[str, Any]) -> Iterator[str]:
    units: Sequence[str] = setting.get("OrganizationUnits") or []
    for unit in units:
        if not unit.startswith("ou-"):
            yield f"OrganizationUnits: {unit!r} is no OU's id; for the root use Accounts ['ROOT']"
    if not setting.get("Regions"):
        yield "a report over several accounts needs Regions"
    organization = organization_backend(api.account)
    if organization is None:
        yield f"account {api.account} is in no organization"
        return
    delegated = {admin.account.id for admin in organization.admins if _BACKUP in admin.services}
    if api.account not in {organization.account_id, *delegated}:
        yield (
            "only the management account and a delegated administrator for AWS Backup report on "
            f"other accounts, not {api.account}"
        )
    known = {account.id for account in organization.accounts}
    accounts: Sequence[str] = setting.get("Accounts") or []
    for account in accounts:
        if account != "ROOT" and account not in known:
            yield f"Accounts: {account!r} is no account of the organization"


def _channel_problems(
    api: BackupApi, setting: Mapping[str, Any], channel: Mapping[str, Any]
) -> Iterator[str]:
    formats: Sequence[str] = channel.get("Formats") or []
    for name in formats:
        if name not in _FORMATS:
            yield f"Formats: {name!r} is neither CSV nor JSON"
    several: set[str] = set(setting.get("Regions") or []) - {api.region}
    if (is_organization_wide(setting) or several) and "JSON" in formats:
        yield "Organization report only support CSV file"


_STATUSES = ("CREATED", "RUNNING", "COMPLETED", "FAILED")


def start_report_job(api: BackupApi, params: Params) -> Mapping[str, Any]:
    plan = find_report_plan(api, params["ReportPlanName"])
    token = params.get("IdempotencyToken")
    for job in api.backend.report_jobs.values():
        if token and job["IdempotencyToken"] == token:
            return job
    job_id = api.uuid()
    job = {
        "ReportJobId": job_id,
        "ReportPlanArn": plan["ReportPlanArn"],
        "ReportPlanName": plan["ReportPlanName"],
        "ReportTemplate": plan["ReportSetting"]["ReportTemplate"],
        "CreationTime": api.now(),
        "Status": "CREATED",
        "IdempotencyToken": token,
    }
    api.backend.report_jobs[job_id] = job
    plan["LastAttemptedExecutionTime"] = api.now()
    api.services.start_report(api.account, api.region, job_id)
    return job


def find_report_job(api: BackupApi, job_id: str) -> Document:
    """The report job of that id; ResourceNotFoundException when there is none."""
    job = api.backend.report_jobs.get(job_id)
    if job is None:
        raise not_found(f"Report job {job_id} does not exist.")
    return job


def record_delivery(services: Services, delivered: Mapping[str, Any], job_id: str = "") -> None:
    """Keeps what was delivered, given as DescribeReportJob gives it with times in epoch seconds.

    `job_id` names the job of StartReportJob that the delivery was made for; one that the service
    makes at night has none and becomes a job of its own.
    """
    arn = Arn.parse(delivered["ReportPlanArn"])
    api = BackupApi(account=arn.account, region=arn.region, services=services)
    backend = api.backend
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


def describe_report_job(api: BackupApi, params: Params) -> Mapping[str, Any]:
    return {"ReportJob": find_report_job(api, params["ReportJobId"])}


def list_report_jobs(api: BackupApi, params: Params) -> Mapping[str, Any]:
    status = params.get("ByStatus")
    if status not in (None, *_STATUSES):
        raise invalid(f"ByStatus is one of {', '.join(_STATUSES)}, not {status!r}")
    before, after = params.get("ByCreationBefore"), params.get("ByCreationAfter")
    jobs = [
        job
        for job in api.backend.report_jobs.values()
        if params.get("ByReportPlanName") in (None, job["ReportPlanName"])
        and status in (None, job["Status"])
        and (before is None or job["CreationTime"] < before)
        and (after is None or job["CreationTime"] > after)
    ]
    return page(params, "ReportJobs", jobs)


OPERATIONS: Mapping[str, Operation] = {
    "CreateFramework": create_framework,
    "DescribeFramework": describe_framework,
    "ListFrameworks": list_frameworks,
    "UpdateFramework": update_framework,
    "DeleteFramework": delete_framework,
    "CreateReportPlan": create_report_plan,
    "DescribeReportPlan": describe_report_plan,
    "UpdateReportPlan": update_report_plan,
    "DeleteReportPlan": delete_report_plan,
    "ListReportPlans": list_report_plans,
    "StartReportJob": start_report_job,
    "DescribeReportJob": describe_report_job,
    "ListReportJobs": list_report_jobs,
}
