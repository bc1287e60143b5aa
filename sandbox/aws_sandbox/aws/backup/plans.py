"""Backup plans with their versions, and which resources they protect."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.backup import events
from aws_sandbox.aws.backup.api import (
    BackupApi,
    Operation,
    Params,
    already_exists,
    invalid,
    not_found,
    over_limit,
    page,
    refused,
)
from aws_sandbox.aws.backup.state import Document

_PLAN_NAME = re.compile(r"[a-zA-Z0-9\-_.]{1,50}")
_CRON = re.compile(r"cron\(\S+(\s+\S+){5}\)")
_COLD_STORAGE_DAYS = 90
"""What is moved to cold storage stays there at least so long."""
_CONTINUOUS_DAYS = 35
_SHORTEST_WINDOW_MINUTES = 60
"""To start in, and then to complete in."""
_SCANNER = "malware-protection.guardduty.amazonaws.com"
_DEFAULTS: Mapping[str, Any] = {
    "ScheduleExpression": "cron(0 5 ? * * *)",
    "ScheduleExpressionTimezone": "Etc/UTC",
    "StartWindowMinutes": 480,
    "CompletionWindowMinutes": 10_080,
}


def complete_plan(
    api: BackupApi, plan: Mapping[str, Any], previous: Sequence[Mapping[str, Any]] = ()
) -> Document:
    """The plan as GetBackupPlan gives it: defaults and rule ids filled in.

    A rule keeps the id that a rule of its name has in `previous`. Raises
    InvalidParameterValueException naming every problem.
    """
    problems = list(_plan_problems(api, plan))
    if problems:
        raise invalid("; ".join(problems))
    ids = {rule["RuleName"]: rule["RuleId"] for rule in previous}
    rules = [
        {**_DEFAULTS, **rule, "RuleId": ids.get(rule["RuleName"]) or api.uuid()}
        for rule in plan["Rules"]
    ]
    return {**plan, "Rules": rules}


def _plan_problems(api: BackupApi, plan: Mapping[str, Any]) -> Iterator[str]:
    if not _PLAN_NAME.fullmatch(plan["BackupPlanName"]):
        yield f"BackupPlanName {plan['BackupPlanName']!r} must match {_PLAN_NAME.pattern}"
    if not plan["Rules"]:
        yield "a plan needs at least one rule"
    names = [rule["RuleName"] for rule in plan["Rules"]]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"two rules are named {name}"
    for rule in plan["Rules"]:
        for problem in _rule_problems(api, rule):
            yield f"rule {rule['RuleName']}: {problem}"
    settings: Sequence[Mapping[str, Any]] = plan.get("AdvancedBackupSettings") or []
    for setting in settings:
        if setting["ResourceType"] != "EC2" or list(setting["BackupOptions"]) != ["WindowsVSS"]:
            yield f"AdvancedBackupSettings {setting} are not WindowsVSS of EC2"
    scans: Sequence[Mapping[str, Any]] = plan.get("ScanSettings") or []
    for scan in scans:
        check_role(api, scan["ScannerRoleArn"], _SCANNER)
    if not scans and any(rule.get("ScanActions") for rule in plan["Rules"]):
        yield "ScanActions need the plan's ScanSettings"


def _rule_problems(api: BackupApi, rule: Mapping[str, Any]) -> Iterator[str]:
    if rule["TargetBackupVaultName"] not in api.backend.vault_documents:
        yield f"backup vault {rule['TargetBackupVaultName']} does not exist"
    schedule = rule.get("ScheduleExpression")
    if schedule is not None and not _CRON.fullmatch(schedule):
        yield f"ScheduleExpression {schedule!r} is no cron(…) with six fields"
    yield from _window_problems({**_DEFAULTS, **rule})
    lifecycle: Mapping[str, Any] = rule.get("Lifecycle") or {}
    yield from lifecycle_problems(lifecycle)
    if rule.get("EnableContinuousBackup"):
        if lifecycle.get("MoveToColdStorageAfterDays") is not None:
            yield "continuous backups cannot be moved to cold storage"
        if not 1 <= (lifecycle.get("DeleteAfterDays") or 0) <= _CONTINUOUS_DAYS:
            yield f"continuous backups need DeleteAfterDays between 1 and {_CONTINUOUS_DAYS}"
    copies: Sequence[Mapping[str, Any]] = rule.get("CopyActions") or []
    for copy in copies:
        yield from _vault_arn_problems(copy["DestinationBackupVaultArn"])
        for problem in lifecycle_problems(copy.get("Lifecycle") or {}):
            yield f"copy to {copy['DestinationBackupVaultArn']}: {problem}"


def _window_problems(rule: Mapping[str, Any]) -> Iterator[str]:
    start, completion = rule["StartWindowMinutes"], rule["CompletionWindowMinutes"]
    if start < _SHORTEST_WINDOW_MINUTES:
        yield f"StartWindowMinutes must be at least {_SHORTEST_WINDOW_MINUTES}, not {start}"
    if completion < start + _SHORTEST_WINDOW_MINUTES:
        yield (
            f"CompletionWindowMinutes {completion} must be {_SHORTEST_WINDOW_MINUTES} "
            f"minutes or more after StartWindowMinutes {start}"
        )


def lifecycle_problems(lifecycle: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a lifecycle by itself."""
    delete = lifecycle.get("DeleteAfterDays")
    cold = lifecycle.get("MoveToColdStorageAfterDays")
    for name, days in (("DeleteAfterDays", delete), ("MoveToColdStorageAfterDays", cold)):
        if days is not None and days != -1 and days < 1:
            yield f"{name} must be at least 1, not {days}"
    if cold and delete and cold > 0 and 0 < delete < cold + _COLD_STORAGE_DAYS:
        yield (
            f"Invalid lifecycle: DeleteAfterDays {delete} must be at least {_COLD_STORAGE_DAYS} "
            f"days after MoveToColdStorageAfterDays {cold}"
        )


