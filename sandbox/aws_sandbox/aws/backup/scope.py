"""Where an operation acts, and what it may use."""

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from moto.backup.models import backup_backends

from aws_sandbox.aws.backup.backend import SandboxBackupBackend, backend_of
from aws_sandbox.aws.context import Services

Params = Mapping[str, Any]
"""An operation's parameters, by the names in botocore's model."""


@dataclass(frozen=True, kw_only=True)
class Scope:
    """One account in one Region, with the sandbox's services."""

    account: str
    region: str
    services: Services

    @property
    def backend(self) -> SandboxBackupBackend:
        return backend_of(self.account, self.region)

    def all_regions(self) -> Iterator[SandboxBackupBackend]:
        """The account's state in each Region where it has any."""
        for backend in list(backup_backends[self.account].values()):
            yield cast("SandboxBackupBackend", backend)

    def now(self) -> datetime:
        """The time, naive and UTC as moto's serializers want it, in AWS's milliseconds."""
        now = self.services.clock().replace(tzinfo=None)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def uuid(self) -> str:
        return self.services.ids.uuid()

    def version_id(self) -> str:
        """An opaque version of a plan, 48 characters of base64 as AWS's are."""
        return base64.b64encode(self.uuid().encode()).decode()

    def emit(self, event: Mapping[str, Any]) -> None:
        self.services.emit(self.account, self.region, event)


Operation = Callable[[Scope, Params], Mapping[str, Any] | None]
"""An operation: its answer's members, None for an empty answer; BackupError for an error."""
