"""AWS Backup, of which moto has little: all that the sandbox answers, on moto's own backends."""

from collections.abc import Mapping
from typing import Any, cast

import moto.backup.urls
from botocore.model import StructureShape
from moto.backup.models import backup_backends
from moto.backup.responses import BackupResponse
from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import ActionResult

from aws_sandbox.aws.api_calls import service_model
from aws_sandbox.aws.backup import (
    api,
    audit_manager,
    copies,
    jobs,
    plans,
    restores,
    settings,
    vaults,
)
from aws_sandbox.aws.backup.api import BackupApi, BackupError, Operation, validate
from aws_sandbox.aws.backup.state import SandboxBackupBackend
from aws_sandbox.aws.context import RequestContext
from aws_sandbox.moto_changes.replacements import Replacements

OPERATIONS: Mapping[str, Operation] = {
    name: operation
    for module in (api, vaults, plans, jobs, copies, restores, audit_manager, settings)
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
        called = BackupApi(
            account=self.current_account,
            region=self.region,
            services=RequestContext.of(self).services,
        )
        try:
            if shape is not None:
                validate(cast("StructureShape", shape), params)
            answer: object = operation(called, params) or {}
        except BackupError as error:
            answer = error
        return self.serialized(ActionResult(answer))


def install_permanently(replacements: Replacements) -> None:
    replacements.replace(backup_backends, "backend", SandboxBackupBackend)
    paths = {"{0}/.*": SandboxBackupResponse.dispatch}
    replacements.replace(moto.backup.urls, "url_paths", paths)