def _vault_arn_problems(text: str) -> Iterator[str]:
    try:
        arn = Arn.parse(text)
    except ValueError as error:
        yield str(error)
        return
    if arn.service != "backup" or not arn.resource.startswith("backup-vault:"):
        yield f"DestinationBackupVaultArn {text} is no backup vault's ARN"


PLANS_PER_REGION = 300


def current_plan(api: BackupApi, plan_id: str) -> Document:
    """The current version of a plan that is not deleted; ResourceNotFoundException otherwise."""
    versions = api.backend.plan_versions.get(plan_id)
    if not versions or "DeletionDate" in versions[-1]:
        raise not_found(f"Cannot find Backup plan with ID {plan_id}")
    return versions[-1]


def created_by(plan: Mapping[str, Any], rule: Mapping[str, Any]) -> Document:
    """What a job of a plan's rule tells of them."""
    return {
        "BackupPlanId": plan["BackupPlanId"],
        "BackupPlanArn": plan["BackupPlanArn"],
        "BackupPlanName": plan["BackupPlanName"],
        "BackupPlanVersion": plan["VersionId"],
        "BackupRuleId": rule["RuleId"],
        "BackupRuleName": rule["RuleName"],
        "BackupRuleCron": rule["ScheduleExpression"],
        "BackupRuleTimezone": rule["ScheduleExpressionTimezone"],
    }


def create_plan(api: BackupApi, params: Params) -> Mapping[str, Any]:
    live = live_plans(api)
    given = params["BackupPlan"]
    for existing in live:
        if existing["Given"] == given:
            raise already_exists(
                f"Backup plan with the same plan document already exists: "
                f"{existing['BackupPlanId']}"
            )
    if len(live) >= PLANS_PER_REGION:
        raise over_limit(f"There are {PLANS_PER_REGION} backup plans in this Region already.")
    plan_id = api.uuid()
    plan = _version(api, plan_id, given, complete_plan(api, given), params.get("CreatorRequestId"))
    api.backend.plan_versions[plan_id] = [plan]
    api.backend.tag_resource(plan["BackupPlanArn"], params.get("BackupPlanTags") or {})
    events.plan_changed(api, plan, "CREATED")
    return plan


def update_plan(api: BackupApi, params: Params) -> Mapping[str, Any]:
    """Adds a version, which becomes the current one."""
    previous = current_plan(api, params["BackupPlanId"])
    given = params["BackupPlan"]
    completed = complete_plan(api, given, previous["BackupPlan"]["Rules"])
    plan = _version(api, previous["BackupPlanId"], given, completed, previous["CreatorRequestId"])
    api.backend.plan_versions[previous["BackupPlanId"]].append(plan)
    events.plan_changed(api, plan, "MODIFIED")
    return plan


def _version(
    api: BackupApi, plan_id: str, given: Any, completed: Document, creator_request_id: str | None
) -> Document:
    return {
        "BackupPlanId": plan_id,
        "BackupPlanArn": api.backend.arn("backup-plan", plan_id),
        "BackupPlanName": completed["BackupPlanName"],
        "VersionId": api.version_id(),
        "CreationDate": api.now(),
        "CreatorRequestId": creator_request_id,
        "AdvancedBackupSettings": completed.get("AdvancedBackupSettings"),
        "ScanSettings": completed.get("ScanSettings"),
        "BackupPlan": completed,
        "Given": given,
    }


def get_plan(api: BackupApi, params: Params) -> Mapping[str, Any]:
    """Any version of a plan, a deleted one too, which has a DeletionDate."""
    versions = api.backend.plan_versions.get(params["BackupPlanId"], [])
    wanted = params.get("VersionId")
    for version in reversed(versions):
        if wanted in (None, version["VersionId"]):
            return version
    raise not_found(
        f"Failed reading Backup plan with provided version: {params['BackupPlanId']} {wanted or ''}"
    )


def delete_plan(api: BackupApi, params: Params) -> Mapping[str, Any]:
    plan = current_plan(api, params["BackupPlanId"])
    if api.backend.selections.get(plan["BackupPlanId"]):
        raise refused(
            "Related backup plan selections must be deleted prior to backup plan deletion."
        )
    plan["DeletionDate"] = api.now()
    api.backend.tagger.delete_all_tags_for_resource(plan["BackupPlanArn"])
    events.plan_changed(api, plan, "DELETED")
    return plan


