"""Jobs of past days in AWS Backup's API: the ones that generated reports of those days tell of.

So what is read from the API can be compared with what is read from the reports.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.backup.api import BackupApi, message_category
from aws_sandbox.aws.backup.state import Document
from aws_sandbox.aws.backup.vaults import create_vault, find_vault, put_recovery_point
from aws_sandbox.aws.context import Services
from aws_sandbox.control import ControlApi
from aws_sandbox.reports.delivery import last_days
from aws_sandbox.reports.files import Template, rows
from aws_sandbox.reports.report_plans import ReportedAccount, ReportedOrganization
from aws_sandbox.reports.rows import Profile, Row, Window

_FIELDS = {"account", "region", "date", "days", "volume", "seed", "vault"}

_COMMON = {
    "AccountId": "accountId",
    "StatusMessage": "statusMessage",
    "ResourceType": "resourceType",
    "ResourceArn": "resourceArn",
    "ResourceName": "resourceName",
    "IamRoleArn": "iamRoleArn",
    "ParentJobId": "parentJobId",
}
_MEMBERS: Mapping[Template, Mapping[str, str]] = {
    Template.BACKUP_JOB_REPORT: {
        **_COMMON,
        "BackupJobId": "backupJobId",
        "State": "jobStatus",
        "BackupVaultName": "backupVaultName",
        "BackupVaultArn": "backupVaultArn",
        "VaultType": "vaultType",
        "EncryptionKeyArn": "encryptionKeyArn",
        "RecoveryPointArn": "recoveryPointArn",
    },
    Template.COPY_JOB_REPORT: {
        **_COMMON,
        "CopyJobId": "copyJobId",
        "State": "jobStatus",
        "SourceBackupVaultArn": "sourceBackupVaultArn",
        "SourceRecoveryPointArn": "sourceRecoveryPointArn",
        "DestinationBackupVaultArn": "destinationBackupVaultArn",
        "DestinationRecoveryPointArn": "destinationRecoveryPointArn",
    },
    Template.RESTORE_JOB_REPORT: {
        **_COMMON,
        "RestoreJobId": "restoreJobId",
        "Status": "jobStatus",
        "SourceResourceArn": "sourceResourceArn",
        "BackupVaultArn": "backupVaultArn",
        "RecoveryPointArn": "recoveryPointArn",
        "PercentDone": "percentDone",
    },
}
"""By report, what the API calls its columns; texts alone."""
_ID = {
    Template.BACKUP_JOB_REPORT: "backupJobId",
    Template.COPY_JOB_REPORT: "copyJobId",
    Template.RESTORE_JOB_REPORT: "restoreJobId",
}
_CREATED_BY = {
    "BackupPlanArn": "backupPlanArn",
    "BackupPlanName": "backupPlanName",
    "BackupRuleId": "backupRuleId",
    "BackupRuleName": "backupRuleName",
    "BackupRuleCron": "backupRuleSchedule",
    "BackupRuleTimezone": "backupRuleTimezone",
}


class BackupHistory:
    """Puts days of jobs into an account and Region, and the recovery points that are left."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def add_controls(self, control: ControlApi) -> None:
        """Offers `backup.history`: `account`, `region`, and as reports.deliver has them `date`,
        `days`, `volume` and `seed`; `vault` is where all of them are kept, else the reports say
        it. It gives how many jobs of each kind and points were put."""
        control.add("backup.history", self._control)

    def _control(self, given: Mapping[str, Any]) -> Mapping[str, int]:
        if wrong := sorted(set(given) - _FIELDS | {"account", "region"} - set(given)):
            raise ValueError(
                f"backup.history takes account, region, date, days, volume, seed, vault: {wrong}"
            )
        api = BackupApi(
            account=str(given["account"]), region=str(given["region"]), services=self._services
        )
        last = date.fromisoformat(given.get("date") or str(api.now().date()))
        standard = Profile()
        profile = Profile(
            seed=int(given.get("seed", standard.seed)),
            jobs_per_day=int(given.get("volume", standard.jobs_per_day)),
        )
        days = last_days(last, int(given.get("days", 1)))
        return put_history(api, days, profile, vault=str(given.get("vault", "")))


