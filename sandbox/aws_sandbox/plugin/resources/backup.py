"""AWS Backup's vaults, plans, selections and report plans, and what is set on them; its audit
frameworks and restore tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from aws_sandbox.plugin.fields import Autoname, Converter, Document, Field, members, outputs
from aws_sandbox.plugin.resource import Resource, ResourceCall, Setting, Tagging, register
from aws_sandbox.plugin.values import Problem, Props

TAGGING = Tagging(listing="ListTags", removed="TagKeyList", pair=None)


@register("aws:backup/vault:Vault")
class Vault(Resource):
    """A backup vault; its id is its name."""

    service, operation = "backup", "CreateBackupVault"
    properties = members(
        name=Field("BackupVaultName", replaces=True, autoname=Autoname()),
        kmsKeyArn=Field("EncryptionKeyArn", replaces=True, computed=True),
        forceDestroy=Field(default=False),
    )
    outputs = outputs(arn="BackupVaultArn", recoveryPoints="NumberOfRecoveryPoints")
    tagging, tags_member = TAGGING, "BackupVaultTags"

    def create(self, call: ResourceCall) -> str:
        return call("CreateBackupVault", **call.request())["BackupVaultName"]

    def read(self, call: ResourceCall) -> Document:
        return call("DescribeBackupVault", BackupVaultName=call.rid)

    def delete(self, call: ResourceCall) -> None:
        vault = {"BackupVaultName": call.rid}
        if call.state.get("forceDestroy"):
            for point in call.pages("ListRecoveryPointsByBackupVault", "RecoveryPoints", **vault):
                arn = point["RecoveryPointArn"]
                call("DeleteRecoveryPoint", RecoveryPointArn=arn, **vault)
        call("DeleteBackupVault", **vault)


@register("aws:backup/vaultPolicy:VaultPolicy")
class VaultPolicy(Setting):
    """A vault's access policy; its id is the vault's name."""

    service, operation, key = "backup", "PutBackupVaultAccessPolicy", "backupVaultName"
    properties = members(
        backupVaultName=Field("BackupVaultName", replaces=True),
        policy=Field("Policy", json=True),
    )
    outputs = outputs(backupVaultArn="BackupVaultArn")

    def put(self, call: ResourceCall) -> None:
        call("PutBackupVaultAccessPolicy", **call.request())

    def read(self, call: ResourceCall) -> Document:
        return call("GetBackupVaultAccessPolicy", BackupVaultName=call.rid)

    def delete(self, call: ResourceCall) -> None:
        call("DeleteBackupVaultAccessPolicy", BackupVaultName=call.rid)


@register("aws:backup/vaultLockConfiguration:VaultLockConfiguration")
class VaultLockConfiguration(Setting):
    """A vault's lock; its id is the vault's name. AWS tells no more of the days to change it."""

    service, operation, key = "backup", "PutBackupVaultLockConfiguration", "backupVaultName"
    properties = members(
        backupVaultName=Field("BackupVaultName", replaces=True),
        changeableForDays=Field("ChangeableForDays", replaces=True, unread=True),
        maxRetentionDays=Field("MaxRetentionDays", replaces=True),
        minRetentionDays=Field("MinRetentionDays", replaces=True),
    )
    outputs = outputs(backupVaultArn="BackupVaultArn")

    def put(self, call: ResourceCall) -> None:
        call("PutBackupVaultLockConfiguration", **call.request())

    def read(self, call: ResourceCall) -> Document | None:
        vault = call("DescribeBackupVault", BackupVaultName=call.rid)
        return vault if vault.get("Locked") else None

    def delete(self, call: ResourceCall) -> None:
        call("DeleteBackupVaultLockConfiguration", BackupVaultName=call.rid)


@register("aws:backup/vaultNotifications:VaultNotifications")
class VaultNotifications(Setting):
    """Which events of a vault are told to a topic; its id is the vault's name."""

    service, operation, key = "backup", "PutBackupVaultNotifications", "backupVaultName"
    properties = members(
        backupVaultName=Field("BackupVaultName", replaces=True),
        snsTopicArn=Field("SNSTopicArn", replaces=True),
        backupVaultEvents=Field("BackupVaultEvents", replaces=True, unordered=True),
    )
    outputs = outputs(backupVaultArn="BackupVaultArn")

    def put(self, call: ResourceCall) -> None:
        call("PutBackupVaultNotifications", **call.request())

    def read(self, call: ResourceCall) -> Document:
        return call("GetBackupVaultNotifications", BackupVaultName=call.rid)

    def delete(self, call: ResourceCall) -> None:
        call("DeleteBackupVaultNotifications", BackupVaultName=call.rid)


