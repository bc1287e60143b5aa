"""The service-linked roles that AWS Backup makes by itself."""

from typing import cast

from aws_sandbox.aws.backup.scope import Scope
from aws_sandbox.aws.extensions.iam import SandboxIAMBackend
from aws_sandbox.aws.principals import iam_backend

REPORTS_SERVICE = "reports.backup.amazonaws.com"


def provide_reports_role(scope: Scope) -> None:
    """AWSServiceRoleForBackupReports, with the account's first framework or report plan."""
    backend = cast("SandboxIAMBackend", iam_backend(scope.account))
    backend.provide_service_linked_role(REPORTS_SERVICE)
