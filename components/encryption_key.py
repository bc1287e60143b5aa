"""A KMS key of our own, with its alias."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.iam import Conditions, Statement, policy_document


@dataclass(frozen=True, kw_only=True)
class EncryptionKeyArgs:
    account: str
    """Whose IAM policies may give access to the key."""
    partition: str
    description: str
    grants: Sequence[Statement] = ()
    """Who else may use it: AWS services, other accounts."""
    retained: bool = False
    """Stays in the account when it leaves the stack: something may lie encrypted under it."""
    region: str | None = None


class EncryptionKey(pulumi.ComponentResource):
    """Rotated yearly; deleted, if at all, no sooner than 30 days after `destroy`.

    What it encrypts depends on it, so that no key goes before what lies under it.
    """

    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: EncryptionKeyArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:EncryptionKey", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        key = aws.kms.Key(
            name,
            description=args.description,
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=policy_document(account_administers(args.account, args.partition), *args.grants),
            region=args.region,
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=args.retained),
        )
        aws.kms.Alias(
            name,
            name=f"alias/{name}",
            target_key_id=key.key_id,
            region=args.region,
            opts=child,
        )
        self.arn = key.arn
        self.register_outputs({"arn": self.arn})


def account_administers(account: str, partition: str) -> Statement:
    """Leaves access to a key to the IAM policies of its account."""
    return Statement(
        sid="AccountAdministers",
        actions=["kms:*"],
        resources=["*"],
        principal={"AWS": f"arn:{partition}:iam::{account}:root"},
    )


def rules_may_use_key(topic_arn: str) -> Statement:
    """Lets EventBridge's rules publish to a topic that is encrypted with the key.

    SNS's guide: conditions on the source do not work for EventBridge and encrypted topics. So the
    statement is narrowed by what is encrypted.
    """
    return Statement(
        sid="RulesUseTheKeyOfTheTopic",
        actions=["kms:Decrypt", "kms:GenerateDataKey*"],
        resources=["*"],
        principal={"Service": "events.amazonaws.com"},
        conditions={"StringEquals": {"kms:EncryptionContext:aws:sns:topicArn": topic_arn}},
    )


def service_may_use_key(service: str, account: str) -> Statement:
    """Lets an AWS service encrypt and decrypt on behalf of this account."""
    return Statement(
        sid=f"{service.partition('.')[0].title()}UsesTheKey",
        actions=["kms:Decrypt", "kms:GenerateDataKey*"],
        resources=["*"],
        principal={"Service": service},
        conditions={"StringEquals": {"aws:SourceAccount": account}},
    )


_USE = (
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:Decrypt",
    "kms:ReEncrypt*",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
)
_GRANTS = ("kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant")


def backup_may_use_key(account: str, region: str) -> list[Statement]:
    """Lets whoever in the account may use AWS Backup use a vault's key by way of it, as AWS's own
    key aws/backup does: a restore needs no word about KMS in the restorer's policies."""
    through_backup = {
        "kms:CallerAccount": account,
        "kms:ViaService": f"backup.{region}.amazonaws.com",
    }
    return _may_use_key("Backups", {"StringEquals": through_backup})


def organization_may_copy_under_key(organization_id: pulumi.Input[str]) -> list[Statement]:
    """Lets the organization's accounts copy into a vault that is encrypted with the key.

    As AWS's sample has it for a central vault: it is the service-linked role of AWS Backup in the
    one account or the other, or EBS or RDS on its behalf, that uses the key.
    https://github.com/aws-samples/backup-recovery-with-aws-backup
    """
    return _may_use_key(
        "TheOrganization", {"StringEquals": {"aws:PrincipalOrgID": organization_id}}
    )


def accounts_may_copy_by_key(accounts: Sequence[str]) -> list[Statement]:
    """Lets accounts that copies go to and come from use a vault's key: to read what lies under it,
    and to write what comes back; what lies under its source's own key, asks for that to be shared.
    https://repost.aws/knowledge-center/backup-troubleshoot-cross-account-copy
    """
    return _may_use_key("Copies", {"StringEquals": {"aws:PrincipalAccount": sorted(accounts)}})


def _may_use_key(who: str, conditions: Conditions) -> list[Statement]:
    """A grant may be given to an AWS service alone."""
    return [
        Statement(
            sid=f"{who}MayUseTheKey",
            actions=_USE,
            resources=["*"],
            principal={"AWS": "*"},
            conditions=conditions,
        ),
        Statement(
            sid=f"{who}MayGrantItToServices",
            actions=_GRANTS,
            resources=["*"],
            principal={"AWS": "*"},
            conditions={**conditions, "Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
    ]
