"""The role as which AWS Backup delivers reports: looked for, and never a stack's own."""

import pulumi
import pulumi_aws as aws

from reports.plans import REPORTS_ROLE, REPORTS_SERVICE
from stacks.load import Settings


def require_reports_role(settings: Settings, opts: pulumi.ResourceOptions) -> None:
    """Raises RunError, in a preview too, where the account lacks the role: AWS would refuse the
    policy of the reports bucket, which names it.

    It is the account's: other report plans may use it, and whoever deletes a stack leaves it.
    """
    found = aws.iam.get_roles(
        path_prefix=f"/aws-service-role/{REPORTS_SERVICE}/",
        opts=pulumi.InvokeOptions(provider=opts.provider),
    )
    if REPORTS_ROLE not in found.names:
        raise pulumi.RunError(
            f"{REPORTS_ROLE} does not exist in {settings.account}, and the reports bucket's policy "
            "must name it. It is made once for an account, with credentials of that account:\n"
            f"  aws iam create-service-linked-role --aws-service-name {REPORTS_SERVICE}\n"
            f"or: backup-org prepare {pulumi.get_stack()}"
        )
