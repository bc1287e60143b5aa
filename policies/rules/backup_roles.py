"""Rules about the roles in which AWS Backup backs up and restores."""

import re
from collections.abc import Iterator

from policies.citations import aws_guide, nist, well_architected
from policies.resource_types import (
    RESTORE_TESTING_SELECTION,
    ROLE,
    ROLE_POLICY_ATTACHMENT,
    SELECTION,
)
from policies.resources import UNKNOWN, NotYet, Resource, Stack, names, those
from policies.rule import Aspects, Config, Setting, over_stack
from policies.statements import has_unknown, listed, statements

_BACKUP = {"backup.amazonaws.com", "backup.amazonaws.com.cn"}
_AWS_MANAGED = re.compile(r"arn:aws[a-z-]*:iam::aws:policy/(?:service-role/)?(.+)")
_ATTACHMENTS = (
    (ROLE_POLICY_ATTACHMENT, "role", "policyArn"),
    (
        "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive",
        "roleName",
        "policyArns",
    ),
)
"""Types that attach policies to a role: where the role stands, and where the policies."""


@over_stack(
    ROLE,
    severity="high",
    cites=[
        nist("AC-6"),
        well_architected("SEC03-BP02"),
        aws_guide("Managed policies", "aws-backup/latest/devguide/security-iam-awsmanpol.html"),
    ],
    settings={
        "managed_policies": Setting(
            what="Managed policies that backup roles may have: AWS's by name, others by ARN",
            schema={"type": "array", "items": {"type": "string"}},
            default=[
                "AWSBackupServiceRolePolicyForBackup",
                "AWSBackupServiceRolePolicyForRestores",
                "AWSBackupServiceRolePolicyForS3Backup",
                "AWSBackupServiceRolePolicyForS3Restore",
                "AWSBackupServiceRolePolicyForScans",
            ],
        )
    },
)
def backup_role_is_least_privilege(role: Resource, stack: Stack, config: Config) -> Aspects:
    """A role of AWS Backup is for AWS Backup alone, and has the policies that it asks for.

    It reads all that is backed up and, with those for restores, writes it: whoever else may take
    it has both. A role is one that trusts AWS Backup, or that a selection of a plan or of restore
    tests names. What its own statements say is another rule's matter.
    """
    yield _trusts_others(role, stack)
    yield _has_other_policies(role, "managedPolicyArns", role, stack, config)
    for type_, of_role, of_policies in _ATTACHMENTS:
        for attachment in stack.of(type_):
            if _is_attached(attachment, of_role, role, stack):
                yield _has_other_policies(attachment, of_policies, role, stack, config)


def _trusts_others(role: Resource, stack: Stack) -> Iterator[str]:
    trusted = _trusted(role)
    others = [name for name in trusted if name not in _BACKUP]
    if not _is_backups(role, stack):
        return
    if others:
        yield (
            f"the role {role.name} of AWS Backup trusts {', '.join(sorted(others))}, too; let them "
            "have roles of their own"
        )
    elif not trusted:
        yield (
            f"the role {role.name} does not trust backup.amazonaws.com, so that nothing is backed "
            "up in it; let it"
        )


def _trusted(role: Resource) -> set[str]:
    policy = role.get("assumeRolePolicy")
    if has_unknown(policy):
        raise NotYet
    return {
        name
        for statement in statements(policy)
        if statement.allows
        for _, name in statement.principals
    }


def _is_backups(role: Resource, stack: Stack) -> bool:
    return bool(_trusted(role) & _BACKUP) or bool(
        those(
            stack.of(SELECTION, RESTORE_TESTING_SELECTION),
            lambda selection: names(stack, selection, ("iamRoleArn",), role, "arn"),
        )
    )


def _is_attached(attachment: Resource, of_role: str, role: Resource, stack: Stack) -> bool:
    """One whose role is not known yet, nor comes from this one, is another's."""
    if attachment.props.get(of_role) is UNKNOWN and not stack.behind(attachment, of_role, ROLE):
        return False
    return names(stack, attachment, (of_role,), role, "name")


def _has_other_policies(
    attaches: Resource, path: str, role: Resource, stack: Stack, config: Config
) -> Iterator[str]:
    """Those that are known, among what the role or an attachment names."""
    arns = [arn for arn in listed(attaches.get(path)) if arn is not UNKNOWN]
    allowed = config["managed_policies"]
    others = [arn for arn in arns if arn not in allowed and _aws_name(arn) not in allowed]
    if others and _is_backups(role, stack):
        yield (
            f"the role {role.name} of AWS Backup has {', '.join(others)}; detach it, or name it "
            "under managed_policies"
        )


def _aws_name(arn: str) -> str | None:
    found = _AWS_MANAGED.fullmatch(arn)
    return found[1] if found else None
