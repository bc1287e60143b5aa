"""Organizations with AWS Backup: its delegated administrators and its policies."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from types import ModuleType
from typing import Any, cast

import moto.organizations.urls
from moto.core.exceptions import JsonRESTError
from moto.organizations import utils
from moto.organizations.exceptions import (
    ConstraintViolationException,
    InvalidInputException,
    PolicyTypeNotEnabledException,
)
from moto.organizations.models import (
    FakeAccount,
    FakeDelegatedAdministrator,
    FakeOrganization,
    FakePolicy,
    FakeRoot,
    OrganizationsBackend,
    organizations_backends,
)
from moto.organizations.responses import OrganizationsResponse
from moto.organizations.utils import make_random_account_id

from aws_sandbox.aws.backup_policies import backup_policy_problems
from aws_sandbox.aws.principals import iam_backend
from aws_sandbox.iam import PolicyDocument, PolicyError, Statement
from aws_sandbox.moto_changes.replacements import Replacements

BACKUP = "backup.amazonaws.com"
ADMINISTRATOR_ACCESS = "arn:aws:iam::aws:policy/AdministratorAccess"
BACKUP_POLICY_CHARACTERS = 10_000
"""AWS's limit on the content of a backup policy."""
SERVICE_CONTROL_POLICY, RESOURCE_CONTROL_POLICY = CONTROL_POLICIES = (
    "SERVICE_CONTROL_POLICY",
    "RESOURCE_CONTROL_POLICY",
)
CONTROL_POLICY_CHARACTERS = 5_120
CONTROLLED_SERVICES = ("kms", "s3")
"""Whose resources a resource control policy guards here; on AWS those of some more."""


_account_id: ContextVar[str] = ContextVar("account_id")


@contextmanager
def account_id(wanted: str) -> Generator[None]:
    """The account that is created meanwhile gets this id, and not a random one."""
    token = _account_id.set(wanted)
    try:
        yield
    finally:
        _account_id.reset(token)


def _wanted_account_id() -> str:
    return _account_id.get(None) or make_random_account_id()


class BackupPolicy(FakePolicy):
    """A BACKUP_POLICY, which moto lists as a type but cannot make."""

    def __init__(self, organization: FakeOrganization, **kwargs: Any) -> None:
        super().__init__(organization, **(kwargs | {"Type": "TAG_POLICY"}))
        self.type = "BACKUP_POLICY"
        self._arn_format = "arn:{0}:organizations::{1}:policy/{2}/backup_policy/{3}"


class SandboxOrganizationsBackend(OrganizationsBackend):
    """Moto's Organizations, with backup policies and accounts that can be administered."""

    @property
    def _url_module(self) -> ModuleType:
        return moto.organizations.urls

    def create_account(self, **kwargs: Any) -> dict[str, Any]:
        """A new account's role has AdministratorAccess, as AWS gives it."""
        status = super().create_account(**kwargs)
        account = self.accounts[-1]
        role = kwargs.get("RoleName", "OrganizationAccountAccessRole")
        iam_backend(account.id).attach_role_policy(ADMINISTRATOR_ACCESS, role)
        return status

    resource_policy = ""
    """The organization's own, in JSON, by which members may do what the management account may."""

    def put_resource_policy(self, content: str) -> dict[str, Any]:
        """Raises InvalidInputException where it is no policy with principals."""
        try:
            policy = PolicyDocument.parse("the resource policy", content)
        except PolicyError as error:
            raise InvalidInputException(str(error)) from error
        if not policy.names_principals:
            raise InvalidInputException("A statement of a resource policy needs a Principal.")
        self.resource_policy = content
        return self.describe_resource_policy()

    def describe_resource_policy(self) -> dict[str, Any]:
        if not self.resource_policy:
            raise ResourcePolicyNotFoundException
        return {"ResourcePolicy": {"Content": self.resource_policy}}

    def create_policy(self, **kwargs: Any) -> dict[str, Any]:
        check_control_policy(kwargs["Type"], kwargs["Content"])
        if kwargs["Type"] != "BACKUP_POLICY" or self.org is None:
            return super().create_policy(**kwargs)
        check_backup_policy(kwargs["Content"])
        super().create_policy(**(kwargs | {"Type": "TAG_POLICY"}))
        # BaseModel.__new__ hides from the type checker what it makes.
        policy = cast("BackupPolicy", BackupPolicy(self.org, **kwargs))
        self.policies[-1] = policy
        return policy.describe()

    def update_policy(self, **kwargs: Any) -> dict[str, Any]:
        kind, content = self.get_policy_by_id(kwargs["PolicyId"]).type, kwargs.get("Content")
        if content is not None:
            check_control_policy(kind, content)
        if kind == "BACKUP_POLICY":
            check_backup_policy(kwargs["Content"])
        return super().update_policy(**kwargs)

    def attach_policy(self, **kwargs: Any) -> None:
        policy = self.get_policy_by_id(kwargs["PolicyId"])
        enabled = policy.aws_managed or self._enabled(policy.type)
        if policy.type in ("BACKUP_POLICY", *CONTROL_POLICIES) and not enabled:
            raise PolicyTypeNotEnabledException
        super().attach_policy(**kwargs)

    def account(self, account_id: str) -> FakeAccount | None:
        """The member with this id, None for an account that is no member."""
        return next((member for member in self.accounts if member.id == account_id), None)

    def _enabled(self, policy_type: str) -> bool:
        roots = [unit for unit in self.ou if isinstance(unit, FakeRoot)]
        return any(held["Type"] == policy_type for root in roots for held in root.policy_types)


