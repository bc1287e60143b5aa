"""A role in which AWS Backup backs up or restores an account's resources, or both.

What it may do is what AWS's guide asks of it: the permissions of AWS's own policies, which grow
with what AWS Backup can do. Those for restores hold iam:PassRole for EC2, so that an instance can
have its profile again.
https://docs.aws.amazon.com/aws-backup/latest/devguide/security-iam-awsmanpol.html
"""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.iam import service_trust

_BACKUP = {
    "backup": "service-role/AWSBackupServiceRolePolicyForBackup",
    "backup-s3": "AWSBackupServiceRolePolicyForS3Backup",
}
_RESTORE = {
    "restore": "service-role/AWSBackupServiceRolePolicyForRestores",
    "restore-s3": "AWSBackupServiceRolePolicyForS3Restore",
}
_SCAN = {"scan": "AWSBackupServiceRolePolicyForScans"}


@dataclass(frozen=True, kw_only=True)
class BackupRoleArgs:
    account: str
    partition: str
    may_restore: bool
    may_back_up: bool = True
    may_scan: bool = False
    """Whether it may have Amazon GuardDuty scan recovery points."""
    standing_arn: str | None = None
    """Of the role that the account has from elsewhere, with all but what scans need."""


def backup_role_policies(partition: str) -> list[str]:
    """ARNs of AWS's policies for backups and restores."""
    return [_policy_arn(partition, name) for name in (_BACKUP | _RESTORE).values()]


def _policy_arn(partition: str, name: str) -> str:
    return f"arn:{partition}:iam::aws:policy/{name}"


class BackupRole(pulumi.ComponentResource):
    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: BackupRoleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:BackupRole", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        policies = _SCAN if args.may_scan else {}
        self.arn, role_name = pulumi.Output.from_input(args.standing_arn or ""), name
        if args.standing_arn is None:
            role = aws.iam.Role(
                name,
                name=name,
                assume_role_policy=service_trust("backup.amazonaws.com", args.account),
                opts=child,
            )
            self.arn, role_name = role.arn, role.name
            backup = _BACKUP if args.may_back_up else {}
            restore = _RESTORE if args.may_restore else {}
            policies = backup | restore | policies
        for suffix, policy in policies.items():
            aws.iam.RolePolicyAttachment(
                f"{name}-{suffix}",
                role=role_name,
                policy_arn=_policy_arn(args.partition, policy),
                opts=child,
            )
        self.register_outputs({"arn": self.arn})
