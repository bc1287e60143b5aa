"""What a stack's settings come to, each value with its origin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, cast

import typer
import yaml
from rich.text import Text

from fleet.project import current_project
from fleet.terminal import console
from stacks import load
from stacks.settings_files import path_text
from stacks.settings_layers import values_of
from stacks.settings_origins import DEFAULT, Setting, settings_with_origins
from stacks.warnings import warnings_of


def settings(
    stack: str,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Print a stack's settings merged, each value with where it stands, defaults included; below,
    what should rather not be. What is wrong is told instead, all of it."""
    root = current_project()
    checked = load.from_files(stack, root)
    values = values_of(stack, root)
    found = list(settings_with_origins(checked, values))
    warnings = list(warnings_of(checked))
    if as_json:
        console.print_json(data=_data(stack, found, warnings))
        return
    for layer in values.layers:
        if not layer.implied:
            place = layer.place(()).removesuffix(": ")
            console.print(f"# {layer.origin}: {place}", style="dim", highlight=False)
    for line in lines(found, console.width):
        console.print(line)
    for text in warnings:
        console.print(f"warning: {text}", style="yellow", highlight=False)


def _data(stack: str, found: Sequence[Setting], warnings: Sequence[str]) -> Mapping[str, Any]:
    return {
        "stack": stack,
        "settings": [
            {
                "path": path_text(each.path),
                "value": each.value,
                "origin": each.origin,
                "place": each.layer.place(each.path) if each.layer else None,
            }
            for each in found
        ],
        "warnings": warnings,
    }


def lines(found: Sequence[Setting], width: int) -> Iterator[Text]:
    """As YAML; the origins in a column at the right, or where that is too narrow below."""
    column = width - max(len(each.origin) for each in found) - 2
    above: tuple[int | str, ...] = ()
    for each in found:
        *parents, last = each.path
        yield from _headings(above, tuple(parents))
        above = tuple(parents)
        yield from _value(each, last, len(parents), width, column)


def _headings(above: tuple[int | str, ...], parents: tuple[int | str, ...]) -> Iterator[Text]:
    """The objects that begin here."""
    shared = next(
        (n for n, pair in enumerate(zip(above, parents, strict=False)) if pair[0] != pair[1]),
        min(len(above), len(parents)),
    )
    for depth, part in enumerate(parents[shared:], start=shared):
        yield Text(f"{'  ' * depth}{'-' if isinstance(part, int) else f'{_yaml(part)}:'}")


def _value(each: Setting, last: int | str, depth: int, width: int, column: int) -> Iterator[Text]:
    indent = "  " * depth
    key = f"{indent}-" if isinstance(last, int) else f"{indent}{_yaml(last)}:"
    whole = f"{key} {_yaml(each.value)}"
    origin = f"# {each.origin}"
    style = "dim" if each.origin == DEFAULT else ""
    items = cast(list[Any], each.value) if isinstance(each.value, list) else []
    as_block = bool(items) and len(whole) > column
    text = key if as_block else whole
    if len(text) < column:
        yield Text(f"{text:<{column}}{origin}", style=style)
    elif len(text) + 2 + len(origin) <= width:
        yield Text(f"{text}  {origin}", style=style)
    else:
        yield Text(text, style=style)
        yield Text(f"{indent}  {origin}", style=style)
    if as_block:
        for item in items:
            yield Text(f"{indent}- {_yaml(item)}", style=style)


def _yaml(value: Any) -> str:
    """On one line."""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000)
    return text.removesuffix("\n").removesuffix("\n...")
