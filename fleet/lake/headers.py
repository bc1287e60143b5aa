"""The CSV headers that AWS really writes, in the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any, cast

from ruamel.yaml import YAML
from yaml import safe_load

from fleet.errors import ToldError
from stacks import load
from stacks.load import CUSTOMERS, KEY, SettingsError


class HeadersRefused(ToldError):
    """Headers that settings do not take."""


def with_headers(
    project: Path, stack: str, headers: Mapping[str, Sequence[str]]
) -> tuple[Path, str]:
    """A stack's settings file, and its text with headers under reports.lake.headers; comments stay.
    Raises HeadersRefused."""
    path = project / CUSTOMERS / f"Pulumi.{stack}.yaml"
    yaml = YAML()
    yaml.preserve_quotes = True
    document = cast(Any, yaml).load(path.read_text(encoding="utf-8"))
    place: Any = document["config"][KEY]
    for part in ("reports", "lake", "headers"):
        if place.get(part) is None:
            place[part] = {}
        place = place[part]
    for template, header in headers.items():
        place[template] = list(header)
    text = StringIO()
    cast(Any, yaml).dump(document, text)
    _check(project, stack, text.getvalue())
    return path, text.getvalue()


def _check(project: Path, stack: str, text: str) -> None:
    try:
        load.parse(stack, safe_load(text)["config"][KEY], project)
    except SettingsError as error:
        raise HeadersRefused(
            f"nothing is written, since with these headers {error}\n"
            "the headers of other templates are learnt with --template"
        ) from error
