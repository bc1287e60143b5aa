"""What of the sandbox nothing reaches yet, with the open issue that will."""

from collections.abc import Iterable
from typing import Any, Literal

import yaml

from fleet.project import PROJECT

FILE = PROJECT / "sandbox" / "awaited.yaml"

Kind = Literal[
    "resource_types", "backup_operations", "permissions", "sql", "events", "automation_actions"
]


def complaints(kind: Kind, there: Iterable[str], reached: Iterable[str]) -> list[str]:
    """Why the sandbox's parts of a kind are not as they should be; nothing where all is well."""
    there, reached = set(there), set(reached)
    listed: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))[kind]
    return [
        *(f"{name}: nothing reaches it" for name in sorted(there - reached - listed.keys())),
        *(f"{name}: is awaited, and is not there" for name in sorted(listed.keys() - there)),
        *(f"{name}: is awaited, and is reached by now" for name in sorted(listed.keys() & reached)),
    ]
