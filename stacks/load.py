"""Reads a stack's settings: its own values over its customer's, checked, every problem at once."""

import difflib
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, cast, get_args

import pulumi
import yaml
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from stacks.checks import CHECKS, Location
from stacks.names import stack_name
from stacks.settings import (
    PARTS,
    WORD,
    AuditSettings,
    ManagementSettings,
    MemberSettings,
    Model,
)

Settings = ManagementSettings | AuditSettings | MemberSettings
Raw = Mapping[str, Any]
Problem = tuple[Location, str]

CUSTOMERS = Path("stacks/customers")
KEY = "backup-org:settings"
ROLES: Mapping[str, type[Settings]] = {
    "management": ManagementSettings,
    "audit": AuditSettings,
    "member": MemberSettings,
}


class SettingsError(pulumi.RunError):
    """Every problem of one stack's settings, each with its file, its path and its cure."""

    def __init__(self, stack: str, problems: list[str]) -> None:
        count = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = "".join(f"\n  {problem}" for problem in problems)
        super().__init__(f"the settings of {stack} have {count}:{lines}")
        self.problems = problems


def from_config() -> Settings:
    """The settings of the stack that Pulumi is running."""
    root = Path(pulumi.get_root_directory() or ".")
    return parse(pulumi.get_stack(), pulumi.Config().get_object("settings"), root)


def from_files(stack: str, root: Path) -> Settings:
    """The settings of a stack by its name, without running it; `root` holds Pulumi.yaml."""
    path = root / CUSTOMERS / f"Pulumi.{stack}.yaml"
    if not path.is_file():
        known = ", ".join(stacks_in(root)) or "none"
        raise SettingsError(stack, [f"{CUSTOMERS}/{path.name} does not exist; there are: {known}"])
    config = _read(stack, path).get("config")
    own = cast(Raw, config).get(KEY) if isinstance(config, Mapping) else None
    return parse(stack, own, root)


def stacks_in(root: Path) -> list[str]:
    """The names of all stacks that have a settings file, sorted."""
    files = (root / CUSTOMERS).glob("Pulumi.*.yaml")
    return sorted(file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in files)


def parse(stack: str, own: object, root: Path) -> Settings:
    """Checks the stack's own values, laid over those of the customer that it extends."""
    own_file = f"{CUSTOMERS}/Pulumi.{stack}.yaml"
    if not isinstance(own, Mapping):
        raise SettingsError(stack, [f"{own_file}: config holds no object {KEY}"])
    values = dict(cast(Raw, own))
    shared: Raw = {}
    shared_file = f"{CUSTOMERS}/{values.get('extends')}.yaml"
    if "extends" in values:
        extends = values.pop("extends")
        if not isinstance(extends, str):
            message = f"extends: is {extends!r}; write the customer's name, as in {CUSTOMERS}/"
            raise SettingsError(stack, [f"{own_file}: {message}"])
        if not (root / shared_file).is_file():
            raise SettingsError(stack, [f"{own_file}: extends: there is no {shared_file}"])
        shared = _read(stack, root / shared_file)
    settings, problems = _validate(stack, _merge(shared, values))
    if isinstance(settings, MemberSettings):
        problems += _accounts_of_others(stack, settings, root)
    if settings is None or problems:
        raise SettingsError(
            stack,
            [
                f"{shared_file if _holds(shared, loc) and not _holds(values, loc) else own_file}: "
                f"{_path(loc)}: {message}"
                for loc, message in problems
            ],
        )
    return settings


def _accounts_of_others(stack: str, settings: MemberSettings, root: Path) -> Iterator[Problem]:
    """Two stacks of a customer in one account would take each other's resources, by their names,
    and the end of one would delete the other's."""
    prefix = stack.removesuffix(settings.name)
    for path in sorted((root / CUSTOMERS).glob(f"Pulumi.{prefix}*.yaml")):
        other = path.name.removeprefix("Pulumi.").removesuffix(".yaml")
        if other != stack and settings.account in _ids_in(path, path.stat().st_mtime_ns):
            config = _read(other, path).get("config")
            own = cast(Raw, config).get(KEY) if isinstance(config, Mapping) else None
            if isinstance(own, Mapping) and cast(Raw, own).get("account") == settings.account:
                yield ("account",), f"is that of {CUSTOMERS}/{path.name} too; write each its own"


@lru_cache(maxsize=10_000)
def _ids_in(path: Path, _changed: int) -> frozenset[str]:
    """What looks like an account's id. Each stack looks into all files: few have to be parsed."""
    return frozenset(re.findall(r"\d{12}", path.read_text(encoding="utf-8", errors="replace")))


