"""What a deployment does to resources, as people read it, on terminals of any width."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from fleet.deploy.changes import Change, PropertyChange
from fleet.deploy.deployment import Outcome

_VALUE = 60
"""Characters of a value that are shown; `--json` has the whole."""
_LOOKS: Mapping[str, tuple[str, str]] = {
    "create": ("+", "green"),
    "import": ("=", "green"),
    "update": ("~", "yellow"),
    "same": ("·", ""),
    "replace": ("±", "red"),
    "delete": ("-", "red"),
    "delete-replaced": ("-", "red"),
}


def show_changes(console: Console, outcomes: Iterable[Outcome], *, properties: bool) -> None:
    """Of each stack that is not left as it is what is done to which resource; with `properties`
    what differs in it, long values cut. Below that what is warned of and advised."""
    for outcome in outcomes:
        changes = [change for change in outcome.details if _is_told(change)]
        if changes or outcome.drift or outcome.warnings or outcome.advice:
            console.print(outcome.stack, style="bold", highlight=False)
        _show(console, outcome.drift, {"delete": "gone from AWS", "update": "differs in AWS"}, True)
        _show(console, changes, {"same": "in the state alone"}, properties)
        for kind, lines in (("warning", outcome.warnings), ("advice", outcome.advice)):
            for line in lines:
                _line(console, 2, Text.assemble((f"{kind}: ", "yellow"), line))


def show_drift(console: Console, outcomes: Iterable[Outcome]) -> None:
    """Of each stack how what stands in AWS is not what was deployed, property by property."""
    for outcome in outcomes:
        if outcome.drift:
            console.print(outcome.stack, style="bold", highlight=False)
            _show(console, outcome.drift, {"delete": "gone", "update": "differs"}, properties=True)


def _is_told(change: Change) -> bool:
    """Components stand for their resources, which are told of."""
    is_component = change.type.startswith("backup-org:") or change.type == "pulumi:pulumi:Stack"
    return not is_component or change.op in ("same", "update")


def _show(
    console: Console, changes: Iterable[Change], words: Mapping[str, str], properties: bool
) -> None:
    for change in changes:
        mark, style = _LOOKS.get(change.op, ("?", ""))
        word = words.get(change.op, change.op)
        text = Text.assemble((f"{mark} {word} ", style), change.name, (f" {change.type}", "dim"))
        if change.retained and change.op in ("delete", "replace"):
            text.append(", stays in AWS")
        _line(console, 2, text)
        for what, said in (("loses", change.loses), ("AWS refuses", change.blocked)):
            if said:
                _line(console, 6, Text(f"{what}: {said}", style="red"))
        if properties:
            for line in _lines_of(change.properties):
                _line(console, 6, Text(line))


def _lines_of(properties: Iterable[PropertyChange]) -> Iterator[str]:
    for found in properties:
        because = " (replaces)" if found.replaces else ""
        if found.old is None:
            yield f"{found.path}: {_short(found.new)}{because}"
        else:
            old, new = _short(found.old, found.new), _short(found.new, found.old)
            yield f"{found.path}: {old} → {new}{because}"


def _short(value: Any, other: Any = None) -> str:
    """On one line; of a long one what lies around its first difference from the other."""
    text = _text(value)
    if len(text) <= _VALUE:
        return text
    beside = _text(other)
    pairs = enumerate(zip(text, beside, strict=False))
    same = next((i for i, (a, b) in pairs if a != b), min(len(text), len(beside)))
    start = same - _VALUE // 4 if same > _VALUE // 2 else 0
    cut = text[start : start + _VALUE - 1]
    return f"{'…' if start else ''}{cut}{'…' if start + len(cut) < len(text) else ''}"


def _text(value: Any) -> str:
    if value is None:
        return "none"
    return " ".join((value if isinstance(value, str) else json.dumps(value)).split())


def _line(console: Console, indent: int, text: Text) -> None:
    """What is too long goes on below, further in."""
    text.no_wrap, text.overflow = False, "fold"
    console.print(Padding(text, (0, 0, 0, indent)), highlight=False, soft_wrap=False)
