"""Settings files as they lie in stacks/customers: read and merged, not yet checked."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import pulumi
import yaml

Raw = Mapping[str, Any]

CUSTOMERS = Path("stacks/customers")
KEY = "backup-org:settings"
_MEMBER = "-member-"

Location = tuple[int | str, ...]


def path_text(location: Location) -> str:
    """Where a value stands, as errors and warnings say it."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in location]
    return "".join(parts).removeprefix(".")


class SettingsError(pulumi.RunError):
    """Every problem of one stack's settings, each with its file, its path and its cure."""

    def __init__(self, stack: str, problems: list[str]) -> None:
        count = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = "".join(f"\n  {problem}" for problem in problems)
        super().__init__(f"the settings of {stack} have {count}:{lines}")
        self.problems = problems


@dataclass(frozen=True, kw_only=True)
class Row:
    """A member's place in its customer's table."""

    customer: str
    name: Any
    """As YAML reads it: a number, where it is written as one."""
    values: Any

    @property
    def place(self) -> str:
        return f"{CUSTOMERS}/{self.customer}.yaml: members.{self.name}"


def stacks_in(root: Path) -> list[str]:
    """The names of all stacks that have a settings file, or a row in a table of members, sorted.

    A customer's file that cannot be read has no rows: `members_of` says what is wrong with it.
    """
    files = (root / CUSTOMERS).glob("Pulumi.*.yaml")
    found = {file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in files}
    for customer in customers_with_files(root):
        with suppress(SettingsError):
            found.update(f"{customer}{_MEMBER}{name}" for name in members_of(customer, root))
    return sorted(found)


def customers_with_files(root: Path) -> list[str]:
    """Whose stacks can share values and a table of members: `<customer>.yaml` is there."""
    files = (root / CUSTOMERS).glob("*.yaml")
    return sorted(file.stem for file in files if not file.name.startswith("Pulumi."))


def members_of(customer: str, root: Path) -> Mapping[str, Row]:
    """A customer's table of members by name, empty where it has none. Raises SettingsError."""
    path = root / CUSTOMERS / f"{customer}.yaml"
    text = path.read_bytes() if path.is_file() else b""
    return _members_in(customer, path, text) if b"members" in text else {}


@lru_cache(maxsize=256)
def _members_in(customer: str, path: Path, text: bytes) -> Mapping[str, Row]:
    del text  # for which the answer holds
    table: object = read(customer, path).get("members") or {}
    if not isinstance(table, Mapping):
        problem = f"{CUSTOMERS}/{path.name}: members: is no object of members by name"
        raise SettingsError(customer, [problem])
    rows = cast(Mapping[Any, Any], table).items()
    return {str(name): Row(customer=customer, name=name, values=row) for name, row in rows}


def row_of(stack: str, root: Path, customer: str | None = None) -> Row | None:
    """A stack's row in the table of that customer, or of whichever has one for it."""
    for found in re.finditer(_MEMBER, stack):
        owner, name = stack[: found.start()], stack[found.end() :]
        if customer in (owner, None) and (row := members_of(owner, root).get(name)):
            return row
    return None


def own_values(stack: str, root: Path) -> object:
    """What the stack's file holds under our key; None where it holds nothing of ours, or is not.

    The engine writes lines of its own into a stack's file, which make no settings of it.
    """
    path = root / CUSTOMERS / f"Pulumi.{stack}.yaml"
    config = read(stack, path).get("config") if path.is_file() else None
    return cast(Raw, config).get(KEY) if isinstance(config, Mapping) else None


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice, of which YAML would drop the first."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        keys: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                if key.value in keys:
                    raise yaml.constructor.ConstructorError(
                        problem=f"{key.value!r} stands there twice", problem_mark=key.start_mark
                    )
                keys.add(key.value)
        return node


def read(stack: str, path: Path) -> Raw:
    """What a settings file of this stack holds. Raises SettingsError where it is no YAML."""
    text = path.read_bytes()
    try:
        content = _parsed(text)
    except (yaml.YAMLError, ValueError) as error:
        problem = f"{CUSTOMERS}/{path.name}: {_unreadable(error, text)}"
        raise SettingsError(stack, [problem]) from error
    if not isinstance(content, Mapping | None):
        raise SettingsError(stack, [f"{CUSTOMERS}/{path.name}: is no object of names and values"])
    return cast(Raw, content or {})


@lru_cache(maxsize=4096)
def _parsed(text: bytes) -> object:
    """Each stack reads its customer's file: parsed anew for each, hundreds would take minutes."""
    return yaml.load(text.decode("utf-8"), _Loader)  # noqa: S506 - a safe one


def _unreadable(error: Exception, text: bytes) -> str:
    """Where a file is no YAML, and what to write instead."""
    line = None
    match error:
        case yaml.MarkedYAMLError():
            mark, reason = error.problem_mark or error.context_mark, error.problem
            line = mark.line + 1 if mark else None
        case yaml.reader.ReaderError():
            reason = error.reason
            line = text.decode("utf-8").count("\n", 0, error.position) + 1
        case UnicodeDecodeError():
            reason = "is no UTF-8"
            line = text.count(b"\n", 0, error.start) + 1
        case _:  # a date that there is not, such as 2026-02-30
            reason = str(error)
    where = f"line {line}: " if line else ""
    return (
        f"{where}{reason}; write YAML in UTF-8, indented by spaces, and put in quotes what has a "
        "colon, starts with a special character, or looks like a date"
    )
