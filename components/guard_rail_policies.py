"""What guard rails of an organization say: a service control and a resource control policy.

Sources: AWS Organizations' user guide, SCP and RCP syntax; of the RCP the patterns that AWS
publishes for data perimeters (aws-samples/data-perimeter-policy-examples).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from components.iam import Conditions, Statement

CHARACTERS = 5120
"""Of either kind of policy, white space included."""
_OURS: Conditions = {"StringEquals": {"aws:ResourceTag/managed-by": "backup-org"}}
"""The tag that the provider gives to all that stacks make (stacks/providers.py)."""
_DELETION = (
    "backup:DeleteRecoveryPoint",
    "backup:DisassociateRecoveryPoint",
    "backup:DisassociateRecoveryPointFromParent",
    "backup:UpdateRecoveryPointLifecycle",
    "backup:CancelLegalHold",
)
_VAULTS = (
    "backup:DeleteBackupVault",
    "backup:DeleteBackupVaultAccessPolicy",
    "backup:PutBackupVaultAccessPolicy",
    "backup:DeleteBackupVaultLockConfiguration",
    "backup:PutBackupVaultLockConfiguration",
    "backup:DisassociateBackupVaultMpaApprovalTeam",
    "backup:UpdateRegionSettings",
)
"""UpdateRegionSettings: a service that is off is backed up by no plan, and no job tells of it."""
_PLANS = (
    "backup:DeleteBackupPlan",
    "backup:UpdateBackupPlan",
    "backup:DeleteBackupSelection",
    "backup:DeleteRestoreTestingPlan",
    "backup:UpdateRestoreTestingPlan",
    "backup:DeleteRestoreTestingSelection",
    "backup:UpdateRestoreTestingSelection",
    "backup:DeleteReportPlan",
    "backup:UpdateReportPlan",
    "backup:DeleteFramework",
    "backup:UpdateFramework",
    "backup:TagResource",
    "backup:UntagResource",
)
_KINDS_OF_PLANS = ("backup-plan", "restore-testing-plan", "report-plan", "framework")
_END_OF_KEYS = ("kms:DisableKey", "kms:ScheduleKeyDeletion", "kms:DeleteImportedKeyMaterial")
_CHANGES_OF_KEYS = (
    "kms:PutKeyPolicy",
    "kms:DisableKeyRotation",
    "kms:TagResource",
    "kms:UntagResource",
)
_CONFIG = (
    "config:StopConfigurationRecorder",
    "config:DeleteConfigurationRecorder",
    "config:DeleteDeliveryChannel",
)
_LEAVING = ("organizations:LeaveOrganization", "account:CloseAccount")
_BECOMING = (
    "iam:CreateRole",
    "iam:DeleteRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:DetachRolePolicy",
    "iam:DeleteRolePolicy",
    "iam:PutRolePermissionsBoundary",
)
"""Who makes a role by a break-glass name, or lets himself into one, is bound no more; who strips
one, has nobody left for an emergency."""


def service_control_policy(
    partition: str, *, break_glass_roles: Sequence[str], deploy_roles: Sequence[str]
) -> str:
    """Binds every principal of the accounts, root too, but service-linked roles. Roles are names
    with their paths, and wildcards, or ARNs."""
    break_glass = [_role(partition, role) for role in break_glass_roles]
    deploying = [*break_glass, *(_role(partition, role) for role in deploy_roles)]
    plans = [f"arn:{partition}:backup:*:*:{kind}:*" for kind in _KINDS_OF_PLANS]
    return _text(
        _denied("DeletingBackups", _DELETION, _but(break_glass)),
        _denied("ChangingVaults", _VAULTS, _but(deploying)),
        _denied("ChangingPlans", _PLANS, {**_OURS, **_but(deploying)}, plans),
        _denied("EndingKeys", _END_OF_KEYS, {**_OURS, **_but(break_glass)}),
        _denied("ChangingKeys", _CHANGES_OF_KEYS, {**_OURS, **_but(deploying)}),
        _denied("StoppingConfig", _CONFIG, _but(break_glass)),
        _denied("Leaving", _LEAVING, {}),
        _denied("BecomingBreakGlass", _BECOMING, _but(break_glass), break_glass),
    )


def _but(roles: Sequence[str]) -> Conditions:
    """Everybody but these roles; a session of a role has the role's ARN here."""
    return {"ArnNotLike": {"aws:PrincipalArn": list(roles)}}


@dataclass(frozen=True, kw_only=True)
class Perimeter:
    """Within which keys and buckets are used."""

    organization_id: str
    trusted_accounts: Sequence[str] = ()
    """Outside the organization."""


def resource_control_policy(partition: str, perimeter: Perimeter, buckets: Sequence[str]) -> str:
    """Binds whoever uses the accounts' keys and buckets (names, with wildcards), from outside too.

    AWS services are let in, but not in the name of somebody outside where they tell whose.
    """
    arns = [f"arn:{partition}:s3:::{name}" for bucket in buckets for name in _with_objects(bucket)]
    strangers = _strangers(perimeter)
    deputies = _deputies(perimeter)
    return _text(
        _perimeter("StrangersUseNoKeys", "kms:*", ["*"], {**_OURS, **strangers}),
        _perimeter("StrangersUseNoBuckets", "s3:*", arns, strangers),
        _perimeter("NoKeysForStrangers", "kms:*", ["*"], {**_OURS, **deputies}),
        _perimeter("NoBucketsForStrangers", "s3:*", arns, deputies),
    )


def _with_objects(bucket: str) -> Sequence[str]:
    """A pattern that ends in anything has the objects, too."""
    return [bucket] if bucket.endswith("*") else [bucket, f"{bucket}/*"]


def _strangers(perimeter: Perimeter) -> Conditions:
    """A caller outside an organization, an anonymous one too, tells no id of one."""
    return {
        "StringNotEqualsIfExists": {
            "aws:PrincipalOrgID": perimeter.organization_id,
            **_trusted("aws:PrincipalAccount", perimeter),
        },
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
    }


def _deputies(perimeter: Perimeter) -> Conditions:
    """Services that tell no account in whose name they act are held to nothing."""
    return {
        "StringNotEqualsIfExists": {
            "aws:SourceOrgID": perimeter.organization_id,
            **_trusted("aws:SourceAccount", perimeter),
        },
        "Null": {"aws:SourceAccount": "false"},
        "Bool": {"aws:PrincipalIsAWSService": "true"},
    }


def _trusted(key: str, perimeter: Perimeter) -> dict[str, list[str]]:
    return {key: list(perimeter.trusted_accounts)} if perimeter.trusted_accounts else {}


def _role(partition: str, role: str) -> str:
    return role if role.startswith("arn:") else f"arn:{partition}:iam::*:role/{role}"


def _denied(
    sid: str, actions: Sequence[str], conditions: Conditions, resources: Sequence[str] = ("*",)
) -> Statement:
    return Statement(
        sid=sid, effect="Deny", actions=actions, resources=resources, conditions=conditions
    )


def _perimeter(
    sid: str, actions: str, resources: Sequence[str], conditions: Conditions
) -> Statement:
    return Statement(
        sid=sid,
        effect="Deny",
        actions=[actions],
        resources=resources,
        principal="*",
        conditions=conditions,
    )


def _text(*statements: Statement) -> str:
    document = {"Version": "2012-10-17", "Statement": [one.render() for one in statements]}
    return json.dumps(document, separators=(",", ":"))
