"""A picture of the next week's backups: a band a day, a bar for each run's start window."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

import svg

from fleet.plans.runs import Run

_LEFT, _WIDTH = 12.0, 86.0
"""Per cent: where midnight stands, and a day's width."""
_HEAD, _LANE, _DAYS = 44, 20, 7
_COLOURS = ("#0b5cad", "#b54708", "#027a48", "#6941c6", "#c11574", "#475467")
_STYLE = """
svg { font: 13px system-ui, sans-serif; background: #fff }
text { fill: #1d2939 } .quiet { fill: #667085; font-size: 11px }
line { stroke: #d0d5dd }
"""


def week(runs: Sequence[Run], first: date) -> str:
    """SVG as wide as its page, in UTC; places across are per cent, those down pixels."""
    plans = list(dict.fromkeys(run.plan for run in runs))
    tones = {plan: _COLOURS[at % len(_COLOURS)] for at, plan in enumerate(plans)}
    elements: list[svg.Element] = [
        svg.Style(text=_STYLE),
        _text("Backup plans, UTC", _per_cent(1), 18),
        *(_text(f"{hour:02}", _across(hour / 24), 36, "quiet") for hour in (0, 6, 12, 18)),
    ]
    top = _HEAD
    for number in range(_DAYS):
        day = first + timedelta(days=number)
        today = _distinct([run for run in runs if run.at.astimezone(UTC).date() == day])
        height = max(1, len(today)) * _LANE + 6
        elements += [
            svg.Line(x1=0, x2=_per_cent(100), y1=top, y2=top),
            _text(f"{day:%a} {day.day}", _per_cent(1), top + 16),
            *(
                part
                for lane, run in enumerate(today)
                for part in _bar(run, day, top + 3 + lane * _LANE, tones)
            ),
        ]
        top += height
    for number, plan in enumerate(plans):
        y = top + 10 + number * _LANE
        elements += [
            svg.Rect(x=_per_cent(1), y=y, width=12, height=12, rx=2, fill=tones[plan]),
            _text(plan, _per_cent(6), y + 11),
        ]
    drawing = svg.SVG(width=_per_cent(100), height=top + 16 + len(plans) * _LANE, elements=elements)
    return drawing.as_str()


def _distinct(runs: Sequence[Run]) -> list[Run]:
    """One of stacks that run alike."""
    return list({(run.at, run.plan, run.rule): run for run in runs}.values())


def _bar(run: Run, day: date, y: int, tones: dict[str, str]) -> list[svg.Element]:
    midnight = datetime.combine(day, time(), UTC)
    start = (run.at - midnight).total_seconds() / 86_400
    long = min(run.start_window_minutes / 1440, 1 - start)
    said = f"{run.plan}/{run.rule} {run.at:%H:%M %Z}, starts within {run.start_window_minutes} min"
    late = start > 0.6  # the label would leave the picture
    label = _text(
        run.rule,
        _across(start - 0.01 if late else start + 0.01),
        y + 12,
        anchor="end" if late else "start",
    )
    return [
        svg.Rect(
            x=_across(start),
            y=y,
            width=_per_cent(long * _WIDTH),
            height=_LANE - 4,
            rx=3,
            fill=tones[run.plan],
            fill_opacity=0.3,
            elements=[svg.Title(text=said)],
        ),
        svg.Rect(x=_across(start), y=y, width=3, height=_LANE - 4, fill=tones[run.plan]),
        label,
    ]


def _across(share: float) -> svg.Length:
    return _per_cent(_LEFT + _WIDTH * share)


def _per_cent(value: float) -> svg.Length:
    return svg.Length(round(value, 2), "%")


def _text(
    text: str, x: svg.Length, y: int, kind: str = "", anchor: Literal["start", "end"] = "start"
) -> svg.Text:
    return svg.Text(text=text, x=x, y=y, class_=[kind] if kind else None, text_anchor=anchor)
