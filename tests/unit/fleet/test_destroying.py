"""A destroy that stops halfway tells what it has left by then: the next one knows it no more."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pulumi import automation
from pulumi.automation import CommandResult, PulumiCommand
from pulumi.automation.errors import CommandError

from fleet.deploy.deployment import Deployment, Engine, StackFailed


class HalfDestroyed:
    """A stack with these two keys, the first of which is out of the state when the engine fails."""

    def __init__(self) -> None:
        self.resources = [kept("reports"), kept("lake")]

    def export_stack(self) -> automation.Deployment:
        return automation.Deployment(version=3, deployment={"resources": self.resources})

    def preview_destroy(self, **_: Any) -> None:
        """Foresees nothing."""

    def destroy(self, **_: Any) -> None:
        del self.resources[0]
        raise CommandError(CommandResult(stdout="", stderr="error: stopped", code=255))


def kept(name: str) -> Mapping[str, Any]:
    return {
        "urn": f"urn:pulumi:acme-audit::backup-org::aws:kms/key:Key::{name}",
        "type": "aws:kms/key:Key",
        "custom": True,
        "retainOnDelete": True,
        "id": name,
        "outputs": {"arn": f"arn:aws:kms:eu-central-1:222222222222:key/{name}"},
    }


def test_what_is_left_by_then_is_told_with_the_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = HalfDestroyed()

    def selected(**_: Any) -> HalfDestroyed:
        return stack

    monkeypatch.setattr(automation, "select_stack", selected)
    command = cast(PulumiCommand, SimpleNamespace(command="pulumi", version=None))
    deployment = Deployment(Engine(command=command), "acme-audit")
    with pytest.raises(StackFailed) as caught:
        deployment.destroy()
    assert caught.value.messages == [
        "stopped",
        "left in the account: aws:kms/key:Key reports: "
        "arn:aws:kms:eu-central-1:222222222222:key/reports (222222222222, eu-central-1)",
    ]
