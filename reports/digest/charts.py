"""The report's charts as inline SVG, whose colours and fonts are those of the page's style sheet.

They have no viewBox: places across are percentages and those down are pixels, so that a chart is
as wide as its column, on a phone too, and its text stays as large as text. svg.py escapes nothing;
`_text` and `_titled` do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import groupby

import svg
from markupsafe import Markup, escape

from reports.digest import wording
from reports.digest.figures import AccountDay, Day

Say = Callable[[float], str]

_LEFT, _RIGHT = 7.0, 99.5
"""Per cent of the width between which days stand; left of it are the scale's labels."""
_DAYS = 7
"""Days are as wide as those of a week at most, so that one alone is no wall."""
_LABELS = 10
"""So many days have their name below a chart at most."""
_UNSPOKEN = {"aria-hidden": "true"}
"""What beside it says the same in words."""
_HEAT = (0, 0.02, 0.1, 0.3)
"""Shares of failed jobs above which a day is one step darker."""


def success_by_day(days: Sequence[Day]) -> Markup:
    """Two panels over the same days, since beside thousands of jobs a few failures are no line."""
    ended = [day.succeeded + day.with_issues + day.failed for day in days]
    parts: list[Callable[[Day], int]] = [
        lambda day: day.succeeded,
        lambda day: day.with_issues,
        lambda day: day.running,
    ]
    upper = _bars(days, parts, ("good", "warn", "running"), top=26, height=120)
    lower = _bars(days, [lambda day: day.failed], ("bad",), top=196, height=64)
    worst = max(days, key=lambda day: day.failed)
    said = f"{sum(ended):,} jobs ended on {wording.counted(len(days), 'day')}. " + (
        f"Most failures, {worst.failed:,}, were on {wording.day(worst.day)}."
        if worst.failed
        else "None failed."
    )
    return _picture(
        "success-by-day",
        ("Jobs by day, and failed jobs by day", said),
        284,
        [
            _text("Jobs that did not fail", 0, 12, "panel"),
            *upper,
            _text("Failed jobs", 0, 182, "panel"),
            *lower,
            *_days_below(days, 278),
        ],
    )


def trend(
    name: str, title: str, days: Sequence[Day], value: Callable[[Day], float | None], say: Say
) -> Markup:
    """A line, broken where a day has no value."""
    points = [(at, value(day)) for at, day in enumerate(days)]
    known = [(at, height) for at, height in points if height is not None]
    if not known:
        return _picture(
            name, (title, "No day has a value."), 40, [_text(wording.UNKNOWN, 0, 24, "scale")]
        )
    top, height = 12, 120
    ticks = _ticks(max(y for _, y in known), 60 if say is wording.duration else 1)

    def down(y: float) -> float:
        return 1 - y / (ticks[-1] or 1)

    runs = [
        [point for _, point in run]
        for _, run in groupby(enumerate(known), key=lambda pair: pair[1][0] - pair[0])
    ]
    lines = [_line([(_middle(at, len(days)), down(y)) for at, y in run]) for run in runs]
    dots = [
        _titled(
            svg.Circle(
                cx=_percent(_middle(at, len(days))),
                cy=_round(top + height * down(y)),
                r=3.5,
                class_=["dot"],
            ),
            f"{wording.day(days[at].day)}: {say(y)}",
        )
        for at, y in known
    ]
    (_, first), (last_at, last) = known[0], known[-1]
    most = max(y for _, y in known)
    said = (
        f"{say(first)} at the beginning, {say(last)} on {wording.day(days[last_at].day)}, "
        f"{say(most)} at the most."
    )
    plot = svg.SVG(
        xmlns=None,
        y=top,
        height=height,
        width=_percent(100),
        viewBox=svg.ViewBoxSpec(0, 0, 100, 1),
        preserveAspectRatio=svg.PreserveAspectRatio("none"),
        elements=[part for line in lines for part in line],
    )
    return _picture(
        name,
        (title, said),
        top + height + 24,
        [*_grid(ticks, top, height, say), plot, *dots, *_days_below(days, top + height + 18)],
    )


def strip(cells: Sequence[AccountDay], said: str) -> Markup:
    """A row of the heat map, a cell a day; `said` tells it in words."""
    width = 100 / max(len(cells), _DAYS)
    drawn = [
        _titled(
            svg.Rect(
                x=_percent(at * width),
                y=0,
                width=_percent(width * 0.92),
                height=18,
                rx=2,
                class_=[f"heat-{heat(cell)}"],
            ),
            _cell(cell),
        )
        for at, cell in enumerate(cells)
    ]
    return _svg("strip", 18, drawn, {"role": "img", "aria-label": str(escape(said))})


def strip_days(days: Sequence[date]) -> Markup:
    """The days above the heat map's strips; each strip tells them in words."""
    step = math.ceil(len(days) / 5)
    labels: list[svg.Element] = [
        _text(str(day.day), _percent(at * 100 / max(len(days), _DAYS)), 12, "scale")
        for at, day in enumerate(days)
        if at % step == 0
    ]
    return _svg("strip", 16, labels, _UNSPOKEN)


def share(part: float, tone: str) -> Markup:
    """A bar as long as a share of its line; the number stands beside it."""
    bar = svg.Rect(width=_percent(100 * part), height=6, rx=3, class_=[tone])
    whole = svg.Rect(width=_percent(100), height=6, rx=3, class_=["whole"])
    return _svg("share", 6, [whole, bar], _UNSPOKEN)


