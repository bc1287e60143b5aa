"""The operations by name, as a response class of moto's."""

from collections.abc import Mapping
from typing import Any, cast

import moto.backup.urls
from botocore.model import StructureShape
from moto.backup.responses import BackupResponse
from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import ActionResult

from aws_sandbox.aws.backup import (
    backend,
    backup_jobs,
    copy_jobs,
    frameworks,
    plans,
    protected_resources,
    recovery_points,
    report_jobs,
    report_plans,
    restore_jobs,
    restore_testing,
    selections,
    settings,
    tags,
    vault_protection,
    vaults,
)
from aws_sandbox.aws.backup.errors import BackupError
from aws_sandbox.aws.backup.scope import Operation, Scope
from aws_sandbox.aws.backup.validation import validate
from aws_sandbox.aws.calls import service_model
from aws_sandbox.aws.context import RequestContext

OPERATIONS: Mapping[str, Operation] = {
    name: operation
    for module in (
        vaults,
        vault_protection,
        plans,
        selections,
        backup_jobs,
        copy_jobs,
        restore_jobs,
        recovery_points,
        protected_resources,
        restore_testing,
        frameworks,
        report_plans,
        report_jobs,
        settings,
        tags,
    )
    for name, operation in module.OPERATIONS.items()
}


class SandboxBackupResponse(BackupResponse):
    """Every operation of AWS Backup that the sandbox knows; another one raises its name."""

    def __init__(self) -> None:
        super().__init__()
        self.automated_parameter_parsing = True

    def call_action(self) -> TYPE_RESPONSE:
        name = self._get_action()
        operation = OPERATIONS.get(name)
        if operation is None:
            raise NotImplementedError(f"AWS Backup here has no {name}")
        shape = service_model("backup").operation_model(name).input_shape
        params = cast("Mapping[str, Any]", self.params)
        scope = Scope(
            account=self.current_account,
            region=self.region,
            services=RequestContext.of(self).services,
        )
        try:
            if shape is not None:
                validate(cast("StructureShape", shape), params)
            answer: object = operation(scope, params) or {}
        except BackupError as error:
            answer = error
        return self.serialized(ActionResult(answer))


def install() -> None:
    backend.install()
    moto.backup.urls.url_paths.clear()
    moto.backup.urls.url_paths["{0}/.*"] = SandboxBackupResponse.dispatch
