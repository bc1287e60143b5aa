"""A drill's record as a page for auditors, in the manner of the report's."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from fleet.drill.record import DrillRecord, Incident, Step
from reports.digest.colours import readable, text_on
from reports.digest.definition import Brand
from reports.digest.page import DARK, LIGHT
from reports.digest.templates import render_of
from reports.digest.wording import Tone, duration

NOT_PROVEN = (
    "That the data of any other resource can be restored: the instance was made for the drill and "
    "holds nothing but its operating system. Restore tests try the resources themselves.",
    "How long a restore of something larger takes.",
    "That an application works on what was restored: the status checks of EC2 passed, no more.",
    "The way back from another account's vault or another Region: see docs/recover.md.",
    "That anyone reads the incident and acts on it.",
)
"""Said on every page."""
_TONES: dict[str, Tone] = {"Success": "good", "Pending": "plain", "Cancelled": "warn"}


def page(record: DrillRecord) -> str:
    """Loads nothing, and has no scripts."""
    brand = Brand(name=record.customer)
    return render_of(
        Path(__file__).parent,
        "page.html.j2",
        record=record,
        brand=brand,
        on_accent=text_on(brand.accent),
        accent_on_light=readable(brand.accent, LIGHT),
        accent_on_dark=readable(brand.accent, DARK),
        tone=_tone,
        at=_at,
        took=_took,
        why=_why,
        followed=_followed(record.incident),
        not_proven=NOT_PROVEN,
    )


def _tone(step: Step) -> Tone:
    return _TONES.get(step.status, "bad")


def _at(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else ""


def _took(start: datetime | None, end: datetime | None) -> str:
    return duration((end - start).total_seconds()) if start and end else ""


def _why(step: Step) -> str:
    """The last line of a traceback is what was raised; JSON has all of it."""
    lines = step.message.strip().splitlines()
    return lines[-1] if lines else ""


def _followed(incident: Incident | None) -> str:
    """How long from the incident's opening to its end."""
    return _took(incident.opened_at, incident.resolved_at) if incident else ""
