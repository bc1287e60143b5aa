"""The policies of roles and users, read from moto's IAM."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from moto.backends import get_backend
from moto.iam.models import Group, IAMBackend, ManagedPolicy, Role, User

from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.sessions import PARTITION
from aws_sandbox.iam import PolicyDocument

_ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


@dataclass(frozen=True, kw_only=True)
class PrincipalPolicies:
    """What a role or user may do by itself, and its permissions boundary if it has one."""

    identity: Sequence[PolicyDocument] = ()
    boundary: Sequence[PolicyDocument] | None = None
    administrator: bool = False
    """Has AWS's AdministratorAccess and no boundary."""


@lru_cache(maxsize=2048)
def parsed(name: str, text: str) -> PolicyDocument:
    """A policy, parsed once however often it is asked for."""
    return PolicyDocument.parse(name, text)


def iam_backend(account: str) -> IAMBackend:
    return get_backend("iam")[account][PARTITION]


def find_role(role_arn: str) -> Role | None:
    """The role with this ARN, None when there is none."""
    roles = list(iam_backend(Arn.parse(role_arn).account).get_roles())
    return next((role for role in roles if role.arn == role_arn), None)


def find_user(user_arn: str) -> User | None:
    """The user with this ARN, None when there is none."""
    users = list(iam_backend(Arn.parse(user_arn).account).users.values())
    return next((user for user in users if user.arn == user_arn), None)


def principal_policies(principal_arn: str) -> PrincipalPolicies:
    """A role's or user's inline and attached policies; none when it does not exist (any more)."""
    if Arn.parse(principal_arn).resource.startswith("role/"):
        role = find_role(principal_arn)
        return PrincipalPolicies() if role is None else _of_role(role)
    user = find_user(principal_arn)
    return PrincipalPolicies() if user is None else _of_user(user)


def _of_role(role: Role) -> PrincipalPolicies:
    boundary = role.permissions_boundary_arn
    held = _held(role.arn, role)
    if not boundary:
        return PrincipalPolicies(
            identity=held, administrator=_ADMINISTRATOR in role.managed_policies
        )
    limit = iam_backend(role.account_id).get_policy(boundary)
    return PrincipalPolicies(identity=held, boundary=[_managed(limit)])


def _of_user(user: User) -> PrincipalPolicies:
    groups = iam_backend(user.account_id).get_groups_for_user(user.name)
    of_groups = [policy for group in groups for policy in _held(group.arn, group)]
    return PrincipalPolicies(
        identity=[*_held(user.arn, user), *of_groups],
        administrator=_ADMINISTRATOR in user.managed_policies,
    )


def _held(owner: str, holder: Role | User | Group) -> list[PolicyDocument]:
    """Inline policies, then attached ones."""
    return [
        *(parsed(f"{owner} policy {name}", text) for name, text in holder.policies.items()),
        *(_managed(policy) for policy in holder.managed_policies.values()),
    ]


def _managed(policy: ManagedPolicy) -> PolicyDocument:
    default = next(version for version in policy.versions if version.is_default)
    return parsed(policy.arn, default.document)
