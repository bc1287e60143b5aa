"""Changes to a stack's settings file that leave its comments and its quotes as they are."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any, cast

from ruamel.yaml import YAML

from stacks.load import CUSTOMERS, KEY

_NEW = "# yaml-language-server: $schema=../settings.schema.json\nconfig:\n"


def with_change(project: Path, stack: str, change: Callable[[Any], None]) -> tuple[Path, str]:
    """The file, and its text once `change` has changed the object of settings in it, which is begun
    where all that the stack has is a row in its customer's table."""
    path = project / CUSTOMERS / f"Pulumi.{stack}.yaml"
    yaml = YAML()
    yaml.preserve_quotes = True
    document = cast(Any, yaml).load(path.read_text(encoding="utf-8") if path.exists() else _NEW)
    change(place_of(document, "config", KEY))
    text = StringIO()
    cast(Any, yaml).dump(document, text)
    return path, text.getvalue()


def place_of(settings: Any, *parts: str) -> Any:
    """The object there, which is made where it is not."""
    for part in parts:
        if settings.get(part) is None:
            settings[part] = {}
        settings = settings[part]
    return settings
