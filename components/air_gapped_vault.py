"""A logically air-gapped vault in one Region, and whom it is shared with."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.iam import policy_document
from components.vault_policy import organization_copies_into


@dataclass(frozen=True, kw_only=True)
class AirGappedVaultArgs:
    vault_name: str
    region: str
    min_retention_days: int
    max_retention_days: int
    key_arn: str | None
    """Of a key that exists; None: AWS's own."""
    copies_from: pulumi.Input[str] | None
    """The id of the organization whose accounts may copy into the vault."""
    share_with: Sequence[str]
    """Account ids, and ARNs of organizational units or of the organization."""
    share_outside_organization: bool
    destroy_empty: bool
    """Lets `destroy` delete the vault, which AWS does while nothing lies in it."""
    leave_on_destroy: bool
    """Lets `destroy` leave the vault in the account as it is."""


class AirGappedVault(pulumi.ComponentResource):
    name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: AirGappedVaultArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:AirGappedVault", name, None, opts)
        child = pulumi.ResourceOptions(parent=self, retain_on_delete=args.leave_on_destroy)
        protect = not (args.destroy_empty or args.leave_on_destroy)
        vault = aws.backup.LogicallyAirGappedVault(
            name,
            name=args.vault_name,
            min_retention_days=args.min_retention_days,
            max_retention_days=args.max_retention_days,
            encryption_key_arn=args.key_arn,
            region=args.region,
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(protect=protect)),
        )
        if args.copies_from is not None:
            aws.backup.VaultPolicy(
                name,
                backup_vault_name=vault.name,
                policy=policy_document(organization_copies_into(args.copies_from)),
                region=args.region,
                opts=child,
            )
        if args.share_with:
            # Without a permission of its own it gets AWS's default one for backup vaults.
            share = aws.ram.ResourceShare(
                name,
                name=name,
                allow_external_principals=args.share_outside_organization,
                region=args.region,
                opts=child,
            )
            aws.ram.ResourceAssociation(
                name,
                resource_share_arn=share.arn,
                resource_arn=vault.arn,
                region=args.region,
                opts=child,
            )
            for principal in args.share_with:
                aws.ram.PrincipalAssociation(
                    f"{name}-{principal.rpartition('/')[2]}",
                    resource_share_arn=share.arn,
                    principal=principal,
                    region=args.region,
                    opts=child,
                )
        self.name, self.arn = vault.name, vault.arn
        self.register_outputs({"name": self.name, "arn": self.arn})