@register("aws:backup/logicallyAirGappedVault:LogicallyAirGappedVault")
class LogicallyAirGappedVault(Resource):
    """A vault that AWS Backup holds apart, locked from the start; its id is its name."""

    service, operation = "backup", "CreateLogicallyAirGappedBackupVault"
    properties = members(
        name=Field("BackupVaultName", replaces=True, autoname=Autoname()),
        maxRetentionDays=Field("MaxRetentionDays", replaces=True),
        minRetentionDays=Field("MinRetentionDays", replaces=True),
        encryptionKeyArn=Field("EncryptionKeyArn", replaces=True, computed=True),
    )
    outputs = outputs(arn="BackupVaultArn")
    tagging, tags_member = TAGGING, "BackupVaultTags"

    def create(self, call: ResourceCall) -> str:
        return call("CreateLogicallyAirGappedBackupVault", **call.request())["BackupVaultName"]

    def read(self, call: ResourceCall) -> Document:
        return call("DescribeBackupVault", BackupVaultName=call.rid)

    def delete(self, call: ResourceCall) -> None:
        call("DeleteBackupVault", BackupVaultName=call.rid)


LIFECYCLE = members(
    coldStorageAfter="MoveToColdStorageAfterDays",
    deleteAfter="DeleteAfterDays",
    optInToArchiveForSupportedResources=Field("OptInToArchiveForSupportedResources", default=False),
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
    scanActions=Field("ScanActions", fields=members("malwareScanner", "scanMode"), unordered=True),
)


