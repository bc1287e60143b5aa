"""The CSV headers that AWS really writes, in the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from yaml import safe_load

from fleet.errors import ToldError
from fleet.settings_file import place_of, with_change
from stacks import load
from stacks.load import KEY, SettingsError


class HeadersRefused(ToldError):
    """Headers that settings do not take."""


def with_headers(
    project: Path, stack: str, headers: Mapping[str, Sequence[str]]
) -> tuple[Path, str]:
    """A stack's settings file, and its text with headers under reports.lake.headers; comments stay.
    Raises HeadersRefused."""

    def change(settings: Any) -> None:
        place = place_of(settings, "reports", "lake", "headers")
        for template, header in headers.items():
            place[template] = list(header)

    path, text = with_change(project, stack, change)
    _check(project, stack, text)
    return path, text


def _check(project: Path, stack: str, text: str) -> None:
    try:
        load.parse(stack, safe_load(text)["config"][KEY], project)
    except SettingsError as error:
        raise HeadersRefused(
            f"nothing is written, since with these headers {error}\n"
            "the headers of other templates are learnt with --template"
        ) from error
