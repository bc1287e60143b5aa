"""The vault of drills: what lies in it goes again, so that it has neither a lock nor a guard."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class DrillVaultArgs:
    vault_name: str
    key_arn: pulumi.Input[str] | None
    """None: the AWS-managed key. What a drill backs up lies under the key of its volumes anyway."""
    region: str


class DrillVault(pulumi.ComponentResource):
    name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: DrillVaultArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:DrillVault", name, None, opts)
        vault = aws.backup.Vault(
            name,
            name=args.vault_name,
            kms_key_arn=args.key_arn,
            force_destroy=True,
            region=args.region,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name, self.arn = vault.name, vault.arn
        self.register_outputs({"name": self.name, "arn": self.arn})