def list_plans(api: BackupApi, params: Params) -> Mapping[str, Any]:
    versions = api.backend.plan_versions.values()
    plans = [listed[-1] for listed in versions] if params.get("IncludeDeleted") else live_plans(api)
    return page(params, "BackupPlansList", plans)


def live_plans(api: BackupApi) -> Sequence[Document]:
    current = [versions[-1] for versions in api.backend.plan_versions.values()]
    return [plan for plan in current if "DeletionDate" not in plan]


SELECTIONS_PER_PLAN = 100
_ARNS_PER_SELECTION = 500
_CONDITIONS_PER_SELECTION = 30
_TAG_KEY = "aws:ResourceTag/"


def check_role(api: BackupApi, role_arn: str, service: str = "backup.amazonaws.com") -> None:
    """AWS Backup refuses a role that it, or who scans for it, may not assume."""
    try:
        arn = Arn.parse(role_arn)
    except ValueError as error:
        raise invalid(f"IamRoleArn: {error}") from error
    decision = api.services.access.check_trust(role_arn, service, source_account=api.account)
    if arn.account != api.account or not decision.allowed:
        raise invalid(
            f"IAM Role {role_arn} cannot be assumed by {service} in account {api.account}: "
            f"{decision.reason}."
        )


def create_selection(api: BackupApi, params: Params) -> Mapping[str, Any]:
    plan = current_plan(api, params["BackupPlanId"])
    content = params["BackupSelection"]
    problems = list(_selection_problems(content))
    if problems:
        raise invalid("; ".join(problems))
    check_role(api, content["IamRoleArn"])
    selections = api.backend.selections.setdefault(plan["BackupPlanId"], {})
    if any(existing["BackupSelection"] == content for existing in selections.values()):
        raise already_exists(f"The plan has the same selection {content['SelectionName']} already.")
    if len(selections) >= SELECTIONS_PER_PLAN:
        raise over_limit(f"The plan has {SELECTIONS_PER_PLAN} selections already.")
    selection_id = api.uuid()
    selections[selection_id] = {
        "SelectionId": selection_id,
        "SelectionName": content["SelectionName"],
        "BackupPlanId": plan["BackupPlanId"],
        "IamRoleArn": content["IamRoleArn"],
        "CreationDate": api.now(),
        "CreatorRequestId": params.get("CreatorRequestId"),
        "BackupSelection": content,
    }
    return selections[selection_id]


def _selection_problems(content: Mapping[str, Any]) -> Iterator[str]:
    conditions: Mapping[str, list[Mapping[str, Any]]] = content.get("Conditions") or {}
    tags: list[Mapping[str, Any]] = content.get("ListOfTags") or []
    resources: list[str] = content.get("Resources") or []
    if not resources and not tags:
        yield "a selection needs Resources or ListOfTags; Conditions narrow Resources"
    if len(resources) > _ARNS_PER_SELECTION:
        yield f"a selection takes {_ARNS_PER_SELECTION} ARNs, not {len(resources)}"
    entries = [entry for listed in conditions.values() for entry in listed]
    if len(entries) + len(tags) > _CONDITIONS_PER_SELECTION:
        yield f"a selection takes {_CONDITIONS_PER_SELECTION} conditions on tags"
    for entry in entries:
        if not str(entry.get("ConditionKey", "")).startswith(_TAG_KEY):
            yield f"Conditions: key {entry.get('ConditionKey')!r} must begin with {_TAG_KEY}"
    excluded: list[str] = content.get("NotResources") or []
    for resource in (*resources, *excluded):
        if resource != "*" and not resource.startswith("arn:"):
            yield f"{resource!r} is neither an ARN nor *"


def get_selection(api: BackupApi, params: Params) -> Mapping[str, Any]:
    selections = api.backend.selections.get(params["BackupPlanId"], {})
    if params["SelectionId"] not in selections:
        raise not_found(
            f"Cannot find backup selection {params['SelectionId']} of plan {params['BackupPlanId']}"
        )
    return selections[params["SelectionId"]]


def delete_selection(api: BackupApi, params: Params) -> None:
    get_selection(api, params)
    del api.backend.selections[params["BackupPlanId"]][params["SelectionId"]]


def list_selections(api: BackupApi, params: Params) -> Mapping[str, Any]:
    plan_id = params["BackupPlanId"]
    current_plan(api, plan_id)
    found = list(api.backend.selections.get(plan_id, {}).values())
    return page(params, "BackupSelectionsList", found)


OPERATIONS: Mapping[str, Operation] = {
    "CreateBackupPlan": create_plan,
    "UpdateBackupPlan": update_plan,
    "GetBackupPlan": get_plan,
    "DeleteBackupPlan": delete_plan,
    "ListBackupPlans": list_plans,
    "CreateBackupSelection": create_selection,
    "GetBackupSelection": get_selection,
    "DeleteBackupSelection": delete_selection,
    "ListBackupSelections": list_selections,
}
