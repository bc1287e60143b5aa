"""What a vault's access policy says: who copies into it, and who may delete nothing in it."""

from collections.abc import Sequence

import pulumi

from components.iam import Conditions, Statement

_DELETION = (
    "backup:DeleteRecoveryPoint",
    "backup:DisassociateRecoveryPoint",
    "backup:UpdateRecoveryPointLifecycle",
)
_AS_AWS_CONTROLS_DEMAND = (
    "backup:DeleteRecoveryPoint",
    "backup:UpdateRecoveryPointLifecycle",
    "backup:PutBackupVaultAccessPolicy",
)
"""Of BACKUP_RECOVERY_POINT_MANUAL_DELETION_DISABLED, in AWS Config and in Audit Manager, which
looks for one statement with all three, for every principal and every resource."""


def nobody_deletes(
    *, break_glass_roles: Sequence[str], policy_writers: Sequence[str]
) -> list[Statement]:
    """Denies all but the break-glass roles (ARNs, with wildcards) to delete recovery points, to
    give continuous ones back to their service, and to change how long any are kept.

    All but the policy's writers may not put another policy; who writes none, cannot be told apart,
    and then nobody is denied that. DeleteBackupVaultAccessPolicy stays open to whom IAM allows it:
    a role that is lost must not lock its account out of the vault, as not even root is excepted.
    """
    statements = [_denied("NobodyDeletesRecoveryPoints", _DELETION, break_glass_roles)]
    if policy_writers:
        writers = [*break_glass_roles, *policy_writers]
        statements.append(_denied("NobodyPutsAnotherPolicy", _AS_AWS_CONTROLS_DEMAND, writers))
    return statements


def organization_copies_into(organization_id: pulumi.Input[str]) -> Statement:
    """Lets every account of an organization copy into the vault."""
    return Statement(
        sid="TheOrganizationCopiesInto",
        actions=["backup:CopyIntoBackupVault"],
        resources=["*"],
        principal="*",
        conditions={"StringEquals": {"aws:PrincipalOrgID": organization_id}},
    )


def account_copies_into(account: str, partition: str) -> Statement:
    """Lets one other account copy into the vault."""
    return Statement(
        sid="OneAccountCopiesInto",
        actions=["backup:CopyIntoBackupVault"],
        resources=["*"],
        principal={"AWS": f"arn:{partition}:iam::{account}:root"},
    )


def _denied(sid: str, actions: Sequence[str], excepted: Sequence[str]) -> Statement:
    conditions: Conditions = {}
    if excepted:
        conditions = {"ArnNotLike": {"aws:PrincipalArn": list(excepted)}}
    return Statement(
        sid=sid,
        effect="Deny",
        actions=actions,
        resources=["*"],
        principal="*",
        conditions=conditions,
    )
