"""The front page of an archive of evidence, in the manner of the report's."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fleet.evidence.controls import ShownControl
from fleet.evidence.deviations import Deviation
from fleet.evidence.facts import Found
from fleet.evidence.manifest import Key
from fleet.evidence.scope import Scope
from reports.digest import wording
from reports.digest.colours import readable, text_on
from reports.digest.page import DARK, LIGHT
from reports.digest.templates import render_of

ROWS = 100
"""Of a table; files have the others."""


def page(
    scope: Scope,
    found: Found,
    *,
    facts: Mapping[str, str],
    controls: Sequence[ShownControl],
    deviations: Sequence[Deviation],
    missing: Sequence[str],
    names: Sequence[str],
    key: Key,
    made_by: str,
) -> str:
    """`names` of the files beside it."""
    brand = scope.definition.brand
    return render_of(
        Path(__file__).parent,
        "page.html.j2",
        brand=brand,
        on_accent=text_on(brand.accent),
        accent_on_light=readable(brand.accent, LIGHT),
        accent_on_dark=readable(brand.accent, DARK),
        period=wording.period(scope.run.period, scope.run.timezone),
        timezone=scope.run.timezone,
        found=found,
        facts=facts,
        controls=controls,
        deviations=deviations,
        missing=missing,
        names=sorted(names),
        rows=ROWS,
        said=_said,
        key=key,
        made_at=scope.now,
        made_by=made_by,
        tool_version=version("backup-org"),
    )


def _said(value: Any) -> str:
    """A side of a difference."""
    if value is None:
        return "none"
    if isinstance(value, str):
        return value
    return json.dumps(value, default=str)
