"""The state of AWS Backup in one account and Region: what moto keeps, and what it lacks."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any, cast

import moto.backup.urls
from moto.backup.models import BackupBackend, backup_backends

Document = dict[str, Any]
"""A thing in the shape in which the API gives it back."""


class SandboxBackupBackend(BackupBackend):
    """Moto's backend with every collection that the sandbox's operations keep."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.vault_documents: dict[str, Document] = {}
        self.recovery_points: dict[str, dict[str, Document]] = {}
        """Vault name → recovery point ARN → recovery point."""
        self.plan_versions: dict[str, list[Document]] = {}
        """Plan id → its versions, the current one last."""
        self.selections: dict[str, dict[str, Document]] = {}
        """Plan id → selection id → selection."""
        self.frameworks: dict[str, Document] = {}
        self.report_plan_documents: dict[str, Document] = {}
        self.report_jobs: dict[str, Document] = {}
        self.restore_testing_plans: dict[str, Document] = {}
        self.restore_testing_selections: dict[str, dict[str, Document]] = {}
        """Restore testing plan name → selection name → selection."""
        self.backup_jobs: dict[str, Document] = {}
        self.held_resources: dict[str, str] = {}
        """Those whose backups stay in a state, CREATED or RUNNING, until they are told to go on;
        `*` stands for all."""
        self.copy_jobs: dict[str, Document] = {}
        self.restore_jobs: dict[str, Document] = {}
        self.global_settings: Document = {}
        self.region_settings: Document = {}

    @property
    def _url_module(self) -> ModuleType:
        return moto.backup.urls

    def arn(self, kind: str, name: str) -> str:
        """`arn:aws:backup:<Region>:<account>:<kind>:<name>`."""
        return f"arn:{self.partition}:backup:{self.region_name}:{self.account_id}:{kind}:{name}"

    def held_at(self, resource_arn: str) -> str:
        """The state that a resource's jobs stay in; empty where they go on."""
        return self.held_resources.get(resource_arn) or self.held_resources.get("*", "")

    def tags(self, arn: str) -> dict[str, str]:
        return self.tagger.get_tag_dict_for_resource(arn)

    def taggable(self) -> Iterator[str]:
        """The ARNs of everything that can carry tags."""
        for vault in self.vault_documents.values():
            yield vault["BackupVaultArn"]
        for versions in self.plan_versions.values():
            if "DeletionDate" not in versions[-1]:
                yield versions[-1]["BackupPlanArn"]
        for framework in self.frameworks.values():
            yield framework["FrameworkArn"]
        for plan in self.report_plan_documents.values():
            yield plan["ReportPlanArn"]
        for plan in self.restore_testing_plans.values():
            yield plan["RestoreTestingPlanArn"]
        for points in self.recovery_points.values():
            yield from points


def backend_of(account: str, region: str) -> SandboxBackupBackend:
    """The state of an account in a Region; LookupError for a Region without AWS Backup."""
    return cast("SandboxBackupBackend", backup_backends[account][region])
