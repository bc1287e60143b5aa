"""AWS Backup: what its readers, validators and operators call, and what vaults' policies guard."""

from collections.abc import Iterator, Mapping
from functools import partial

from aws_sandbox.aws.backup.backend import backend_of
from aws_sandbox.aws.permissions.needs import Mapper, Need, Request, anywhere

_ON_NOTHING = (
    "DescribeBackupJob",
    "DescribeCopyJob",
    "DescribeGlobalSettings",
    "DescribeProtectedResource",
    "DescribeRegionSettings",
    "DescribeReportJob",
    "DescribeRestoreJob",
    "GetSupportedResourceTypes",
    "ListBackupJobs",
    "ListBackupJobSummaries",
    "ListBackupPlans",
    "ListBackupVaults",
    "ListCopyJobs",
    "ListFrameworks",
    "ListProtectedResources",
    "ListReportJobs",
    "ListReportPlans",
    "ListRestoreJobs",
    "ListRestoreTestingPlans",
    "PutRestoreValidationResult",
    "StopBackupJob",
)
_ON_VAULT = (
    "DescribeBackupVault",
    "DeleteBackupVault",
    "GetBackupVaultAccessPolicy",
    "PutBackupVaultAccessPolicy",
    "DeleteBackupVaultAccessPolicy",
    "GetBackupVaultNotifications",
    "PutBackupVaultNotifications",
    "DeleteBackupVaultNotifications",
    "PutBackupVaultLockConfiguration",
    "DeleteBackupVaultLockConfiguration",
    "ListProtectedResourcesByBackupVault",
    "ListRecoveryPointsByBackupVault",
)
_ON_RECOVERY_POINT = (
    "DescribeRecoveryPoint",
    "DeleteRecoveryPoint",
    "UpdateRecoveryPointLifecycle",
)
_ON_PLAN = (
    "GetBackupPlan",
    "UpdateBackupPlan",
    "DeleteBackupPlan",
    "ListBackupPlanVersions",
    "CreateBackupSelection",
    "GetBackupSelection",
    "DeleteBackupSelection",
    "ListBackupSelections",
)
_ON_REPORT_PLAN = ("DescribeReportPlan", "UpdateReportPlan", "DeleteReportPlan", "StartReportJob")
_ON_FRAMEWORK = ("DescribeFramework", "UpdateFramework", "DeleteFramework")
_ON_ARN = ("ListTags", "TagResource", "UntagResource")


def _vault(request: Request, parameter: str = "BackupVaultName") -> str:
    return request.arn(f"backup-vault:{request.text(parameter)}")


def _on_vault(action: str, request: Request) -> Iterator[Need]:
    yield Need(action=action, resource=_vault(request))


def _on_recovery_point(action: str, request: Request) -> Iterator[Need]:
    """The vault's access policy speaks of the recovery points in it."""
    arn = request.text("RecoveryPointArn")
    yield Need(action=action, resource=arn, policies_of=_vault(request))


def _on_plan(action: str, request: Request) -> Iterator[Need]:
    yield Need(action=action, resource=request.arn(f"backup-plan:{request.text('BackupPlanId')}"))


def _on_report_plan(action: str, request: Request) -> Iterator[Need]:
    name = request.text("ReportPlanName")
    plans = backend_of(request.account, request.call.region).report_plan_documents
    made_up = request.arn(f"report-plan:{name}-")
    yield Need(action=action, resource=plans.get(name, {}).get("ReportPlanArn", made_up))


def _on_framework(action: str, request: Request) -> Iterator[Need]:
    name = request.text("FrameworkName")
    frameworks = backend_of(request.account, request.call.region).frameworks
    made_up = request.arn(f"framework:{name}-")
    yield Need(action=action, resource=frameworks.get(name, {}).get("FrameworkArn", made_up))


def _on_arn(action: str, request: Request) -> Iterator[Need]:
    yield Need(action=action, resource=request.text("ResourceArn"))


def _start_backup(request: Request) -> Iterator[Need]:
    yield Need(action="backup:StartBackupJob", resource=_vault(request))
    yield _pass_role(request)


def _start_copy(request: Request) -> Iterator[Need]:
    arn = request.text("RecoveryPointArn")
    yield Need(action="backup:StartCopyJob", resource=arn)
    yield _pass_role(request)


def _start_restore(request: Request) -> Iterator[Need]:
    yield Need(action="backup:StartRestoreJob", resource=request.text("RecoveryPointArn"))
    if request.text("IamRoleArn"):
        yield _pass_role(request)


def _pass_role(request: Request) -> Need:
    return Need(
        action="iam:PassRole",
        resource=request.text("IamRoleArn"),
        context={"iam:PassedToService": "backup.amazonaws.com"},
    )


MAPPERS: Mapping[str, Mapper] = {
    **{f"backup:{name}": anywhere(f"backup:{name}") for name in _ON_NOTHING},
    **{f"backup:{name}": partial(_on_vault, f"backup:{name}") for name in _ON_VAULT},
    **{
        f"backup:{name}": partial(_on_recovery_point, f"backup:{name}")
        for name in _ON_RECOVERY_POINT
    },
    **{f"backup:{name}": partial(_on_plan, f"backup:{name}") for name in _ON_PLAN},
    **{f"backup:{name}": partial(_on_report_plan, f"backup:{name}") for name in _ON_REPORT_PLAN},
    **{f"backup:{name}": partial(_on_framework, f"backup:{name}") for name in _ON_FRAMEWORK},
    **{f"backup:{name}": partial(_on_arn, f"backup:{name}") for name in _ON_ARN},
    "backup:StartBackupJob": _start_backup,
    "backup:StartCopyJob": _start_copy,
    "backup:StartRestoreJob": _start_restore,
}
