"""What AWS Backup asks of a plan's document beyond the API's model, and what it fills in."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.backup.backend import Document
from aws_sandbox.aws.backup.errors import invalid
from aws_sandbox.aws.backup.scope import Scope

_PLAN_NAME = re.compile(r"[a-zA-Z0-9\-_.]{1,50}")
_CRON = re.compile(r"cron\(\S+(\s+\S+){5}\)")
_COLD_STORAGE_DAYS = 90
"""What is moved to cold storage stays there at least so long."""
_CONTINUOUS_DAYS = 35
_SHORTEST_START_WINDOW_MINUTES = 60
_DEFAULTS: Mapping[str, Any] = {
    "ScheduleExpression": "cron(0 5 ? * * *)",
    "ScheduleExpressionTimezone": "Etc/UTC",
    "StartWindowMinutes": 480,
    "CompletionWindowMinutes": 10_080,
}


def complete_plan(
    scope: Scope, plan: Mapping[str, Any], previous: Sequence[Mapping[str, Any]] = ()
) -> Document:
    """The plan as GetBackupPlan gives it: defaults and rule ids filled in.

    A rule keeps the id that a rule of its name has in `previous`. Raises
    InvalidParameterValueException naming every problem.
    """
    problems = list(_problems(scope, plan))
    if problems:
        raise invalid("; ".join(problems))
    ids = {rule["RuleName"]: rule["RuleId"] for rule in previous}
    rules = [
        {**_DEFAULTS, **rule, "RuleId": ids.get(rule["RuleName"]) or scope.uuid()}
        for rule in plan["Rules"]
    ]
    return {**plan, "Rules": rules}


def _problems(scope: Scope, plan: Mapping[str, Any]) -> Iterator[str]:
    if not _PLAN_NAME.fullmatch(plan["BackupPlanName"]):
        yield f"BackupPlanName {plan['BackupPlanName']!r} must match {_PLAN_NAME.pattern}"
    if not plan["Rules"]:
        yield "a plan needs at least one rule"
    names = [rule["RuleName"] for rule in plan["Rules"]]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"two rules are named {name}"
    for rule in plan["Rules"]:
        for problem in _rule_problems(scope, rule):
            yield f"rule {rule['RuleName']}: {problem}"


def _rule_problems(scope: Scope, rule: Mapping[str, Any]) -> Iterator[str]:
    if rule["TargetBackupVaultName"] not in scope.backend.vault_documents:
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
    if start < _SHORTEST_START_WINDOW_MINUTES:
        yield f"StartWindowMinutes must be at least {_SHORTEST_START_WINDOW_MINUTES}, not {start}"
    if completion <= start:
        yield f"CompletionWindowMinutes {completion} must exceed StartWindowMinutes {start}"


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
