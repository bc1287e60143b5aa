"""AWS Backup's plans and their selections."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from aws_sandbox.plugin.fields import Autoname, Converter, Document, Field, members, outputs
from aws_sandbox.plugin.resource import Call, Resource, register
from aws_sandbox.plugin.resources.backup import TAGGING
from aws_sandbox.plugin.values import UNKNOWN, Path, Problem, Props, children, lookup

LIFECYCLE = members(
    coldStorageAfter="MoveToColdStorageAfterDays",
    deleteAfter="DeleteAfterDays",
    optInToArchiveForSupportedResources=Field("OptInToArchiveForSupportedResources", computed=True),
)
RULE = members(
    "ruleName",
    "targetLogicallyAirGappedBackupVaultArn",
    "recoveryPointTags",
    targetVaultName="TargetBackupVaultName",
    schedule=Field("ScheduleExpression", default="cron(0 5 ? * * *)"),  # AWS's own
    scheduleExpressionTimezone=Field("ScheduleExpressionTimezone", default="Etc/UTC"),
    startWindow=Field("StartWindowMinutes", default=60),
    completionWindow=Field("CompletionWindowMinutes", default=180),
    enableContinuousBackup=Field("EnableContinuousBackup", default=False),
    lifecycle=Field("Lifecycle", fields=LIFECYCLE),
    copyActions=Field(
        "CopyActions",
        fields=members(
            destinationVaultArn="DestinationBackupVaultArn",
            lifecycle=Field("Lifecycle", fields=LIFECYCLE),
        ),
        unordered=True,
    ),
    scanActions=Field(
        "ScanActions",
        fields=members("malwareScanner", "scanMode"),
        unordered=True,
    ),
)
COLD_STORAGE_DAYS: Final = 90
"""How long AWS keeps what it has moved to cold storage at least."""
CONTINUOUS_DAYS: Final = 35
"""How long AWS keeps a continuous backup at most."""


@register("aws:backup/plan:Plan")
class Plan(Resource):
    """A backup plan with its rules; every update makes a new version of it."""

    service, operation = "backup", "CreateBackupPlan"
    properties = members(
        name=Field("BackupPlan.BackupPlanName", replaces=True, autoname=Autoname()),
        rules=Field("BackupPlan.Rules", fields=RULE, unordered=True),
        advancedBackupSettings=Field(
            "BackupPlan.AdvancedBackupSettings",
            fields=members("backupOptions", "resourceType"),
            unordered=True,
        ),
        scanSettings=Field(
            "BackupPlan.ScanSettings",
            fields=members(
                "malwareScanner",
                "scannerRoleArn",
                resourceTypes=Field("ResourceTypes", unordered=True),
            ),
            unordered=True,
        ),
    )
    outputs = outputs(arn="BackupPlanArn", version="VersionId")
    volatile = frozenset({"version"})
    tagging, tags_member = TAGGING, "BackupPlanTags"

    def create(self, call: Call) -> str:
        return call("CreateBackupPlan", **call.request())["BackupPlanId"]

    def read(self, call: Call) -> Document | None:
        plan = call("GetBackupPlan", BackupPlanId=call.rid)
        return None if "DeletionDate" in plan else plan

    def update(self, call: Call) -> None:
        plan = call.request()["BackupPlan"]
        call("UpdateBackupPlan", BackupPlanId=call.rid, BackupPlan=plan)

    def delete(self, call: Call) -> None:
        call("DeleteBackupPlan", BackupPlanId=call.rid)

    def check(self, props: Props) -> Iterator[Problem]:
        for index, rule in children(props["rules"]):
            if rule is not UNKNOWN:
                yield from _rule_problems(("rules", index), rule)


def _rule_problems(path: Path, rule: Props) -> Iterator[Problem]:
    start, completion = rule["startWindow"], rule["completionWindow"]
    if _known(start) and start < 60:
        yield Problem(path=(*path, "startWindow"), reason="AWS takes 60 minutes or more")
    if _known(start, completion) and completion < start + 60:
        reason = f"must be 60 minutes or more after the start window of {start}"
        yield Problem(path=(*path, "completionWindow"), reason=reason)
    kept = lookup(rule, ("lifecycle", "deleteAfter"))
    if rule["enableContinuousBackup"] is True and _known(kept) and kept > CONTINUOUS_DAYS:
        reason = f"AWS keeps continuous backups {CONTINUOUS_DAYS} days at most"
        yield Problem(path=(*path, "lifecycle", "deleteAfter"), reason=reason)
    yield from _lifecycle_problems(path, rule)
    for index, copy in children(rule.get("copyActions")):
        yield from _lifecycle_problems((*path, "copyActions", index), copy)


def _lifecycle_problems(path: Path, holder: Any) -> Iterator[Problem]:
    kept, moved = (
        lookup(holder, ("lifecycle", name)) for name in ("deleteAfter", "coldStorageAfter")
    )
    if _known(kept, moved) and kept < moved + COLD_STORAGE_DAYS:
        reason = f"must be {COLD_STORAGE_DAYS} days or more after coldStorageAfter ({moved})"
        yield Problem(path=(*path, "lifecycle", "deleteAfter"), reason=reason)


def _known(*values: Any) -> bool:
    return all(isinstance(value, int) for value in values)


OPERATORS: Final = outputs(
    stringEquals="StringEquals",
    stringNotEquals="StringNotEquals",
    stringLikes="StringLike",
    stringNotLikes="StringNotLike",
)


def _conditions_to_api(conditions: list[Props]) -> Document:
    """One object of the four operators: AWS has no list of conditions."""
    document: Document = {}
    for condition in conditions:
        for name, pairs in condition.items():
            found = document.setdefault(OPERATORS[name], [])
            found += [{"ConditionKey": p["key"], "ConditionValue": p["value"]} for p in pairs]
    return document


def _conditions_from_api(document: Document) -> list[Props]:
    condition = {
        name: [{"key": p["ConditionKey"], "value": p["ConditionValue"]} for p in document[member]]
        for name, member in OPERATORS.items()
        if document.get(member)
    }
    return [condition] if condition else []


@register("aws:backup/selection:Selection")
class Selection(Resource):
    """What a plan protects; nothing of it can change in place."""

    service, operation = "backup", "CreateBackupSelection"
    properties = members(
        planId=Field("BackupPlanId", replaces=True),
        name=Field("BackupSelection.SelectionName", replaces=True, autoname=Autoname()),
        iamRoleArn=Field("BackupSelection.IamRoleArn", replaces=True),
        resources=Field("BackupSelection.Resources", replaces=True, unordered=True),
        notResources=Field("BackupSelection.NotResources", replaces=True, unordered=True),
        selectionTags=Field(
            "BackupSelection.ListOfTags",
            fields=members(
                type="ConditionType",
                key="ConditionKey",
                value="ConditionValue",
            ),
            replaces=True,
            unordered=True,
        ),
        conditions=Field(
            "BackupSelection.Conditions",
            convert=Converter(to_api=_conditions_to_api, from_api=_conditions_from_api),
            fields=members(
                **{
                    name: Field(fields=members(key=Field(), value=Field()), unordered=True)
                    for name in OPERATORS
                }
            ),
            replaces=True,
        ),
    )

    def create(self, call: Call) -> str:
        return call("CreateBackupSelection", **call.request())["SelectionId"]

    def read(self, call: Call) -> Document:
        plan = call.state["planId"]
        return call("GetBackupSelection", BackupPlanId=plan, SelectionId=call.rid)

    def delete(self, call: Call) -> None:
        plan = call.state["planId"]
        call("DeleteBackupSelection", BackupPlanId=plan, SelectionId=call.rid)

    def imported(self, rid: str) -> Props:
        plan, _, selection = rid.partition("|")
        return {"planId": plan, "id": selection}