@register("aws:backup/plan:Plan")
class Plan(Resource):
    """A backup plan with its rules; every update makes a new version of it."""

    service, operation = "backup", "CreateBackupPlan"
    properties = members(
        name=Field("BackupPlan.BackupPlanName", replaces=True, autoname=Autoname()),
        rules=Field("BackupPlan.Rules", fields=RULE, unordered=True),
        advancedBackupSettings=Field(
            "BackupPlan.AdvancedBackupSettings",
            fields=members("resourceType", "backupOptions"),
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

    def create(self, call: ResourceCall) -> str:
        return call("CreateBackupPlan", **call.request())["BackupPlanId"]

    def read(self, call: ResourceCall) -> Document | None:
        plan = call("GetBackupPlan", BackupPlanId=call.rid)
        return None if "DeletionDate" in plan else plan

    def update(self, call: ResourceCall) -> None:
        plan = call.request()["BackupPlan"]
        call("UpdateBackupPlan", BackupPlanId=call.rid, BackupPlan=plan)

    def delete(self, call: ResourceCall) -> None:
        call("DeleteBackupPlan", BackupPlanId=call.rid)


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

    def create(self, call: ResourceCall) -> str:
        return call("CreateBackupSelection", **call.request())["SelectionId"]

    def read(self, call: ResourceCall) -> Document:
        plan = call.state["planId"]
        return call("GetBackupSelection", BackupPlanId=plan, SelectionId=call.rid)

    def delete(self, call: ResourceCall) -> None:
        plan = call.state["planId"]
        call("DeleteBackupSelection", BackupPlanId=plan, SelectionId=call.rid)

    def imported(self, rid: str) -> Props:
        plan, _, selection = rid.partition("|")
        return {"planId": plan, "id": selection}


@register("aws:backup/reportPlan:ReportPlan")
class ReportPlan(Resource):
    """A report plan; its id is its name."""

    service, operation = "backup", "CreateReportPlan"
    properties = members(
        name=Field("ReportPlanName", replaces=True, autoname=Autoname()),
        description=Field("ReportPlanDescription", empty=""),
        reportDeliveryChannel=Field(
            "ReportDeliveryChannel",
            fields=members(
                "s3BucketName",
                "s3KeyPrefix",
                formats=Field("Formats", computed=True, unordered=True),
            ),
        ),
        reportSetting=Field(
            "ReportSetting",
            fields=members(
                "numberOfFrameworks",
                "reportTemplate",
                accounts=Field("Accounts", unordered=True),
                frameworkArns=Field("FrameworkArns", unordered=True),
                organizationUnits=Field("OrganizationUnits", unordered=True),
                regions=Field("Regions", unordered=True),
            ),
        ),
    )
    outputs = outputs(
        arn="ReportPlanArn", creationTime="CreationTime", deploymentStatus="DeploymentStatus"
    )
    tagging, tags_member = TAGGING, "ReportPlanTags"

    def create(self, call: ResourceCall) -> str:
        return call("CreateReportPlan", **call.request())["ReportPlanName"]

    def read(self, call: ResourceCall) -> Document:
        return call("DescribeReportPlan", ReportPlanName=call.rid)["ReportPlan"]

    def update(self, call: ResourceCall) -> None:
        wanted = call.request(clear=True)
        call(
            "UpdateReportPlan",
            ReportPlanName=call.rid,
            ReportPlanDescription=wanted["ReportPlanDescription"],
            ReportDeliveryChannel=wanted["ReportDeliveryChannel"],
            ReportSetting=wanted["ReportSetting"],
        )

    def delete(self, call: ResourceCall) -> None:
        call("DeleteReportPlan", ReportPlanName=call.rid)


@register("aws:backup/framework:Framework")
class Framework(Resource):
    """An audit framework with its controls; its id is its name."""

    service, operation = "backup", "CreateFramework"
    properties = members(
        name=Field("FrameworkName", replaces=True, autoname=Autoname()),
        description=Field("FrameworkDescription", empty=""),
        controls=Field(
            "FrameworkControls",
            fields=members(
                name="ControlName",
                inputParameters=Field(
                    "ControlInputParameters",
                    fields=members(name="ParameterName", value="ParameterValue"),
                    unordered=True,
                ),
                scope=Field(
                    "ControlScope",
                    fields=members(
                        "tags",
                        complianceResourceIds=Field("ComplianceResourceIds", unordered=True),
                        complianceResourceTypes=Field("ComplianceResourceTypes", unordered=True),
                    ),
                ),
            ),
            unordered=True,
        ),
    )
    outputs = outputs(
        arn="FrameworkArn",
        creationTime="CreationTime",
        deploymentStatus="DeploymentStatus",
        status="FrameworkStatus",
    )
    tagging, tags_member = TAGGING, "FrameworkTags"

    def create(self, call: ResourceCall) -> str:
        return call("CreateFramework", **call.request())["FrameworkName"]

    def read(self, call: ResourceCall) -> Document:
        return call("DescribeFramework", FrameworkName=call.rid)

    def update(self, call: ResourceCall) -> None:
        call("UpdateFramework", **call.request(clear=True))

    def delete(self, call: ResourceCall) -> None:
        call("DeleteFramework", FrameworkName=call.rid)


@register("aws:backup/restoreTestingPlan:RestoreTestingPlan")
class RestoreTestingPlan(Resource):
    """A restore testing plan; its id is its name."""

    service, operation = "backup", "CreateRestoreTestingPlan"
    properties = members(
        name=Field("RestoreTestingPlan.RestoreTestingPlanName", replaces=True, autoname=Autoname()),
        scheduleExpression="RestoreTestingPlan.ScheduleExpression",
        scheduleExpressionTimezone=Field(
            "RestoreTestingPlan.ScheduleExpressionTimezone", computed=True
        ),
        startWindowHours=Field("RestoreTestingPlan.StartWindowHours", computed=True),
        recoveryPointSelection=Field(
            "RestoreTestingPlan.RecoveryPointSelection",
            fields=members(
                "algorithm",
                includeVaults=Field("IncludeVaults", unordered=True),
                recoveryPointTypes=Field("RecoveryPointTypes", unordered=True),
                selectionWindowDays=Field("SelectionWindowDays", computed=True),
            ),
        ),
    )
    outputs = outputs(arn="RestoreTestingPlan.RestoreTestingPlanArn")
    tagging = TAGGING

    def create(self, call: ResourceCall) -> str:
        return call("CreateRestoreTestingPlan", **call.request())["RestoreTestingPlanName"]

    def read(self, call: ResourceCall) -> Document:
        return call("GetRestoreTestingPlan", RestoreTestingPlanName=call.rid)

    def update(self, call: ResourceCall) -> None:
        wanted = call.request()["RestoreTestingPlan"]
        name = wanted.pop("RestoreTestingPlanName")
        call("UpdateRestoreTestingPlan", RestoreTestingPlanName=name, RestoreTestingPlan=wanted)

    def delete(self, call: ResourceCall) -> None:
        call("DeleteRestoreTestingPlan", RestoreTestingPlanName=call.rid)


KEY_VALUE: Final = members("key", "value")


@register("aws:backup/restoreTestingSelection:RestoreTestingSelection")
class RestoreTestingSelection(Resource):
    """What a restore testing plan restores; its id is its name and the plan's."""

    service, operation = "backup", "CreateRestoreTestingSelection"
    properties = members(
        name=Field(
            "RestoreTestingSelection.RestoreTestingSelectionName",
            replaces=True,
            autoname=Autoname(),
        ),
        restoreTestingPlanName=Field("RestoreTestingPlanName", replaces=True),
        protectedResourceType=Field("RestoreTestingSelection.ProtectedResourceType", replaces=True),
        iamRoleArn="RestoreTestingSelection.IamRoleArn",
        protectedResourceArns=Field(
            "RestoreTestingSelection.ProtectedResourceArns", computed=True, unordered=True
        ),
        protectedResourceConditions=Field(
            "RestoreTestingSelection.ProtectedResourceConditions",
            fields=members(
                stringEquals=Field("StringEquals", fields=KEY_VALUE),
                stringNotEquals=Field("StringNotEquals", fields=KEY_VALUE),
            ),
        ),
        restoreMetadataOverrides=Field(
            "RestoreTestingSelection.RestoreMetadataOverrides", computed=True
        ),
        validationWindowHours=Field(
            "RestoreTestingSelection.ValidationWindowHours", computed=True, between=(1, 168)
        ),
    )

    def create(self, call: ResourceCall) -> str:
        made = call("CreateRestoreTestingSelection", **call.request())
        return f"{made['RestoreTestingSelectionName']}:{made['RestoreTestingPlanName']}"

    def read(self, call: ResourceCall) -> Document:
        found = call("GetRestoreTestingSelection", **_names(call.rid))["RestoreTestingSelection"]
        plan = found["RestoreTestingPlanName"]
        return {"RestoreTestingPlanName": plan, "RestoreTestingSelection": found}

    def update(self, call: ResourceCall) -> None:
        """The official plugin passes over ARNs that change, and says that it changed them:
        https://github.com/hashicorp/terraform-provider-aws/issues/48316
        """
        if set(call.props["protectedResourceArns"]) != set(call.state["protectedResourceArns"]):
            raise NotImplementedError(
                f"{self.token} {call.rid}: the official plugin does not change "
                "protectedResourceArns in place; replace the selection"
            )
        wanted = call.request()["RestoreTestingSelection"]
        for fixed in ("RestoreTestingSelectionName", "ProtectedResourceType"):
            del wanted[fixed]
        call("UpdateRestoreTestingSelection", **_names(call.rid), RestoreTestingSelection=wanted)

    def delete(self, call: ResourceCall) -> None:
        call("DeleteRestoreTestingSelection", **_names(call.rid))

    def check(self, props: Props) -> Iterator[Problem]:
        ways = ("protectedResourceArns", "protectedResourceConditions")
        if sum(props.get(way) is not None for way in ways) != 1:
            yield Problem(path=ways[:1], reason=f"exactly one of {' and '.join(ways)} must be set")


def _names(rid: str) -> Document:
    selection, _, plan = rid.partition(":")
    return {"RestoreTestingPlanName": plan, "RestoreTestingSelectionName": selection}
