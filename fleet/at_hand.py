"""What a command works with: the project around the current folder, and an engine."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from fleet.deployment import Engine
from fleet.engine import engine
from fleet.paths import PROJECT

console = Console(soft_wrap=True)


def tell(message: str) -> None:
    """A line as it is, without markup."""
    console.print(message, markup=False, highlight=False)


def project() -> Path:
    """The nearest folder upwards that has a Pulumi.yaml, else the checkout."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "Pulumi.yaml").is_file():
            return folder
    return PROJECT


def engine_here() -> Engine:
    """Finds, or makes, the Pulumi CLI."""
    return Engine(command=engine(tell), project=project())
