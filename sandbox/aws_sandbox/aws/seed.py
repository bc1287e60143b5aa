"""How moto is given the organization."""

import json

from moto.iam.models import iam_backends
from moto.organizations.models import OrganizationsBackend, organizations_backends

from aws_sandbox.aws.extensions.organizations import ADMINISTRATOR_ACCESS, BACKUP
from aws_sandbox.aws.organization import ACCESS_KEY_ID, SECRET_ACCESS_KEY, Account, Organization
from aws_sandbox.aws.principals import iam_backend
from aws_sandbox.aws.sessions import PARTITION

_TWELVE_HOURS = "43200"
_SEED_REGION = "us-east-1"


def seed(organization: Organization) -> None:
    """Gives moto the organization: its tree, its accounts' administrator roles, our credentials.

    What is there already stays, so several servers of one process can share moto's state.
    """
    strangers = set(iam_backends)
    backend = organizations_backends[organization.management_account][PARTITION]
    if backend.org is None:
        _create(backend, organization)
    units = {unit.id for unit in backend.ou}
    for unit in organization.units:
        if unit.id not in units:
            parent = unit.parent or organization.root_id
            backend.create_organizational_unit(Name=unit.name, ParentId=parent)
            backend.ou[-1].id = unit.id
    for account in organization.accounts:
        _account(backend, organization, account)
    for service in organization.trusted_services:
        backend.enable_aws_service_access(ServicePrincipal=service)
    delegated = {admin.account.id for admin in backend.admins if BACKUP in admin.services}
    for account_id in set(organization.backup_administrators) - delegated:
        backend.register_delegated_administrator(AccountId=account_id, ServicePrincipal=BACKUP)
    # Moto made each account with a random id, and a role in it, before it got its own.
    members = {account.id for account in backend.accounts}
    for account_id in set(iam_backends) - strangers - members:
        del iam_backends[account_id]
    for account in organization.accounts:
        _administrator_role(organization, account.id)
    _administrator(organization.management_account)


def _create(backend: OrganizationsBackend, organization: Organization) -> None:
    backend.create_organization(_SEED_REGION, FeatureSet="ALL")
    assert backend.org is not None
    backend.org.id = organization.id
    backend.org.root_id = organization.root_id
    backend.ou[0].id = organization.root_id
    for entry in (*backend.ou, *backend.policies, *backend.accounts):
        entry.organization_id = organization.id


def _account(backend: OrganizationsBackend, organization: Organization, account: Account) -> None:
    management = account.id == organization.management_account
    if management:
        member = backend.accounts[0]
    elif any(member.id == account.id for member in backend.accounts):
        return
    else:
        backend.create_account(AccountName=account.name, Email="")
        member = backend.accounts[-1]
        del organizations_backends.master_accounts[member.id]
        owner = (organization.management_account, PARTITION)
        organizations_backends.master_accounts[account.id] = owner
    member.id = account.id
    member.name = account.name
    member.email = f"{account.name}@example.com"
    member.parent_id = account.parent or organization.root_id


def _administrator_role(organization: Organization, account: str) -> None:
    """The role that AWS makes in a new member account; here the management account has it too."""
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
    if any(role.name == organization.administrator_role for role in backend.get_roles()):
        return
    backend.create_role(
        organization.administrator_role,
        json.dumps(trust),
        path="/",
        permissions_boundary=None,
        description="",
        tags=[],
        max_session_duration=_TWELVE_HOURS,
    )
    backend.attach_role_policy(ADMINISTRATOR_ACCESS, organization.administrator_role)


def _administrator(account: str) -> None:
    """The user whose access key the sandbox hands out."""
    backend = iam_backend(account)
    if ACCESS_KEY_ID in backend.users:
        return
    user = backend.create_user(_SEED_REGION, ACCESS_KEY_ID)
    backend.attach_user_policy(ADMINISTRATOR_ACCESS, user.name)
    key = user.create_access_key(prefix="AKIA")
    key.access_key_id = ACCESS_KEY_ID
    key.secret_access_key = SECRET_ACCESS_KEY
    backend.access_keys[ACCESS_KEY_ID] = key
