"""The project to work on: Pulumi.yaml and customers' settings."""

from __future__ import annotations

import os
from pathlib import Path

from fleet.errors import ToldError
from stacks.load import CUSTOMERS

PROJECT = Path(__file__).resolve().parent.parent
"""The checkout: Pulumi.yaml and __main__.py."""

PROJECT_VARIABLE = "BACKUP_ORG_PROJECT"
"""Names the project to work on, such as the sandbox's own copy, wherever the shell stands."""


def current_project() -> Path:
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