def put_history(
    api: BackupApi, days: Sequence[date], profile: Profile, *, vault: str = ""
) -> Mapping[str, int]:
    """The jobs that were active on these days, as they are by now, and points of vaults that are
    made where they are missing; nothing is said on a bus."""
    ends = [datetime.combine(day + timedelta(days=1), time(), UTC) for day in days]
    until = [min(end, api.now().replace(tzinfo=UTC)) for end in ends]
    windows = [Window(end=end) for end in until]
    backend = api.backend
    backups, copies, restores = (
        _jobs(api, template, profile, windows, vault)
        for template in (
            Template.BACKUP_JOB_REPORT,
            Template.COPY_JOB_REPORT,
            Template.RESTORE_JOB_REPORT,
        )
    )
    backend.backup_jobs |= {job["BackupJobId"]: job for job in backups}
    backend.copy_jobs |= {job["CopyJobId"]: job for job in copies}
    backend.restore_jobs |= {job["RestoreJobId"]: job for job in restores}
    points = sum(_put_point(api, job) for job in (*backups, *copies))
    return {
        "backup_jobs": len(backups),
        "copy_jobs": len(copies),
        "restore_jobs": len(restores),
        "recovery_points": points,
    }


def _jobs(
    api: BackupApi, template: Template, profile: Profile, windows: Sequence[Window], vault: str
) -> list[Document]:
    """Each job as the last of the reports tells of it."""
    arn = f"arn:aws:backup:{api.region}:{api.account}:backup-vault:{vault}"
    kept = {"backupVaultName": vault, "backupVaultArn": arn, "sourceBackupVaultArn": arn}
    account = ReportedAccount(id=api.account, name=api.account, path_to_root="")
    only = ReportedOrganization(accounts=(account,), regions=(api.region,))
    found: dict[str, Row] = {}
    for window in windows:
        for row in rows(template, only, profile, window):
            # A report has no other columns than its own.
            there = {name: value for name, value in kept.items() if vault and name in row}
            found[row[_ID[template]]] = {**row, **there}
    return [_document(template, row) for row in found.values()]


def _document(template: Template, row: Row) -> Document:
    lifecycle = {"DeleteAfterDays": int(row["deleteAfterDays"])}
    job: Document = {
        **{member: row[column] or None for member, column in _MEMBERS[template].items()},
        "CreationDate": _time(row["creationDate"]),
        "CompletionDate": _time(row["completionDate"]) if row["completionDate"] else None,
        "BackupSizeInBytes": int(row["backupSizeInBytes"]),
        "IsParent": row["isParentJob"] == "true",
        "IsEncrypted": True,
    }
    if template is Template.RESTORE_JOB_REPORT:
        return job | {"CreatedBy": {"RestoreTestingPlanArn": _testing_plan(row)}}
    plan_id = row["backupPlanArn"].rpartition(":")[2]
    created_by = {member: row[column] for member, column in _CREATED_BY.items()}
    return job | {
        "MessageCategory": message_category(row["jobStatus"], row["statusMessage"]),
        "RecoveryPointLifecycle": lifecycle,
        "CreatedBy": {"BackupPlanId": plan_id, **created_by},
    }


def _testing_plan(row: Row) -> str:
    """All restores in reports are of one weekly test."""
    here = f"arn:aws:backup:{row['region']}:{row['accountId']}"
    return f"{here}:restore-testing-plan:weekly-{row['backupRuleId']}"


def _time(text: str) -> datetime:
    """Naive and UTC, as the API's operations keep it."""
    return datetime.fromisoformat(text).replace(tzinfo=None)


def _put_point(api: BackupApi, job: Document) -> bool:
    """Whether the job made a recovery point that has not come to the end of its life yet."""
    copy = "CopyJobId" in job
    arn = job["DestinationRecoveryPointArn" if copy else "RecoveryPointArn"]
    days = job["RecoveryPointLifecycle"]["DeleteAfterDays"]
    if arn is None or job["CreationDate"] + timedelta(days=days) <= api.now():
        return False
    at = Arn.parse(job["DestinationBackupVaultArn" if copy else "BackupVaultArn"])
    there = replace(api, region=at.region)
    name = at.resource.removeprefix("backup-vault:")
    if name not in there.backend.vault_documents:
        create_vault(there, {"BackupVaultName": name})
    vault = find_vault(there, name)
    point = put_recovery_point(there, vault, arn, job, job["RecoveryPointLifecycle"])
    parent = api.backend.backup_jobs.get(job["ParentJobId"] or "")
    if parent and not copy:
        point["ParentRecoveryPointArn"] = parent["RecoveryPointArn"]
    return True
