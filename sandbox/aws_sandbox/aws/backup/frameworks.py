"""Audit Manager's frameworks and their controls."""

from collections.abc import Iterator, Mapping
from typing import Any

from aws_sandbox.aws.backup.backend import Document
from aws_sandbox.aws.backup.errors import already_exists, invalid, not_found, over_limit, refused
from aws_sandbox.aws.backup.paging import page
from aws_sandbox.aws.backup.scope import Operation, Params, Scope
from aws_sandbox.aws.backup.service_roles import provide_reports_role

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


def find_framework(scope: Scope, name: str) -> Document:
    """The framework of that name; ResourceNotFoundException when there is none."""
    framework = scope.backend.frameworks.get(name)
    if framework is None:
        raise not_found(f"Framework {name} does not exist.")
    return framework


def create_framework(scope: Scope, params: Params) -> Mapping[str, Any]:
    backend, name = scope.backend, params["FrameworkName"]
    if name in backend.frameworks:
        raise already_exists(f"Framework {name} already exists.")
    if len(backend.frameworks) >= FRAMEWORKS_PER_REGION:
        raise over_limit(f"There are {FRAMEWORKS_PER_REGION} frameworks in this Region already.")
    _check_controls(scope, name, params["FrameworkControls"])
    provide_reports_role(scope)
    framework: Document = {
        "FrameworkName": name,
        "FrameworkArn": backend.arn("framework", f"{name}-{scope.uuid()}"),
        "FrameworkDescription": params.get("FrameworkDescription"),
        "FrameworkControls": params["FrameworkControls"],
        "CreationTime": scope.now(),
        "DeploymentStatus": "COMPLETED",
        "FrameworkStatus": "ACTIVE",
        "IdempotencyToken": params.get("IdempotencyToken"),
    }
    backend.frameworks[name] = framework
    backend.tag_resource(framework["FrameworkArn"], params.get("FrameworkTags") or {})
    return framework


def describe_framework(scope: Scope, params: Params) -> Mapping[str, Any]:
    return find_framework(scope, params["FrameworkName"])


def update_framework(scope: Scope, params: Params) -> Mapping[str, Any]:
    framework = find_framework(scope, params["FrameworkName"])
    if params.get("FrameworkControls") is not None:
        _check_controls(scope, params["FrameworkName"], params["FrameworkControls"])
    for member in ("FrameworkDescription", "FrameworkControls", "IdempotencyToken"):
        if params.get(member) is not None:
            framework[member] = params[member]
    return framework


def delete_framework(scope: Scope, params: Params) -> None:
    framework = find_framework(scope, params["FrameworkName"])
    for plan in scope.backend.report_plan_documents.values():
        if framework["FrameworkArn"] in (plan["ReportSetting"].get("FrameworkArns") or []):
            raise refused(f"Report plan {plan['ReportPlanName']} still uses the framework.")
    del scope.backend.frameworks[params["FrameworkName"]]
    scope.backend.tagger.delete_all_tags_for_resource(framework["FrameworkArn"])


def list_frameworks(scope: Scope, params: Params) -> Mapping[str, Any]:
    listed = [
        {**framework, "NumberOfControls": len(framework["FrameworkControls"])}
        for framework in scope.backend.frameworks.values()
    ]
    return page(params, "Frameworks", listed)


def _check_controls(scope: Scope, name: str, controls: list[Mapping[str, Any]]) -> None:
    problems = list(_problems(controls))
    if problems:
        raise invalid("; ".join(problems))
    others = sum(
        len(framework["FrameworkControls"])
        for other, framework in scope.backend.frameworks.items()
        if other != name
    )
    if others + len(controls) > CONTROLS_PER_REGION:
        raise over_limit(
            f"{others + len(controls)} controls in this Region: the limit is {CONTROLS_PER_REGION}."
        )


def _problems(controls: list[Mapping[str, Any]]) -> Iterator[str]:
    if not controls:
        yield "a framework needs at least one control"
    for control in controls:
        name = control["ControlName"]
        if name not in CONTROLS:
            yield f"there is no control {name}"
            continue
        scope: Mapping[str, Any] = control.get("ControlScope") or {}
        parameters: list[Mapping[str, Any]] = control.get("ControlInputParameters") or []
        unknown = {str(entry.get("ParameterName")) for entry in parameters} - CONTROLS[name]
        if unknown:
            yield f"{name} has no parameter {', '.join(sorted(unknown))}"
        for entry in parameters:
            unit = str(entry.get("ParameterName")).endswith("Unit")
            if unit and entry.get("ParameterValue") not in _UNIT:
                yield f"{name}: {entry['ParameterName']} is one of {', '.join(_UNIT)}"
        if len(scope.get("Tags") or {}) > 1:
            yield f"{name}: a control's scope takes one tag"


OPERATIONS: Mapping[str, Operation] = {
    "CreateFramework": create_framework,
    "DescribeFramework": describe_framework,
    "UpdateFramework": update_framework,
    "DeleteFramework": delete_framework,
    "ListFrameworks": list_frameworks,
}
