"""Who signs links to reports: a role for a session, and where links live longer a user."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.digests_bucket import REPORTS, DigestsBucket
from components.iam import Statement, policy_document


@dataclass(frozen=True, kw_only=True)
class ReportLinkSignerArgs:
    account: str
    partition: str
    bucket: DigestsBucket
    trusted_roles: Sequence[str]
    """ARNs of the account's roles that may sign; none: whoever IAM lets assume the role."""
    has_user: bool
    """Its key is made by hand, and put into Secrets Manager: a key made here would lie in the
    stack's state."""


class ReportLinkSigner(pulumi.ComponentResource):
    role_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: ReportLinkSignerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:ReportLinkSigner", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            name,
            name=name,
            assume_role_policy=policy_document(_signs(args)),
            opts=child,
        )
        policy = policy_document(
            args.bucket.may("OpenReports", ["s3:GetObject"], REPORTS),
            Statement(
                sid="DecryptReports", actions=["kms:Decrypt"], resources=[args.bucket.key_arn]
            ),
        )
        aws.iam.RolePolicy(name, name=name, role=role.name, policy=policy, opts=child)
        if args.has_user:
            user = aws.iam.User(name, name=name, opts=child)
            aws.iam.UserPolicy(name, name=name, user=user.name, policy=policy, opts=child)
        self.role_arn = role.arn
        self.register_outputs({"role_arn": self.role_arn})


def _signs(args: ReportLinkSignerArgs) -> Statement:
    roles = args.trusted_roles
    return Statement(
        sid="TrustWhoSignsLinks",
        actions=["sts:AssumeRole"],
        principal={"AWS": f"arn:{args.partition}:iam::{args.account}:root"},
        conditions={"ArnEquals": {"aws:PrincipalArn": roles}} if roles else {},
    )
