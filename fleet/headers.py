"""Learning the CSV headers that AWS really writes: from withheld reports into settings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, cast

from ruamel.yaml import YAML
from yaml import safe_load

from fleet.dead_letters import DeadLetter
from fleet.errors import ToldError
from stacks import load
from stacks.load import CUSTOMERS, KEY, SettingsError


class HeadersRefused(ToldError):
    """Headers that settings do not take."""


@dataclass(frozen=True, kw_only=True)
class Observed:
    """A header that withheld reports of a template have."""

    template: str
    header: Sequence[str]
    expected: Sequence[str]
    """The raw table's columns."""
    keys: Sequence[str]
    """Of the reports that have it."""


def observed(letters: Iterable[DeadLetter]) -> list[Observed]:
    """The headers among dead letters that keep raw tables from reading, newest report last."""
    found: dict[tuple[str, str], list[DeadLetter]] = {}
    for letter in letters:
        attributes = letter.attributes
        if attributes.get("Header") and attributes.get("Reason", "").startswith("column "):
            found.setdefault((attributes["Template"], attributes["Header"]), []).append(letter)
    return sorted(
        (
            Observed(
                template=template,
                header=json.loads(header),
                expected=json.loads(of_it[0].attributes["Expected"]),
                keys=sorted(letter.attributes["Key"] for letter in of_it),
            )
            for (template, header), of_it in found.items()
        ),
        key=lambda observed: observed.keys[-1],
    )


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