def _validate(stack: str, merged: Raw) -> tuple[Settings | None, list[Problem]]:
    model = ROLES.get(str(merged.get("role")))
    if model is None:
        message = f"is {merged.get('role')!r}; write one of {', '.join(ROLES)}"
        return None, [(("role",), message)]
    settings: Settings | None = None
    problems: list[Problem] = []
    try:
        settings = model.model_validate(merged)
        valid: Raw = dict(settings)
    except ValidationError as error:
        details = error.errors(include_url=False)
        problems = [
            (_location(detail), _explained(model, detail))
            for detail in details
            if not _follows(detail, details)
        ]
        valid = dict(_valid_fields(model, merged, wrong={loc[0] for loc, _ in problems}))
    partial = model.model_construct(**valid)
    for check in CHECKS:
        if issubclass(model, check.model) and check.reads <= valid.keys():
            problems += check.run(partial)
    named = {"customer", "role", "name"} & model.model_fields.keys()
    if named <= valid.keys():
        expected = stack_name(valid["customer"], valid["role"], valid.get("name", ""))
        if expected != stack:
            where = "name" if "name" in named else "customer"
            message = f"{', '.join(sorted(named))} make this stack {expected}, not {stack}"
            problems.append(((where,), f"{message}; rename either"))
    return settings, problems


def _valid_fields(
    model: type[Model], merged: Raw, *, wrong: set[int | str]
) -> Iterator[tuple[str, Any]]:
    for name, field in model.model_fields.items():
        if name in wrong:
            continue
        if name in merged:
            adapter: TypeAdapter[Any] = TypeAdapter(field.rebuild_annotation())
            yield name, adapter.validate_python(merged[name])
        else:
            yield name, field.get_default(call_default_factory=True, validated_data={})


def _location(detail: ErrorDetails) -> Location:
    """Where it stands in the file: for a key, and for one of several models, pydantic adds one."""
    return tuple(part for part in detail["loc"] if part not in ("[key]", WORD, PARTS))


def _follows(detail: ErrorDetails, details: list[ErrorDetails]) -> bool:
    """Whether a list is too short only because its wrong items do not count."""
    loc = detail["loc"]
    return detail["type"] == "too_short" and any(
        other["loc"][: len(loc)] == loc for other in details if other is not detail
    )


def _explained(model: type[Model], detail: ErrorDetails) -> str:
    """What is wrong and what to write instead."""
    match detail["type"]:
        case "value_error":
            return str(detail.get("ctx", {})["error"])
        case "missing":
            return "is required"
        case "extra_forbidden":
            parent, name = _model_at(model, detail["loc"][:-1]), str(detail["loc"][-1])
            if name in parent.refused:
                return f"is not set here: {parent.refused[name]}"
            known = list(parent.model_fields)
            near = difflib.get_close_matches(name, known, n=1)
            cure = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"
            return f"is unknown; {cure}"
        case "model_type":
            known = ", ".join(_model_at(model, detail["loc"]).model_fields)
            return f"should be an object with {known}; found {detail['input']!r}"
        case _:
            message = detail["msg"]
            return f"{message[:1].lower()}{message[1:]}, found {detail['input']!r}"


def _model_at(model: type[Model], loc: Location) -> type[Model]:
    """The one that stands at a location."""
    for part in loc:
        field = model.model_fields.get(str(part))
        if field is not None:
            model = _model_in(field.annotation) or model
    return model


def _model_in(annotation: Any) -> type[Model] | None:
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return annotation
    return next((found for arg in get_args(annotation) if (found := _model_in(arg))), None)


def _merge(shared: Raw, own: Raw) -> dict[str, Any]:
    """Objects merge key by key; anything else, lists too, is replaced by the stack's own."""
    merged = {**shared, **own}
    for key in shared.keys() & own.keys():
        if isinstance(shared[key], Mapping) and isinstance(own[key], Mapping):
            merged[key] = _merge(shared[key], own[key])
    return merged


def _holds(values: Any, loc: Location) -> bool:
    for part in loc:
        if isinstance(values, Mapping) and part in values:
            values = cast(Raw, values)[str(part)]
        else:
            return isinstance(values, list)  # lists are never merged: all of it is from here
    return True


def _path(loc: Location) -> str:
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc]
    return "".join(parts).removeprefix(".")


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


def _read(stack: str, path: Path) -> Raw:
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
