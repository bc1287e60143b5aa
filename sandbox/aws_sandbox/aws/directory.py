"""Which organization an account belongs to, read from moto's Organizations."""

from collections.abc import Mapping, Sequence

from moto.organizations.models import (
    FakeAccount,
    FakeOrganizationalUnit,
    FakeRoot,
    OrganizationsBackend,
    organizations_backends,
)

from aws_sandbox.aws.principals import parsed
from aws_sandbox.aws.sessions import PARTITION
from aws_sandbox.iam import PolicyDocument
from aws_sandbox.iam.requests import ContextValue

_SERVICE_CONTROL_POLICY = "SERVICE_CONTROL_POLICY"


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
    member = None if backend is None else _member(backend, account)
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
    backend = organization_backend(account)
    if backend is None or backend.account_id == account or not _enabled(backend):
        return ()
    levels: list[FakeAccount | FakeOrganizationalUnit] = [
        member for member in backend.accounts if member.id == account
    ]
    units = {unit.id: unit for unit in backend.ou}
    while levels and levels[-1].parent_id in units:
        levels.append(units[levels[-1].parent_id])
    return [
        [
            parsed(f"service control policy {policy.name}", str(policy.content))
            for policy in level.attached_policies
            if policy.type == _SERVICE_CONTROL_POLICY
        ]
        for level in levels
    ]


def _enabled(backend: OrganizationsBackend) -> bool:
    roots = [unit for unit in backend.ou if isinstance(unit, FakeRoot)]
    types = [held["Type"] for root in roots for held in root.policy_types]
    return _SERVICE_CONTROL_POLICY in types


def _member(backend: OrganizationsBackend, account: str) -> str | None:
    """The id of the account's parent."""
    return next((member.parent_id for member in backend.accounts if member.id == account), None)
