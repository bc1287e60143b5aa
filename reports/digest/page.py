"""Figures as one HTML page that loads nothing: read in a browser, on paper, or aloud."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from reports.digest import wording
from reports.digest.colours import readable, text_on
from reports.digest.definition import Definition
from reports.digest.figures import Figures
from reports.digest.runs import Run
from reports.digest.templates import render


def page(figures: Figures, definition: Definition, run: Run, files: Sequence[str]) -> str:
    """`files` are the names of the CSV files that lie beside it."""
    before = dataclasses.replace(
        run, period=run.period.before(definition.cadence, definition.timezone)
    )
    return render(
        "page.html.j2",
        figures=figures,
        definition=definition,
        brand=definition.brand,
        run=run,
        before=before,
        period=wording.period(run.period, run.timezone),
        period_before=wording.period(before.period, run.timezone),
        on_accent=text_on(definition.brand.accent),
        accent_on_light=readable(definition.brand.accent, "#ffffff"),
        accent_on_dark=readable(definition.brand.accent, "#161b22"),
        verdict=wording.verdict(figures),
        tiles=tuple(wording.tiles(figures)),
        differences=tuple(wording.differences(figures.changes)),
        files=files,
    )