def heat(cell: AccountDay) -> str:
    """The name of its step: none where no job ended, else 0 to 4."""
    ended = cell.succeeded + cell.failed
    if not ended:
        return "none"
    return str(sum(cell.failed / ended > least for least in _HEAT))


def _cell(cell: AccountDay) -> str:
    ended = cell.succeeded + cell.failed
    if not ended:
        return f"{cell.day.day} {cell.day:%b}: no job ended"
    return f"{cell.day.day} {cell.day:%b}: {cell.failed:,} of {ended:,} failed"


def _bars(
    days: Sequence[Day],
    parts: Sequence[Callable[[Day], int]],
    tones: Sequence[str],
    *,
    top: int,
    height: int,
) -> Iterator[svg.Element]:
    """Stacked, the first part at the bottom."""
    ticks = _ticks(max(sum(part(day) for part in parts) for day in days), 1)
    yield from _grid(ticks, top, height, lambda value: f"{value:,.0f}")
    wide = _wide(len(days))
    for at, day in enumerate(days):
        bottom = float(top + height)
        bars: list[svg.Element] = []
        for part, tone in zip(parts, tones, strict=True):
            if tall := height * part(day) / (ticks[-1] or 1):
                bottom -= tall
                bars.append(
                    svg.Rect(
                        x=_percent(_LEFT + (at + 0.12) * wide),
                        y=_round(bottom),
                        width=_percent(wide * 0.76),
                        height=_round(tall),
                        class_=[tone],
                    )
                )
        said = (
            f"{wording.day(day.day)}: {day.succeeded:,} succeeded, {day.with_issues:,} with issues,"
            f" {day.failed:,} failed, {day.running:,} running"
        )
        yield _titled(svg.G(elements=bars), said)


def _line(points: Sequence[tuple[float, float]]) -> tuple[svg.Element, svg.Element]:
    """Of (per cent across, share down), and the area below it."""
    (first, _), (last, _) = points[0], points[-1]
    steps: list[svg.PathData] = [svg.LineTo(_round(x), round(y, 4)) for x, y in points]
    start = svg.MoveTo(_round(first), round(points[0][1], 4))
    below = [svg.MoveTo(_round(first), 1), *steps, svg.LineTo(_round(last), 1), svg.ClosePath()]
    return (
        svg.Path(d=below, class_=["area"]),
        svg.Path(d=[start, *steps[1:]], class_=["line"], vector_effect="non-scaling-stroke"),
    )


def _grid(ticks: Sequence[float], top: int, height: int, say: Say) -> Iterator[svg.Element]:
    """A line for each tick, its label on the line's left end."""
    for tick in ticks:
        y = _round(top + height * (1 - tick / (ticks[-1] or 1)))
        yield svg.Line(x1=0, x2=_percent(100), y1=y, y2=y, class_=["axis" if tick == 0 else "grid"])
        if tick:
            yield _text(say(tick), 0, y + 12, "scale")


def _ticks(most: float, unit: float) -> Sequence[float]:
    """From zero to at least `most` in two or three even steps of 1, 2 or 5 times a power of ten."""
    if most <= 0:
        return (0, unit)
    rough = max(most / unit / 3, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = unit * next(power * by for by in (1, 2, 5, 10) if power * by >= rough)
    return [step * number for number in range(math.ceil(most / step) + 1)]


def _days_below(days: Sequence[Day], y: int) -> Iterator[svg.Element]:
    step = math.ceil(len(days) / _LABELS)
    for at, day in enumerate(days):
        if at % step == 0:
            label = f"{day.day.day} {day.day:%b}" if at == 0 or day.day.day <= step else day.day.day
            yield _text(str(label), _percent(_middle(at, len(days))), y, "scale", middle=True)


def _middle(at: int, of: int) -> float:
    """Of a day, in per cent of the width."""
    return _LEFT + (at + 0.5) * _wide(of)


def _wide(days: int) -> float:
    """A day, in per cent of the width."""
    return (_RIGHT - _LEFT) / max(days, _DAYS)


def _picture(
    name: str, words: tuple[str, str], height: int, elements: Sequence[svg.Element]
) -> Markup:
    """With a title and a description in words, for who does not see it."""
    title, said = (str(escape(text)) for text in words)
    spoken = [
        svg.Title(id=f"{name}-title", text=title),
        svg.Desc(id=f"{name}-desc", text=said),
    ]
    named = {"role": "img", "aria-labelledby": f"{name}-title {name}-desc"}
    return _svg("chart", height, [*spoken, *elements], named)


def _svg(kind: str, height: int, elements: Sequence[svg.Element], extra: dict[str, str]) -> Markup:
    drawn = svg.SVG(
        xmlns=None,
        width=_percent(100),
        height=height,
        class_=[kind],
        extra=extra,
        elements=list(elements),
    )
    return Markup(drawn.as_str())  # noqa: S704  # all texts went through `escape`


def _titled(element: svg.Element, title: str) -> svg.Element:
    """With what shows while a pointer rests on it."""
    element.elements = [svg.Title(text=str(escape(title))), *(element.elements or [])]
    return element


def _text(
    text: str, x: svg.Length | int, y: float, kind: str, *, middle: bool = False
) -> svg.Element:
    anchor = "middle" if middle else None
    return svg.Text(x=x, y=y, text=str(escape(text)), class_=[kind], text_anchor=anchor)


def _percent(value: float) -> svg.Length:
    return svg.Length(_round(value), "%")


def _round(value: float) -> float:
    return round(value, 2)
