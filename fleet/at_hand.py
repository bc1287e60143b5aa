"""What a command works with: the project around the current folder, and an engine."""

from __future__ import annotations

import os
from pathlib import Path

from rich.console import Console

from fleet.deploy.deployment import Engine
from fleet.engine import engine
from fleet.errors import ToldError
from fleet.paths import PROJECT
from stacks.load import CUSTOMERS

# Without markup: what is printed comes from AWS and from settings, brackets and all.
console = Console(soft_wrap=True, markup=False)
_asides = Console(soft_wrap=True, markup=False, stderr=True)

PROJECT_VARIABLE = "BACKUP_ORG_PROJECT"
"""Names the project to work on, such as the sandbox's own copy, wherever the shell stands."""


def tell(message: str) -> None:
    """A line as it is, without markup, beside what the command prints for others to read."""
    _asides.print(message, highlight=False)


def project() -> Path:
    """The one that is named in the environment, else the nearest folder upwards that has a
    Pulumi.yaml, else the checkout."""
    named = os.environ.get(PROJECT_VARIABLE)
    if named:
        if not (Path(named) / CUSTOMERS).is_dir():
            raise ToldError(f"{PROJECT_VARIABLE} names {named}, which has no folder {CUSTOMERS}")
        return Path(named)
    return nearest_project()


def nearest_project() -> Path:
    """The nearest folder upwards that has a Pulumi.yaml, else the checkout."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "Pulumi.yaml").is_file():
            return folder
    return PROJECT


def engine_here() -> Engine:
    """Finds, or makes, the Pulumi CLI."""
    return Engine(command=engine(tell), project=project())
