"""The commands that deploy templates: stack sets to the units, stacks where these do not reach."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fleet.bootstrap.template import DIRECT, Template


@dataclass(frozen=True, kw_only=True)
class OneStack:
    """A template for one account."""

    template: Template
    where: str
    """The account, as people are told."""
    stack: str
    region: str

    def lines(self, folder: Path) -> Iterator[str]:
        yield f"# In {self.where}:"
        yield _command(
            "create-stack",
            f"--region {self.region}",
            f"--stack-name {self.stack}",
            *_body(self.template, folder),
        )


@dataclass(frozen=True, kw_only=True)
class StackSet:
    """A template for all accounts of the units, but those that are passed over."""

    template: Template
    name: str
    region: str
    units: Sequence[str]
    regions: Sequence[str]
    passed_over: Sequence[str]
    keeps_what_leaves: bool
    """Whether an account that leaves the units keeps what it has."""

    def lines(self, folder: Path) -> Iterator[str]:
        kept = str(self.keeps_what_leaves).lower()
        yield _command(
            "create-stack-set",
            f"--region {self.region}",
            f"--stack-set-name {self.name}",
            *_body(self.template, folder),
            "--permission-model SERVICE_MANAGED",
            f"--auto-deployment Enabled=true,RetainStacksOnAccountRemoval={kept}",
            "--managed-execution Active=true",
        )
        targets = f"OrganizationalUnitIds={','.join(self.units)}"
        if self.passed_over:
            targets += f",Accounts={','.join(self.passed_over)},AccountFilterType=DIFFERENCE"
        yield _command(
            "create-stack-instances",
            f"--region {self.region}",
            f"--stack-set-name {self.name}",
            f"--deployment-targets {targets}",
            f"--regions {' '.join(self.regions)}",
            "--operation-preferences FailureTolerancePercentage=10,MaxConcurrentPercentage=25",
        )


def _body(template: Template, folder: Path) -> Iterator[str]:
    file = folder / f"{template.name}.yaml"
    if len(template.text.encode()) > DIRECT:
        yield f'--template-url "$TEMPLATES/{file.name}"'
    else:
        yield f"--template-body {shlex.quote(f'file://{file}')}"
    if template.makes_roles:
        yield "--capabilities CAPABILITY_NAMED_IAM"


def _command(name: str, *options: str) -> str:
    return " \\\n  ".join([f"aws cloudformation {name}", *options])
