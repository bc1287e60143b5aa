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


class BackupRole(pulumi.ComponentResource):
    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: BackupRoleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:BackupRole", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            name,
            name=name,
            assume_role_policy=service_trust("backup.amazonaws.com", args.account),
            opts=child,
        )
        backup = _BACKUP if args.may_back_up else {}
        restore = _RESTORE if args.may_restore else {}
        scan = _SCAN if args.may_scan else {}
        for suffix, policy in (backup | restore | scan).items():
            aws.iam.RolePolicyAttachment(
                f"{name}-{suffix}",
                role=role.name,
                policy_arn=f"arn:{args.partition}:iam::aws:policy/{policy}",
                opts=child,
            )
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})
