"""Changes to settings files that leave their comments, their quotes and their order as they are."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import unified_diff
from io import StringIO
from itertools import product, zip_longest
from pathlib import Path
from textwrap import indent
from typing import Any, cast

import yaml as pyyaml
from rich.text import Text
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq
from ruamel.yaml.representer import RoundTripRepresenter
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from fleet.errors import ToldError
from fleet.terminal import console
from stacks import load
from stacks.load import CUSTOMERS, KEY

FIRST_LINE = "# yaml-language-server: $schema=../settings.schema.json\n"
_NEW = f"{FIRST_LINE}config:\n"
_STYLES = tuple(product((2, 4), (True, False), ("null", "", "~")))
"""As people write it: the spaces of a level, whether a list's dashes stand in from the key above
them, and null."""
_MEMBERS = re.compile(
    r"^members:[ \t]*(?P<value>[^#\n]*?)[ \t]*(?P<comment>#[^\n]*)?$", re.MULTILINE
)


def with_change(project: Path, stack: str, change: Callable[[Any], None]) -> tuple[Path, str]:
    """The file, and its text once `change` has changed the object of settings in it, which is begun
    where all that the stack has is a row in its customer's table."""
    path = project / CUSTOMERS / f"Pulumi.{stack}.yaml"
    text = path.read_text(encoding="utf-8") if path.exists() else _NEW
    return path, changed(text, lambda document: change(place_of(document, "config", KEY)))


def changed(text: str, change: Callable[[Any], None]) -> str:
    """A file's text once `change` has changed what it holds."""

    def strays(style: tuple[int, bool, str]) -> int:
        """How many lines would change without any change."""
        lines = _text(_yaml(*style), _loaded(text)).splitlines()
        return sum(one != other for one, other in zip_longest(text.splitlines(), lines))

    document = _loaded(text)
    change(document)
    return _text(_yaml(*min(_STYLES, key=strays)), document)


def place_of(settings: Any, *parts: str) -> Any:
    """The object there, which is made where it is not."""
    for part in parts:
        if settings.get(part) is None:
            settings[part] = {}
        settings = settings[part]
    return settings


def with_rows(text: str, rows: Mapping[str, Mapping[str, Any]]) -> str:
    """The text of a customer's file with further rows at the end of its table of members, and not
    another character changed. Raises ToldError where the table is written on one line."""
    if not rows:
        return text
    text = text if text.endswith("\n") else f"{text}\n"
    found = _MEMBERS.search(text)
    if found is None:
        return f"{text}members:\n{_block(rows, 2)}"
    if found["value"] not in ("", "{}", "null", "~"):
        raise ToldError("members: is written on one line; write each row on lines of its own")
    head = text[: found.start()] + " ".join(filter(None, ("members:", found["comment"]))) + "\n"
    lines = text[found.end() + 1 :].splitlines(keepends=True)
    end = _end_of_table(lines)
    first = next((line for line in lines[:end] if line.strip() and line.strip()[0] != "#"), "")
    width = len(first) - len(first.lstrip()) or 2
    return f"{head}{''.join(lines[:end])}{_block(rows, width)}{''.join(lines[end:])}"


def as_yaml(values: Any) -> str:
    """Values as people write them."""
    return _text(_yaml(*_STYLES[0]), quoted(values))


def problems_with(
    project: Path, texts: Mapping[Path, str], stacks: Iterable[str]
) -> Iterator[load.SettingsError]:
    """What would be wrong with the settings of these stacks, once the files had these texts."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        shutil.copytree(project / CUSTOMERS, root / CUSTOMERS)
        for path, text in texts.items():
            (root / path.relative_to(project)).write_text(text, encoding="utf-8")
        for stack in stacks:
            try:
                load.from_files(stack, root)
            except load.SettingsError as error:
                yield error


def show_changes(texts: Mapping[Path, str], root: Path) -> None:
    """What would change in the files if they had these texts."""
    styles = {"+": "green", "-": "red", "@": "cyan"}
    for path, text in texts.items():
        name = str(path.relative_to(root))
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        lines = (before.splitlines(), text.splitlines())
        for line in unified_diff(*lines, name, name, lineterm="", n=1):
            console.print(Text(line, style=styles.get(line[:1], "")))


def _end_of_table(lines: list[str]) -> int:
    """How many lines belong to the table: up to the last that is indented."""
    end = 0
    for number, line in enumerate(lines, start=1):
        if line.strip() and not line[0].isspace():
            if line[0] != "#":
                break  # a comment at the margin may stand between two rows
        elif line.strip():
            end = number
    return end


def _block(rows: Mapping[str, Mapping[str, Any]], width: int) -> str:
    return indent(as_yaml(rows), " " * width)


def quoted(value: Any) -> Any:
    """The same to be written: text in quotes where YAML would read something else, and short lists
    on one line."""
    match value:
        case Mapping():
            pairs = cast(Mapping[Any, Any], value).items()
            return {quoted(name): quoted(each) for name, each in pairs}
        case list() | tuple():
            items = [quoted(each) for each in cast(list[Any], value)]
            written: Any = CommentedSeq(items)
            if not any(isinstance(each, Mapping | list) for each in items):
                written.fa.set_flow_style()
            return written
        case str() if not _is_text(value):
            return DoubleQuotedScalarString(value)
        case _:
            return value


def _is_text(value: str) -> bool:
    """Whether it is text to YAML without quotes, old and new, which read 0123 and off otherwise."""
    try:
        return pyyaml.safe_load(value) == value and not value[:1].isdigit()
    except pyyaml.YAMLError:
        return False


def _yaml(level: int, dashes: bool, null: str) -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 10_000
    loose = cast(Any, yaml)
    offset = level if dashes else 0
    loose.indent(mapping=level, sequence=offset + 2, offset=offset)

    class Representer(RoundTripRepresenter):
        """With this file's null."""

    def represent(representer: Any, _: None) -> Any:
        return representer.represent_scalar("tag:yaml.org,2002:null", null)

    cast(Any, Representer).add_representer(type(None), represent)
    yaml.Representer = Representer
    return yaml


def _loaded(text: str) -> Any:
    return cast(Any, _yaml(*_STYLES[0])).load(text)


def _text(yaml: YAML, document: Any) -> str:
    text = StringIO()
    cast(Any, yaml).dump(document, text)
    return text.getvalue()
