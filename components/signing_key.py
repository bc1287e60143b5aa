"""A KMS key that signs what others can check without AWS, with its alias."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.iam import Conditions, Statement, policy_document


@dataclass(frozen=True, kw_only=True)
class SigningKeyArgs:
    account: str
    partition: str
    description: str
    signer_role_arn: str | None
    """The only one that may sign; None: whoever the account's IAM policies let."""
    retained: bool
    """Stays in the account when it leaves the stack: what it signed is compared with it."""


class SigningKey(pulumi.ComponentResource):
    """Never rotated, as KMS rotates no asymmetric key; deleted, if at all, no sooner than 30 days
    after `destroy`.

    On P-384 with ECDSA and SHA-384: a signature has one form only, unlike RSA-PSS with its choice
    of salt, any OpenSSL checks it without options, and it is to hold for as long as records do.
    """

    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: SigningKeyArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:SigningKey", name, None, opts)
        account = {"AWS": f"arn:{args.partition}:iam::{args.account}:root"}
        signer = args.signer_role_arn
        only: Conditions = {"ArnEquals": {"aws:PrincipalArn": signer}} if signer else {}
        key = aws.kms.Key(
            name,
            description=args.description,
            customer_master_key_spec="ECC_NIST_P384",
            key_usage="SIGN_VERIFY",
            deletion_window_in_days=30,
            policy=policy_document(
                Statement(
                    sid="AccountAdministers",
                    actions=_ADMINISTERS,
                    resources=["*"],
                    principal=account,
                ),
                Statement(
                    sid="EvidenceIsSigned",
                    actions=["kms:Sign"],
                    resources=["*"],
                    principal=account,
                    conditions=only,
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=args.retained),
        )
        aws.kms.Alias(
            name,
            name=f"alias/{name}",
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = key.arn
        self.register_outputs({"arn": self.arn})


_ADMINISTERS = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:Describe*",
    "kms:DisableKey",
    "kms:EnableKey",
    "kms:Get*",
    "kms:List*",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
    "kms:Verify",
)
"""All but signing, and grants by which others could be let sign."""
