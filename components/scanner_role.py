"""The role in which Amazon GuardDuty reads recovery points to scan them for malware."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.iam import service_trust

_SERVICE = "malware-protection.guardduty.amazonaws.com"
_POLICY = "AWSBackupGuardDutyRolePolicyForScans"


@dataclass(frozen=True, kw_only=True)
class ScannerRoleArgs:
    account: str
    partition: str


class ScannerRole(pulumi.ComponentResource):
    """https://docs.aws.amazon.com/aws-backup/latest/devguide/malware-protection.html"""

    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: ScannerRoleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:ScannerRole", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            name, name=name, assume_role_policy=service_trust(_SERVICE, args.account), opts=child
        )
        aws.iam.RolePolicyAttachment(
            name,
            role=role.name,
            policy_arn=f"arn:{args.partition}:iam::aws:policy/{_POLICY}",
            opts=child,
        )
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})
