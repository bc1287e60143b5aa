"""A backup vault in one Region: its key, who may do what in it, its lock, whom it tells."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.encryption_key import (
    EncryptionKey,
    EncryptionKeyArgs,
    accounts_may_copy_by_key,
    backup_may_use_key,
    organization_may_copy_under_key,
)
from components.iam import Statement, policy_document
from components.vault_policy import (
    account_copies_into,
    nobody_deletes,
    organization_copies_into,
)
from reports.aws_partition import aws_partition


@dataclass(frozen=True, kw_only=True)
class VaultLock:
    min_retention_days: int | None
    max_retention_days: int | None
    changeable_for_days: int | None
    """After these nobody can change or lift it (compliance); None: it can be (governance)."""


@dataclass(frozen=True, kw_only=True)
class VaultNotifications:
    events: Sequence[str]
    topic_arn: str
    """Of this account and Region."""


@dataclass(frozen=True, kw_only=True)
class DeletionGuard:
    """Who alone deletes recovery points, and writes the vault's policy: ARNs of roles."""

    break_glass_roles: Sequence[str]
    policy_writers: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class VaultArgs:
    vault_name: str
    account: str
    region: str
    key: str
    """customer_managed: one of its own; aws_managed; or the ARN of one that exists."""
    copies_from: pulumi.Input[str] | None = None
    """The id of the organization whose accounts may copy into the vault."""
    copies_to: Sequence[str] = ()
    """Other accounts that its recovery points are copied to."""
    takes_back_from: str | None = None
    """The one other account that may copy into the vault, to restore here what was lost."""
    guard: DeletionGuard | None = None
    lock: VaultLock | None = None
    notifications: VaultNotifications | None = None
    force_destroy: bool = False
    """Lets `destroy` delete the vault with its recovery points, and its key."""
    leave_on_destroy: bool = False
    """Lets `destroy` leave the vault in the account as it is, with all that belongs to it."""


class Vault(pulumi.ComponentResource):
    name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: VaultArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:Vault", name, None, opts)
        # Neither vault nor key goes by a setting: under the key lie recovery points, in copies
        # elsewhere too. What is set on a vault goes before it, by its dependency.
        lasting = pulumi.ResourceOptions(
            parent=self,
            protect=not (args.force_destroy or args.leave_on_destroy),
            retain_on_delete=args.leave_on_destroy,
        )
        child = pulumi.ResourceOptions(parent=self, retain_on_delete=args.leave_on_destroy)
        vault = aws.backup.Vault(
            name,
            name=args.vault_name,
            kms_key_arn=_key_arn(name, args, lasting),
            force_destroy=args.force_destroy,
            region=args.region,
            opts=lasting,
        )
        if statements := vault_policy_statements(args):
            aws.backup.VaultPolicy(
                name,
                backup_vault_name=vault.name,
                policy=policy_document(*statements),
                region=args.region,
                opts=child,
            )
        if args.lock is not None:
            aws.backup.VaultLockConfiguration(
                name,
                backup_vault_name=vault.name,
                min_retention_days=args.lock.min_retention_days,
                max_retention_days=args.lock.max_retention_days,
                changeable_for_days=args.lock.changeable_for_days,
                region=args.region,
                # The provider replaces it for whatever changes; the old one's deletion after the
                # new one's creation would leave the vault without any.
                opts=pulumi.ResourceOptions.merge(
                    child, pulumi.ResourceOptions(delete_before_replace=True)
                ),
            )
        if args.notifications is not None:
            aws.backup.VaultNotifications(
                name,
                backup_vault_name=vault.name,
                backup_vault_events=list(args.notifications.events),
                sns_topic_arn=args.notifications.topic_arn,
                region=args.region,
                opts=pulumi.ResourceOptions.merge(
                    child, pulumi.ResourceOptions(delete_before_replace=True)
                ),
            )
        self.name, self.arn = vault.name, vault.arn
        self.register_outputs({"name": self.name, "arn": self.arn})


def _key_arn(name: str, args: VaultArgs, opts: pulumi.ResourceOptions) -> pulumi.Input[str] | None:
    if args.key == "aws_managed":
        return None
    if args.key != "customer_managed":
        return args.key
    key = EncryptionKey(
        name,
        EncryptionKeyArgs(
            account=args.account,
            partition=aws_partition(args.region),
            description=f"Recovery points in the vault {args.vault_name}",
            grants=vault_key_grants(args),
            retained=not args.force_destroy,
            region=args.region,
        ),
        pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(retain_on_delete=False)),
    )
    return key.arn


def vault_key_grants(args: VaultArgs) -> list[Statement]:
    """Who may use a key of the vault's own, beside its account's administrators."""
    grants = backup_may_use_key(args.account, args.region)
    if args.copies_from is not None:
        grants += organization_may_copy_under_key(args.copies_from)
    if others := {*args.copies_to, *([args.takes_back_from] if args.takes_back_from else [])}:
        grants += accounts_may_copy_by_key(sorted(others))
    return grants


def vault_policy_statements(args: VaultArgs) -> list[Statement]:
    """None: the vault has no policy."""
    statements: list[Statement] = []
    if args.guard is not None:
        statements += nobody_deletes(
            break_glass_roles=args.guard.break_glass_roles,
            policy_writers=args.guard.policy_writers,
        )
    if args.copies_from is not None:
        statements.append(organization_copies_into(args.copies_from))
    if args.takes_back_from is not None:
        statements.append(account_copies_into(args.takes_back_from, aws_partition(args.region)))
    return statements
