"""AWSServiceRoleForBackupReports, as which AWS Backup delivers an account's reports."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

_SERVICE = "reports.backup.amazonaws.com"


def reports_service_role_arn(account: str) -> str:
    """Known before the role exists; a policy that names it before is refused by AWS."""
    return f"arn:aws:iam::{account}:role/aws-service-role/{_SERVICE}/AWSServiceRoleForBackupReports"


@dataclass(frozen=True, kw_only=True)
class ReportsServiceRoleArgs:
    """There is nothing to decide about the role itself; whether it is created is the stack's."""


class ReportsServiceRole(pulumi.ComponentResource):
    """`destroy` leaves the role: other report plans of the account may use it."""

    def __init__(
        self,
        name: str,
        args: ReportsServiceRoleArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        del args
        super().__init__("backup-org:components:ReportsServiceRole", name, None, opts)
        aws.iam.ServiceLinkedRole(
            name,
            aws_service_name=_SERVICE,
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
        )
        self.register_outputs({})
