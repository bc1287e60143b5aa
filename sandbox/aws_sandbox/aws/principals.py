"""Who calls, and what its own policies are: sessions of roles and access keys of users.

The policies of roles and users are read from moto's IAM.
"""

import secrets
import string
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from moto.backends import get_backend
from moto.iam.models import Group, IAMBackend, ManagedPolicy, Role, User

from aws_sandbox.aws.arns import Arn
from aws_sandbox.aws.clock import Ageing, Clock, utc_now
from aws_sandbox.iam import PolicyDocument, Principal

PARTITION = "aws"
_KEY_ALPHABET = string.ascii_uppercase + string.digits


class CredentialsError(Exception):
    """Credentials that AWS would not accept; `code` is AWS's error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who signed a request, and what narrows it beside its own policies."""

    principal: Principal
    unique_id: str
    """`aws:userid`: the user's id, or the role's id and the session's name."""
    session_policies: Sequence[PolicyDocument] = ()
    """Given with AssumeRole; empty when the session has none."""


@dataclass(frozen=True, kw_only=True)
class Session:
    """Temporary credentials of a role."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    issued: datetime
    duration: timedelta
    caller: Caller
    ageing: Ageing

    @property
    def expires(self) -> datetime:
        return self.issued + self.duration

    @property
    def left(self) -> timedelta:
        """How long it is good yet; nothing or less when it is not any more."""
        return self.duration - self.ageing.age(self.issued)


class Sessions:
    """The sessions that were given out."""

    def __init__(self, clock: Clock = utc_now, ageing: Ageing | None = None) -> None:
        self._clock = clock
        self._ageing = ageing or Ageing(clock)
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()

    def issue(
        self,
        role_arn: str,
        session_name: str,
        duration_seconds: int,
        policies: Sequence[PolicyDocument] = (),
    ) -> Session:
        """Credentials for a role's session; whether it may be had is checked before (Access)."""
        role = get_backend("iam")[Arn.parse(role_arn).account][PARTITION].get_role_by_arn(role_arn)
        principal = Principal(
            arn=role_arn,
            account=role.account_id,
            session_arn=f"arn:aws:sts::{role.account_id}:assumed-role/{role.name}/{session_name}",
        )
        session = Session(
            access_key_id="ASIA" + _random(16),
            secret_access_key=_random(40),
            session_token=_random(120),
            issued=self._clock(),
            duration=timedelta(seconds=duration_seconds),
            ageing=self._ageing,
            caller=Caller(
                principal=principal,
                unique_id=f"{role.id}:{session_name}",
                session_policies=tuple(policies),
            ),
        )
        with self._lock:
            self._sessions[session.access_key_id] = session
        return session

    def caller(self, access_key_id: str, session_token: str) -> Caller:
        """Whose credentials these are; raises CredentialsError as AWS refuses them."""
        with self._lock:
            session = self._sessions.get(access_key_id)
        if session is None:
            return _user(access_key_id)
        if session.session_token != session_token:
            raise CredentialsError(
                "InvalidToken", "The provided token is malformed or otherwise invalid."
            )
        if session.left <= timedelta():
            raise CredentialsError("ExpiredToken", "The provided token has expired.")
        return session.caller

    def secret(self, access_key_id: str) -> str:
        """The secret access key of a session or user that there is; "" of none."""
        with self._lock:
            session = self._sessions.get(access_key_id)
        if session is not None:
            return session.secret_access_key
        keys = (key for user in _users(access_key_id) for key in user.access_keys)
        return next((k.secret_access_key for k in keys if k.access_key_id == access_key_id), "")

    def clear(self) -> None:
        with self._lock:
            self._sessions.clear()


def _users(access_key_id: str) -> Iterator[User]:
    """The user, of whichever account, who has an access key."""
    for account in list(get_backend("iam").values()):
        user = account[PARTITION].get_user_from_access_key_id(access_key_id)
        if user is not None:
            yield user


def _user(access_key_id: str) -> Caller:
    for user in _users(access_key_id):
        principal = Principal(arn=user.arn, account=user.account_id)
        return Caller(principal=principal, unique_id=user.id)
    raise CredentialsError(
        "InvalidClientTokenId",
        f"The security token included in the request is invalid: the sandbox gave out no access "
        f"key {access_key_id!r}.",
    )


def _random(length: int) -> str:
    return "".join(secrets.choice(_KEY_ALPHABET) for _ in range(length))


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
