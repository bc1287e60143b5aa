"""Settings files as they lie in stacks/customers: read and merged, not yet checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pulumi
import yaml

Raw = Mapping[str, Any]

CUSTOMERS = Path("stacks/customers")
KEY = "backup-org:settings"


class SettingsError(pulumi.RunError):
    """Every problem of one stack's settings, each with its file, its path and its cure."""

    def __init__(self, stack: str, problems: list[str]) -> None:
        count = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = "".join(f"\n  {problem}" for problem in problems)
        super().__init__(f"the settings of {stack} have {count}:{lines}")
        self.problems = problems


def stacks_in(root: Path) -> list[str]:
    """The names of all stacks that have a settings file, sorted."""
    files = (root / CUSTOMERS).glob("Pulumi.*.yaml")
    return sorted(file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in files)


@dataclass(frozen=True, kw_only=True)
class Values:
    """What a stack's files hold."""

    own: Raw
    own_file: str
    shared: Raw
    """Of the customer's file that it extends."""
    shared_file: str

    @property
    def merged(self) -> Raw:
        return _merge(self.shared, self.own)


def values_of(stack: str, root: Path) -> Values:
    """Of a stack by its name; `root` holds Pulumi.yaml."""
    path = root / CUSTOMERS / f"Pulumi.{stack}.yaml"
    if not path.is_file():
        known = ", ".join(stacks_in(root)) or "none"
        raise SettingsError(stack, [f"{CUSTOMERS}/{path.name} does not exist; there are: {known}"])
    config = read(stack, path).get("config")
    own = cast(Raw, config).get(KEY) if isinstance(config, Mapping) else None
    return values(stack, own, root)


def values(stack: str, given: object, root: Path) -> Values:
    """Of a stack whose own values Pulumi has read."""
    own_file = f"{CUSTOMERS}/Pulumi.{stack}.yaml"
    if not isinstance(given, Mapping):
        raise SettingsError(stack, [f"{own_file}: config holds no object {KEY}"])
    own = dict(cast(Raw, given))
    shared: Raw = {}
    shared_file = f"{CUSTOMERS}/{own.get('extends')}.yaml"
    if "extends" in own:
        extends = own.pop("extends")
        if not isinstance(extends, str):
            message = f"extends: is {extends!r}; write the customer's name, as in {CUSTOMERS}/"
            raise SettingsError(stack, [f"{own_file}: {message}"])
        if not (root / shared_file).is_file():
            raise SettingsError(stack, [f"{own_file}: extends: there is no {shared_file}"])
        shared = read(stack, root / shared_file)
    return Values(own=own, own_file=own_file, shared=shared, shared_file=shared_file)


def _merge(shared: Raw, own: Raw) -> dict[str, Any]:
    """Objects merge key by key; anything else, lists too, is replaced by the stack's own."""
    merged = {**shared, **own}
    for key in shared.keys() & own.keys():
        if isinstance(shared[key], Mapping) and isinstance(own[key], Mapping):
            merged[key] = _merge(shared[key], own[key])
    return merged


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
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a safe one
    except (yaml.YAMLError, ValueError) as error:
        problem = f"{CUSTOMERS}/{path.name}: {_unreadable(error, path.read_bytes())}"
        raise SettingsError(stack, [problem]) from error
    if not isinstance(content, Mapping | None):
        raise SettingsError(stack, [f"{CUSTOMERS}/{path.name}: is no object of names and values"])
    return cast(Raw, content or {})


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
