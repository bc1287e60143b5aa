"""The five report templates, their fields in the order of the CSV's columns, and header spellings.

AWS publishes the fields as JSON samples (AWS Backup Developer Guide, "Choosing your report
template"); the CSV's own header texts and the order of its newer columns are not public. The order
of the first 21 columns of an organization's BACKUP_JOB_REPORT is known from tables that people
published; all else follows the samples, with PathToRoot before the account's id.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType


class Template(StrEnum):
    """What CreateReportPlan takes as ReportTemplate."""

    BACKUP_JOB_REPORT = "BACKUP_JOB_REPORT"
    RESTORE_JOB_REPORT = "RESTORE_JOB_REPORT"
    COPY_JOB_REPORT = "COPY_JOB_REPORT"
    CONTROL_COMPLIANCE_REPORT = "CONTROL_COMPLIANCE_REPORT"
    RESOURCE_COMPLIANCE_REPORT = "RESOURCE_COMPLIANCE_REPORT"


PATH_TO_ROOT = "pathToRoot"
"""The column that only reports over several accounts have."""

_PERIOD = "reportTimePeriodStart reportTimePeriodEnd"
_RULE = (
    "initiationDate backupPlanName backupRuleName backupRuleSchedule backupRuleTimezone "
    "startWindowEnd backupOptions isParentJob parentJobId"
)
_PROTECTION = (
    "vaultType vaultLockStatus isEncrypted encryptionKeyArn deleteAfterDays moveToColdAfterDays "
    "enableArchive"
)
_FRAMEWORK = f"{PATH_TO_ROOT} accountId region frameworkName frameworkDescription controlName"

_FIELDS: Mapping[Template, Sequence[str]] = {
    Template.BACKUP_JOB_REPORT: (
        f"{_PERIOD} {PATH_TO_ROOT} accountId region backupJobId jobStatus statusMessage "
        "resourceType resourceArn backupPlanArn backupRuleId creationDate completionDate "
        "expectedCompletionDate recoveryPointArn jobRunTime backupSizeInBytes backupVaultName "
        f"backupVaultArn iamRoleArn resourceName {_RULE} {_PROTECTION}"
    ).split(),
    Template.COPY_JOB_REPORT: (
        f"{_PERIOD} {PATH_TO_ROOT} accountId region copyJobId jobStatus jobRunTime resourceType "
        f"resourceArn resourceName {_RULE} creationDate completionDate backupSizeInBytes "
        "sourceRecoveryPointArn sourceBackupVaultArn destinationRecoveryPointArn "
        f"destinationBackupVaultArn {_PROTECTION} iamRoleArn"
    ).split(),
    Template.RESTORE_JOB_REPORT: (
        f"reportTimePeriod {PATH_TO_ROOT} accountId region restoreJobId jobStatus "
        f"recoveryPointArn resourceName {_RULE} {_PROTECTION} sourceResourceArn backupVaultArn "
        "creationDate backupSizeInBytes percentDone iamRoleArn"
    ).split(),
    Template.CONTROL_COMPLIANCE_REPORT: (
        f"{_FRAMEWORK} controlComplianceStatus lastEvaluationTime numResourcesCompliant "
        "numResourcesNonCompliant controlFrequency controlScope controlParameters"
    ).split(),
    Template.RESOURCE_COMPLIANCE_REPORT: (
        f"{_FRAMEWORK} resourceId resourceType resourceComplianceStatus lastEvaluationTime"
    ).split(),
}


def fields(template: Template, *, across_accounts: bool = True) -> Sequence[str]:
    """The documented names of a report's columns, in order."""
    return tuple(name for name in _FIELDS[template] if across_accounts or name != PATH_TO_ROOT)


HeaderStyle = Callable[[str], str]
"""How a documented field name is spelled in a CSV header."""

_UNITS = MappingProxyType(
    {"jobRunTime": "[HH:MM:SS]", "creationDate": "[UTC]", "completionDate": "[UTC]"}
)


def words(field: str) -> str:
    """`accountId` → `Account Id`; a few with a unit in brackets. The default: what is known."""
    spaced = " ".join(re.findall(r"[A-Z]?[a-z]+", field)).title()
    return f"{spaced} {_UNITS[field]}" if field in _UNITS else spaced


def camel_case(field: str) -> str:
    """`accountId`: the names of the JSON reports."""
    return field


def storage_blog(field: str) -> str:
    """The spellings under which the AWS Storage Blog's six queries know the columns."""
    known = {
        "region": "AWS Region",
        PATH_TO_ROOT: "PathToRoot",
        "resourceComplianceStatus": "Resource Compliance",
        "jobStatus": "Job_Status",
    }
    return known.get(field) or words(field)


def normalised(header: str) -> str:
    """What any spelling of a header comes to: no quotes, cut at `[`, lower-case letters, digits."""
    return re.sub(r"[^a-z0-9]", "", header.split("[", 1)[0].lower())
