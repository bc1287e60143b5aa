"""Which organization an account is a member of: moto's Organizations, given ours and read."""

import json
from collections.abc import Mapping, Sequence

from moto.organizations.models import (
    FakeAccount,
    FakeOrganizationalUnit,
    FakePolicy,
    FakeRoot,
    OrganizationsBackend,
    organizations_backends,
)

from aws_sandbox.aws.organization import ADMINISTRATOR, SECRET_ACCESS_KEY, Account, Organization
from aws_sandbox.aws.principals import PARTITION, find_role, iam_backend, parsed
from aws_sandbox.iam import PolicyDocument
from aws_sandbox.iam.requests import ContextValue
from aws_sandbox.moto_changes.organizations import (
    ADMINISTRATOR_ACCESS,
    BACKUP,
    CONTROLLED_SERVICES,
    RESOURCE_CONTROL_POLICY,
    SERVICE_CONTROL_POLICY,
    account_id,
)


def organization_backend(account: str) -> OrganizationsBackend | None:
    """The backend of the organization's management account; None for an account in none."""
    master, _ = organizations_backends.master_accounts.get(account, (account, PARTITION))
    if master not in organizations_backends:
        return None
    backend = organizations_backends[master][PARTITION]
    return backend if backend.org is not None else None


def organization_keys(account: str, prefix: str) -> Mapping[str, ContextValue]:
    """The condition keys `<prefix>OrgID` and `<prefix>OrgPaths` of an account (`aws:Principal`…).

    Empty for an account in no organization, as on AWS. The path ends at the account's own OU:
    `o-exampleorg1/r-exam/ou-exam-11111111/`.
    """
    backend = organization_backend(account)
    member = None if backend is None else _parent_of(backend, account)
    if backend is None or backend.org is None or member is None:
        return {}
    parents = {unit.id: unit.parent_id for unit in backend.ou}
    path = ""
    unit: str | None = member
    while unit is not None:
        path = f"{unit}/{path}"
        unit = parents.get(unit)
    return {
        f"{prefix}OrgID": backend.org.id,
        f"{prefix}OrgPaths": [f"{backend.org.id}/{path}"],
    }


def service_control_policies(account: str) -> Sequence[Sequence[PolicyDocument]]:
    """What limits an account's principals: the policies of each level from the account's own up to
    the root, each of which must allow. None for the management account, as on AWS, and where the
    type is not enabled."""
    return _documents(account, SERVICE_CONTROL_POLICY)


def resource_control_policies(account: str, action: str) -> Sequence[Sequence[PolicyDocument]]:
    """Likewise, what limits the use of an account's resources, whoever asks; of the services that
    have such policies alone."""
    if action.partition(":")[0] not in CONTROLLED_SERVICES:
        return ()
    return _documents(account, RESOURCE_CONTROL_POLICY)


def is_limited(account: str) -> bool:
    """Whether a service control policy limits an account, other than AWS's that allows all."""
    levels = _levels(account, SERVICE_CONTROL_POLICY)
    return any(not policy.aws_managed for level in levels for policy in level)


def _documents(account: str, kind: str) -> Sequence[Sequence[PolicyDocument]]:
    named = kind.lower().replace("_", " ")
    return [
        [parsed(f"{named} {policy.name}", str(policy.content)) for policy in level]
        for level in _levels(account, kind)
    ]


def _levels(account: str, kind: str) -> Sequence[Sequence[FakePolicy]]:
    backend = organization_backend(account)
    if backend is None or backend.account_id == account or not _enabled(backend, kind):
        return ()
    levels: list[FakeAccount | FakeOrganizationalUnit] = [
        member for member in backend.accounts if member.id == account
    ]
    units = {unit.id: unit for unit in backend.ou}
    while levels and levels[-1].parent_id in units:
        levels.append(units[levels[-1].parent_id])
    return [[p for p in level.attached_policies if p.type == kind] for level in levels]


