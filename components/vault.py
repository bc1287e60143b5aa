"""A backup vault in one Region, encrypted with a key of its own."""

from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from components.encryption_key import EncryptionKey, EncryptionKeyArgs
from reports.aws_partition import aws_partition


@dataclass(frozen=True, kw_only=True)
class VaultArgs:
    vault_name: str
    account: str
    region: str
    key: Literal["customer_managed", "aws_managed"]
    force_destroy: bool
    """Lets `destroy` delete the vault with its recovery points, and its key."""


class Vault(pulumi.ComponentResource):
    name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: VaultArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:Vault", name, None, opts)
        # Neither goes by a setting: under the key lie recovery points, in copies elsewhere too.
        child = pulumi.ResourceOptions(parent=self, protect=not args.force_destroy)
        key_arn = None
        if args.key == "customer_managed":
            key = EncryptionKey(
                name,
                EncryptionKeyArgs(
                    account=args.account,
                    partition=aws_partition(args.region),
                    description=f"Recovery points in the vault {args.vault_name}",
                    retained=not args.force_destroy,
                    region=args.region,
                ),
                child,
            )
            key_arn = key.arn
        vault = aws.backup.Vault(
            name,
            name=args.vault_name,
            kms_key_arn=key_arn,
            force_destroy=args.force_destroy,
            region=args.region,
            opts=child,
        )
        self.name, self.arn = vault.name, vault.arn
        self.register_outputs({"name": self.name, "arn": self.arn})
