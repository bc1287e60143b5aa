"""One `up` in a process of its own: a stack's, or that of a program which makes a provider alone.

Imports nothing of the product before the stack's program does, so that the other is without it.
A language host starts Python for the program; the engine built from its module has none, and the
program is served to it by the process that starts it (`tests/support/pulumi_cli.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pulumi_aws as aws
from pulumi import automation


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the engine works for one stack; made of what can be handed to another process."""

    stack: str
    project: str
    folder: Path
    command: automation.PulumiCommand
    environment: Mapping[str, str]
    account: str
    region: str
    role: str


def up_of_member(place: Place) -> Mapping[str, int]:
    """What was done, by how many resources; the program is the project's own __main__.py."""
    program = import_module("fleet.deploy.program")
    return _up(place, lambda: program.run(place.folder))


def up_of_provider(place: Place) -> Mapping[str, int]:
    """The same of the least program that reaches an account: the member's provider."""

    def program() -> None:
        role = aws.ProviderAssumeRoleArgs(
            role_arn=f"arn:aws:iam::{place.account}:role/{place.role}", session_name="backup-org"
        )
        aws.Provider(
            "account",
            region=place.region,
            allowed_account_ids=[place.account],
            assume_roles=[role],
        )

    return _up(place, program)


def _up(place: Place, program: Callable[[], None]) -> Mapping[str, int]:
    stack = automation.create_or_select_stack(
        stack_name=place.stack,
        project_name=place.project,
        program=program,
        opts=automation.LocalWorkspaceOptions(
            work_dir=str(place.folder),
            pulumi_command=place.command,
            env_vars={"PULUMI_SKIP_UPDATE_CHECK": "1", **place.environment},
        ),
    )
    changes = stack.up(color="never").summary.resource_changes or {}
    return {str(getattr(op, "value", op)): count for op, count in changes.items()}
