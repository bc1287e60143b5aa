"""The project to work on: Pulumi.yaml and customers' settings."""

from __future__ import annotations

import os
import re
from pathlib import Path

from fleet.errors import ToldError
from stacks.load import CUSTOMERS

PROJECT = Path(__file__).resolve().parent.parent
"""The checkout: Pulumi.yaml and __main__.py."""

_FILE, _NAME = "Pulumi.yaml", "backup-org"

PROJECT_VARIABLE = "BACKUP_ORG_PROJECT"
"""Names the project to work on, such as the sandbox's own copy, wherever the shell stands."""


def current_project() -> Path:
    """The one that is named in the environment, else the nearest folder upwards that has a
    Pulumi.yaml, else the checkout. Raises ToldError where that is no project of backup-org's."""
    named = os.environ.get(PROJECT_VARIABLE)
    if not named:
        return nearest_project()
    if not (Path(named) / CUSTOMERS).is_dir():
        raise ToldError(f"{PROJECT_VARIABLE} names {named}, which has no folder {CUSTOMERS}")
    return Path(named)


def nearest_project() -> Path:
    """The nearest folder upwards that has a Pulumi.yaml, else the checkout. Raises ToldError where
    that is another project than backup-org's."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / _FILE).is_file():
            if not _is_ours(folder):
                raise ToldError(
                    f"{folder} is another Pulumi project: {_FILE} there has another name than "
                    f"{_NAME}, or there is no folder {CUSTOMERS}; go to a checkout of backup-org, "
                    f"or name one: export {PROJECT_VARIABLE}={PROJECT}"
                )
            return folder
    return PROJECT


def _is_ours(folder: Path) -> bool:
    text = (folder / _FILE).read_text(encoding="utf-8", errors="replace")
    named = re.search(r"^name:\s*[\"']?([\w.-]+)", text, re.MULTILINE)
    return named is not None and named[1] == _NAME and (folder / CUSTOMERS).is_dir()
