"""Audit Manager's report plans, with what AWS refuses of their scope."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aws_sandbox.aws.backup.backend import Document
from aws_sandbox.aws.backup.errors import already_exists, invalid, not_found, over_limit
from aws_sandbox.aws.backup.paging import page
from aws_sandbox.aws.backup.scope import Operation, Params, Scope
from aws_sandbox.aws.backup.service_roles import provide_reports_role
from aws_sandbox.aws.directory import organization_backend

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


def find_report_plan(scope: Scope, name: str) -> Document:
    """The report plan of that name; ResourceNotFoundException when there is none."""
    plan = scope.backend.report_plan_documents.get(name)
    if plan is None:
        raise not_found(f"Report plan {name} does not exist.")
    return plan


def is_organization_wide(setting: Mapping[str, Any]) -> bool:
    """Whether a report covers other accounts than the plan's own."""
    return bool(setting.get("Accounts") or setting.get("OrganizationUnits"))


def create_report_plan(scope: Scope, params: Params) -> Mapping[str, Any]:
    backend, name = scope.backend, params["ReportPlanName"]
    if name in backend.report_plan_documents:
        raise already_exists(f"Report plan {name} already exists.")
    if _plans_of_account(scope) >= REPORT_PLANS_PER_ACCOUNT:
        raise over_limit(f"The account has {REPORT_PLANS_PER_ACCOUNT} report plans already.")
    _check(scope, params["ReportSetting"], params["ReportDeliveryChannel"])
    provide_reports_role(scope)
    plan: Document = {
        "ReportPlanName": name,
        "ReportPlanArn": backend.arn("report-plan", f"{name}-{scope.uuid()}"),
        "ReportPlanDescription": params.get("ReportPlanDescription"),
        "ReportSetting": params["ReportSetting"],
        "ReportDeliveryChannel": _channel(params["ReportDeliveryChannel"]),
        "DeploymentStatus": "COMPLETED",
        "CreationTime": scope.now(),
    }
    backend.report_plan_documents[name] = plan
    backend.tag_resource(plan["ReportPlanArn"], params.get("ReportPlanTags") or {})
    return plan


def describe_report_plan(scope: Scope, params: Params) -> Mapping[str, Any]:
    return {"ReportPlan": find_report_plan(scope, params["ReportPlanName"])}


def update_report_plan(scope: Scope, params: Params) -> Mapping[str, Any]:
    plan = find_report_plan(scope, params["ReportPlanName"])
    setting = params.get("ReportSetting") or plan["ReportSetting"]
    channel = params.get("ReportDeliveryChannel") or plan["ReportDeliveryChannel"]
    _check(scope, setting, channel)
    plan["ReportSetting"], plan["ReportDeliveryChannel"] = setting, _channel(channel)
    if params.get("ReportPlanDescription") is not None:
        plan["ReportPlanDescription"] = params["ReportPlanDescription"]
    return plan


def delete_report_plan(scope: Scope, params: Params) -> None:
    plan = find_report_plan(scope, params["ReportPlanName"])
    del scope.backend.report_plan_documents[params["ReportPlanName"]]
    scope.backend.tagger.delete_all_tags_for_resource(plan["ReportPlanArn"])


def list_report_plans(scope: Scope, params: Params) -> Mapping[str, Any]:
    return page(params, "ReportPlans", list(scope.backend.report_plan_documents.values()))


def _plans_of_account(scope: Scope) -> int:
    """The quota holds for an account, over all its Regions."""
    return sum(len(backend.report_plan_documents) for backend in scope.all_regions())


def _channel(channel: Mapping[str, Any]) -> Document:
    """CSV when no format is given."""
    return {**channel, "Formats": channel.get("Formats") or ["CSV"]}


def _check(scope: Scope, setting: Mapping[str, Any], channel: Mapping[str, Any]) -> None:
    problems = [
        *_setting_problems(scope, setting),
        *_channel_problems(scope, setting, channel),
    ]
    if problems:
        raise invalid("; ".join(problems))


def _setting_problems(scope: Scope, setting: Mapping[str, Any]) -> Iterator[str]:
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
        yield from _organization_problems(scope, setting)
    elif frameworks and template not in COMPLIANCE_TEMPLATES:
        yield f"{template} takes no frameworks"
    regions: Sequence[str] = setting.get("Regions") or []
    if "*" in regions and len(regions) > 1:
        yield "Regions is either * or a list of Regions"


def _organization_problems(scope: Scope, setting: Mapping[str, Any]) -> Iterator[str]:
    units: Sequence[str] = setting.get("OrganizationUnits") or []
    for unit in units:
        if not unit.startswith("ou-"):
            yield f"OrganizationUnits: {unit!r} is no OU's id; for the root use Accounts ['ROOT']"
    if not setting.get("Regions"):
        yield "a report over several accounts needs Regions"
    organization = organization_backend(scope.account)
    if organization is None:
        yield f"account {scope.account} is in no organization"
        return
    delegated = {admin.account.id for admin in organization.admins if _BACKUP in admin.services}
    if scope.account not in {organization.account_id, *delegated}:
        yield (
            "only the management account and a delegated administrator for AWS Backup report on "
            f"other accounts, not {scope.account}"
        )
    known = {account.id for account in organization.accounts}
    accounts: Sequence[str] = setting.get("Accounts") or []
    for account in accounts:
        if account != "ROOT" and account not in known:
            yield f"Accounts: {account!r} is no account of the organization"


def _channel_problems(
    scope: Scope, setting: Mapping[str, Any], channel: Mapping[str, Any]
) -> Iterator[str]:
    formats: Sequence[str] = channel.get("Formats") or []
    for name in formats:
        if name not in _FORMATS:
            yield f"Formats: {name!r} is neither CSV nor JSON"
    several: set[str] = set(setting.get("Regions") or []) - {scope.region}
    if (is_organization_wide(setting) or several) and "JSON" in formats:
        yield "Organization report only support CSV file"


OPERATIONS: Mapping[str, Operation] = {
    "CreateReportPlan": create_report_plan,
    "DescribeReportPlan": describe_report_plan,
    "UpdateReportPlan": update_report_plan,
    "DeleteReportPlan": delete_report_plan,
    "ListReportPlans": list_report_plans,
}
