"""IAM with AWS's managed policies at hand and service-linked roles named as AWS names them."""

import json
from collections.abc import Mapping
from functools import cache
from types import ModuleType
from typing import Any

import moto.iam.urls
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.exceptions import InvalidInput
from moto.iam.models import AWSManagedPolicy, IAMBackend, ManagedPolicy, Role, iam_backends

from aws_sandbox.moto_changes.replacements import Replacements

_AWS_POLICY = "arn:aws:iam::aws:policy"
_SERVICE_LINKED: Mapping[str, tuple[str, str]] = {
    "backup.amazonaws.com": (
        "AWSServiceRoleForBackup",
        "AWSBackupServiceLinkedRolePolicyForBackup",
    ),
    "reports.backup.amazonaws.com": (
        "AWSServiceRoleForBackupReports",
        "AWSServiceRolePolicyForBackupReports",
    ),
    "restore-testing.backup.amazonaws.com": (
        "AWSServiceRoleForBackupRestoreTesting",
        "AWSServiceRolePolicyForBackupRestoreTesting",
    ),
}
"""Service → its linked role and the managed policy on it (AWS Backup Developer Guide)."""


@cache
def _aws_policies() -> Mapping[str, tuple[str, Mapping[str, Any]]]:
    """AWS's managed policies: ARN → name and data, as moto ships them."""
    policies: dict[str, dict[str, Any]] = json.loads(aws_managed_policies_data)
    return {f"{_AWS_POLICY}{data['Path']}{name}": (name, data) for name, data in policies.items()}


class SandboxIAMBackend(IAMBackend):
    """Moto can hold AWS's 1,500 managed policies in every account or in none; here an account
    gets one when it first asks for it."""

    @property
    def _url_module(self) -> ModuleType:
        return moto.iam.urls

    def attach_role_policy(self, policy_arn: str, role_name: str) -> None:
        self._provide(policy_arn)
        super().attach_role_policy(policy_arn, role_name)

    def attach_group_policy(self, policy_arn: str, group_name: str) -> None:
        self._provide(policy_arn)
        super().attach_group_policy(policy_arn, group_name)

    def attach_user_policy(self, policy_arn: str, user_name: str) -> None:
        self._provide(policy_arn)
        super().attach_user_policy(policy_arn, user_name)

    def get_policy(self, policy_arn: str) -> ManagedPolicy:
        self._provide(policy_arn)
        return super().get_policy(policy_arn)

    def create_service_linked_role(self, service_name: str, description: str, suffix: str) -> Role:
        if service_name not in _SERVICE_LINKED:
            return super().create_service_linked_role(service_name, description, suffix)
        name, policy = _SERVICE_LINKED[service_name]
        if self._has_role(name):
            raise InvalidInput(f"Service role name {name} has been taken in this account.")
        role = super().create_service_linked_role(service_name, description, suffix)
        role.name = name
        self.attach_role_policy(f"{_AWS_POLICY}/aws-service-role/{policy}", name)
        return role

    def provide_service_linked_role(self, service_name: str) -> None:
        """Creates a service-linked role unless it exists, as an AWS service does by itself."""
        name, _ = _SERVICE_LINKED[service_name]
        if not self._has_role(name):
            self.create_service_linked_role(service_name, "", "")

    def _has_role(self, name: str) -> bool:
        return any(role.name == name for role in self.get_roles())

    def _provide(self, policy_arn: str) -> None:
        if policy_arn in self.managed_policies or policy_arn not in _aws_policies():
            return
        name, data = _aws_policies()[policy_arn]
        policy = AWSManagedPolicy.from_data(name, self.account_id, self.region_name, dict(data))
        self.aws_managed_policies.append(policy)
        self.managed_policies[policy_arn] = policy


def install_permanently(replacements: Replacements) -> None:
    replacements.replace(iam_backends, "backend", SandboxIAMBackend)