def _enabled(backend: OrganizationsBackend, kind: str) -> bool:
    roots = [unit for unit in backend.ou if isinstance(unit, FakeRoot)]
    return kind in [held["Type"] for root in roots for held in root.policy_types]


def _parent_of(backend: OrganizationsBackend, account: str) -> str | None:
    """The id of the account's parent."""
    return next((member.parent_id for member in backend.accounts if member.id == account), None)


_TWELVE_HOURS = "43200"
_SEED_REGION = "us-east-1"


def seed(organization: Organization) -> None:
    """Gives moto the organization: its tree, its accounts' administrator roles, our credentials.

    What is there already stays, so several servers of one process can share moto's state.
    """
    if not organization.alone:
        _seed_tree(organization)
    for account in organization.accounts:
        _administrator_role(organization, account.id)
    _administrator(organization)


def _seed_tree(organization: Organization) -> None:
    backend = organizations_backends[organization.management_account][PARTITION]
    if backend.org is None:
        _create_organization(backend, organization)
    units = {unit.id for unit in backend.ou}
    for unit in organization.units:
        if unit.id not in units:
            parent = unit.parent or organization.root_id
            backend.create_organizational_unit(Name=unit.name, ParentId=parent)
            backend.ou[-1].id = unit.id
    for account in organization.accounts:
        _add_account(backend, organization, account)
    for service in organization.trusted_services:
        backend.enable_aws_service_access(ServicePrincipal=service)
    delegated = {admin.account.id for admin in backend.admins if BACKUP in admin.services}
    for administrator in set(organization.backup_administrators) - delegated:
        backend.register_delegated_administrator(AccountId=administrator, ServicePrincipal=BACKUP)


def _create_organization(backend: OrganizationsBackend, organization: Organization) -> None:
    with account_id(organization.management_account):
        backend.create_organization(_SEED_REGION, FeatureSet="ALL")
    assert backend.org is not None
    backend.org.id = organization.id
    backend.org.root_id = organization.root_id
    backend.ou[0].id = organization.root_id
    for entry in (*backend.ou, *backend.policies, *backend.accounts):
        entry.organization_id = organization.id


def _add_account(
    backend: OrganizationsBackend, organization: Organization, account: Account
) -> None:
    if account.id == organization.management_account:
        member = backend.accounts[0]
    elif any(member.id == account.id for member in backend.accounts):
        return
    else:
        role = organization.administrator_role
        with account_id(account.id):
            backend.create_account(AccountName=account.name, Email="", RoleName=role)
        member = backend.accounts[-1]
    member.name = account.name
    member.email = f"{account.name}@example.com"
    member.parent_id = account.parent or organization.root_id


def _administrator_role(organization: Organization, account: str) -> None:
    """The role that AWS makes in a new member account; here the management account has it too,
    and its sessions may last twelve hours."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{organization.management_account}:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    backend = iam_backend(account)
    role = find_role(organization.role_arn(account)) or backend.create_role(
        organization.administrator_role,
        json.dumps(trust),
        path="/",
        permissions_boundary=None,
        description="",
        tags=[],
        max_session_duration=_TWELVE_HOURS,
    )
    role.max_session_duration = _TWELVE_HOURS
    if ADMINISTRATOR_ACCESS not in role.managed_policies:
        backend.attach_role_policy(ADMINISTRATOR_ACCESS, role.name)


def _administrator(organization: Organization) -> None:
    """The user whose access key the sandbox hands out."""
    backend = iam_backend(organization.management_account)
    if ADMINISTRATOR in backend.users:
        return
    user = backend.create_user(_SEED_REGION, ADMINISTRATOR)
    backend.attach_user_policy(ADMINISTRATOR_ACCESS, user.name)
    key = user.create_access_key(prefix="AKIA")
    key.access_key_id = organization.access_key_id
    key.secret_access_key = SECRET_ACCESS_KEY
    backend.access_keys[key.access_key_id] = key
