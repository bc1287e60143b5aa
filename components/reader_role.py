"""The role in which functions of one account read what AWS tells of another."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.iam import Statement, policy_document
from reports.curated_tables import FILES, LISTS


@dataclass(frozen=True, kw_only=True)
class ReadableLake:
    """Of curated reports, which stands in this account."""

    bucket_arn: pulumi.Input[str]
    key_arn: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class ReaderRoleArgs:
    partition: str
    trusted_account: str
    trusted_roles: Sequence[str]
    """ARNs of the roles in it that may read; they need not exist yet."""
    reads: Sequence[Statement]


class ReaderRole(pulumi.ComponentResource):
    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: ReaderRoleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:ReaderRole", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            name,
            name=name,
            assume_role_policy=policy_document(_functions_read(args)),
            opts=child,
        )
        aws.iam.RolePolicy(
            name, name=name, role=role.name, policy=policy_document(*args.reads), opts=child
        )
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})


def _functions_read(args: ReaderRoleArgs) -> Statement:
    """AWS refuses a trust in roles that do not exist yet: it is the account that is trusted, and
    the condition that names the roles."""
    return Statement(
        sid="TrustTheFunctions",
        actions=["sts:AssumeRole"],
        principal={"AWS": f"arn:{args.partition}:iam::{args.trusted_account}:root"},
        conditions={"ArnEquals": {"aws:PrincipalArn": args.trusted_roles}},
    )


def what_reports_read(partition: str, account: str) -> Sequence[Statement]:
    """Of an account's backups. What knows no resource is in the first and the last: Service
    Authorization Reference."""
    backup = f"arn:{partition}:backup:*:{account}"
    return [
        Statement(
            sid="ListBackups",
            actions=[
                "backup:ListBackupVaults",
                "backup:ListBackupJobs",
                "backup:ListCopyJobs",
                "backup:ListRestoreJobs",
                "backup:ListProtectedResources",
                "backup:ListFrameworks",
            ],
            resources=["*"],
        ),
        Statement(
            sid="ReadVaultsAndFrameworks",
            actions=[
                "backup:DescribeBackupVault",
                "backup:ListRecoveryPointsByBackupVault",
                "backup:ListTags",
                "backup:DescribeFramework",
            ],
            resources=[f"{backup}:{kind}:*" for kind in ("backup-vault", "framework")],
        ),
        Statement(sid="FindResources", actions=["tag:GetResources"], resources=["*"]),
    ]


def reads_lake(lake: ReadableLake) -> Sequence[Statement]:
    folders = (LISTS, FILES)
    return [
        Statement(
            sid="ListCuratedReports",
            actions=["s3:ListBucket"],
            resources=[lake.bucket_arn],
            conditions={"StringLike": {"s3:prefix": [f"{folder}*" for folder in folders]}},
        ),
        Statement(
            sid="ReadCuratedReports",
            actions=["s3:GetObject"],
            resources=[pulumi.Output.concat(lake.bucket_arn, f"/{f}*") for f in folders],
        ),
        Statement(sid="DecryptThem", actions=["kms:Decrypt"], resources=[lake.key_arn]),
    ]


def what_tickets_read() -> Sequence[Statement]:
    """Of an account's jobs, none of which knows a resource: Service Authorization Reference."""
    return [
        Statement(
            sid="ReadJobs",
            actions=[
                "backup:DescribeBackupJob",
                "backup:DescribeCopyJob",
                "backup:DescribeRestoreJob",
            ],
            resources=["*"],
        ),
        Statement(sid="ReadTagsOfResources", actions=["tag:GetResources"], resources=["*"]),
    ]