def check_control_policy(kind: str, content: str) -> None:
    """Refuses a service or resource control policy that is too long, or none; and of the latter
    what AWS does not take, or nothing here would ask."""
    if kind not in CONTROL_POLICIES:
        return
    if len(content) > CONTROL_POLICY_CHARACTERS:
        raise ConstraintViolationException(
            f"You have exceeded the allowed size of a policy: {len(content)} characters, the limit "
            f"is {CONTROL_POLICY_CHARACTERS}."
        )
    try:
        policy = PolicyDocument.parse("the policy", content)
    except PolicyError as error:
        raise MalformedPolicyDocumentException(str(error)) from error
    for statement in policy.statements:
        problem = _control_problem(statement, guards_resources=kind == RESOURCE_CONTROL_POLICY)
        if problem:
            raise MalformedPolicyDocumentException(f"{statement.place} {problem}")


def _control_problem(statement: Statement, *, guards_resources: bool) -> str:
    principals, actions = statement.principals, statement.actions
    if not guards_resources:
        return "has a Principal" if principals else ""
    if statement.allows:
        return "allows something"
    if principals is None or principals.negated or principals.names != ("*",):
        return "has another Principal than *"
    services = {action.partition(":")[0] for action in actions.names}
    if actions.negated or not services <= {*CONTROLLED_SERVICES}:
        return f"has other actions than those of {' and '.join(CONTROLLED_SERVICES)}"
    return ""


def check_backup_policy(content: str) -> None:
    """Refuses one that is too long or breaks the syntax of backup policies."""
    if len(content) > BACKUP_POLICY_CHARACTERS:
        raise ConstraintViolationException(
            f"You have exceeded the allowed size of a backup policy: {len(content)} characters, "
            f"the limit is {BACKUP_POLICY_CHARACTERS}."
        )
    problems = [*backup_policy_problems(content)]
    if problems:
        raise MalformedPolicyDocumentException("; ".join(problems))


class MalformedPolicyDocumentException(JsonRESTError):
    code = 400

    def __init__(self, message: str) -> None:
        super().__init__("MalformedPolicyDocumentException", message)


class ResourcePolicyNotFoundException(JsonRESTError):
    code = 400

    def __init__(self) -> None:
        super().__init__("ResourcePolicyNotFoundException", "There is no resource policy.")


class SandboxOrganizationsResponse(OrganizationsResponse):
    """Moto's, with the calls for the organization's resource policy."""

    def put_resource_policy(self) -> str:
        return json.dumps(self._sandbox.put_resource_policy(self.request_params["Content"]))

    def describe_resource_policy(self) -> str:
        return json.dumps(self._sandbox.describe_resource_policy())

    @property
    def _sandbox(self) -> SandboxOrganizationsBackend:
        return cast("SandboxOrganizationsBackend", self.organizations_backend)


def install_permanently(replacements: Replacements) -> None:
    services = [*FakeDelegatedAdministrator.SUPPORTED_SERVICES, BACKUP]
    replacements.replace(FakeDelegatedAdministrator, "SUPPORTED_SERVICES", services)
    replacements.replace(utils, "make_random_account_id", _wanted_account_id)
    replacements.replace(organizations_backends, "backend", SandboxOrganizationsBackend)
    dispatch = SandboxOrganizationsResponse.dispatch
    replacements.route(moto.organizations.urls, "{0}/$", dispatch)
