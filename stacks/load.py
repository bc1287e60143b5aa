"""Reads a stack's settings: its own values over its customer's, checked, every problem at once."""

import difflib
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, cast, get_args

import pulumi
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from stacks import (
    bootstrap_checks,
    central_copies,
    evidence_checks,
    isolation_checks,
    report_mail_checks,
    report_volumes,
    script_checks,
)
from stacks.checks import CHECKS
from stacks.enrolment_settings import Enrolment
from stacks.model import Model
from stacks.names import stack_name
from stacks.protection_settings import KEYS
from stacks.report_settings import PARTS, WORD
from stacks.settings import AuditSettings, ManagementSettings, MemberSettings, Settings
from stacks.settings_files import (
    CUSTOMERS,
    KEY,
    Location,
    Raw,
    SettingsError,
    customers_with_files,
    members_of,
    own_values,
    path_text,
    read,
    stacks_in,
)
from stacks.settings_layers import Values, values, values_of
from stacks.values import yaml_text

__all__ = [
    "CUSTOMERS",
    "KEY",
    "Settings",
    "SettingsError",
    "Values",
    "customers_with_files",
    "enrolment_of",
    "from_config",
    "from_files",
    "members_of",
    "own_values",
    "parse",
    "stacks_in",
    "values_of",
]

Problem = tuple[Location, str]

ROLES: Mapping[str, type[Settings]] = {
    "management": ManagementSettings,
    "audit": AuditSettings,
    "member": MemberSettings,
}


def from_config() -> Settings:
    """The settings of the stack that Pulumi is running."""
    root = Path(pulumi.get_root_directory() or ".")
    return parse(pulumi.get_stack(), pulumi.Config().get_object("settings"), root)


def from_files(stack: str, root: Path) -> Settings:
    """The settings of a stack by its name, without running it; `root` holds Pulumi.yaml."""
    return _checked(stack, values_of(stack, root), root)


def parse(stack: str, own: object, root: Path) -> Settings:
    """Checks the stack's own values, laid over those of the customer that it extends."""
    return _checked(stack, values(stack, own, root), root)


def _checked(stack: str, given: Values, root: Path) -> Settings:
    settings, problems = _validate(stack, given.merged)
    if isinstance(settings, MemberSettings):
        problems += _accounts_of_others(stack, settings, root)
    elif settings is not None:
        problems += report_mail_checks.with_files(settings, root)
    if settings is not None:
        problems += bootstrap_checks.with_layers(settings, given)
        problems += script_checks.with_files(settings, root)
        problems += central_copies.with_files(settings, root)
        problems += evidence_checks.with_files(settings, root)
        problems += report_volumes.with_files(settings, root)
        problems += isolation_checks.with_files(settings, root, given)
    if settings is None or problems or given.problems:
        lines = [f"{given.layer_of(loc).place(loc)}: {message}" for loc, message in problems]
        raise SettingsError(stack, [*given.problems, *lines])
    return settings


def enrolment_of(customer: str, root: Path) -> Enrolment:
    """How a customer's table of members is made from its organization, as its file says: empty
    where it says nothing. Raises SettingsError with every problem of it."""
    path = root / CUSTOMERS / f"{customer}.yaml"
    found = read(customer, path).get("enrolment") if path.is_file() else None
    try:
        return Enrolment.model_validate({} if found is None else found)
    except ValidationError as error:
        place = f"{CUSTOMERS}/{path.name}"
        problems = [
            f"{place}: {path_text(('enrolment', *_location(detail)))}: "
            f"{_explained(Enrolment, detail)}"
            for detail in error.errors(include_url=False)
        ]
        raise SettingsError(customer, problems) from error


def _accounts_of_others(stack: str, settings: MemberSettings, root: Path) -> Iterator[Problem]:
    """Two stacks of a customer in one account would take each other's resources, by their names,
    and the end of one would delete the other's."""
    places = dict(_may_be_in(settings.account, stack.removesuffix(settings.name), root))
    for other in sorted(places.keys() - {stack}):
        with suppress(SettingsError):  # it is told of itself, in its turn
            if values_of(other, root).merged.get("account") == settings.account:
                yield ("account",), f"is that of {places[other]} too; write each its own"


def _may_be_in(account: str, prefix: str, root: Path) -> Iterator[tuple[str, str]]:
    """Stacks that start so and whose files name an account, each with its place."""
    with suppress(SettingsError):
        for name, row in members_of(prefix.removesuffix("-member-"), root).items():
            if isinstance(row.values, Mapping) and cast(Raw, row.values).get("account") == account:
                yield f"{prefix}{name}", row.place
    for path in sorted((root / CUSTOMERS).glob(f"Pulumi.{prefix}*.yaml")):
        if account in _ids_in(path, path.stat().st_mtime_ns):
            other = path.name.removeprefix("Pulumi.").removesuffix(".yaml")
            yield other, f"{CUSTOMERS}/{path.name}"


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
        # A central account is told by its organization, and no field.
        read = check.reads & model.model_fields.keys()
        if issubclass(model, check.model) and read <= valid.keys():
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
    return tuple(part for part in detail["loc"] if part not in ("[key]", WORD, PARTS, KEYS))


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
            return f"should be an object with {known}; found {yaml_text(detail['input'])}"
        case _:
            return f"{_wanted(detail)}; found {yaml_text(detail['input'])}"


_WANTED: Mapping[str, str] = {
    "dict_type": "should be an object of names and values",
    "mapping_type": "should be an object of names and values",
    "tuple_type": "should be a list, such as [a, b]",
    "frozen_set_type": "should be a list, such as [a, b]",
    "string_type": "should be text",
    "int_type": "should be a whole number without quotes",
    "bool_type": "should be true or false, without quotes",
    "bool_parsing": "should be true or false, without quotes",
    "literal_error": "write {expected}",
    "greater_than_equal": "should be {ge} or more",
    "less_than_equal": "should be {le} or less",
    "too_short": "should hold {min_length} at least",
    "too_long": "should hold {max_length} at most",
    "string_too_short": "should have {min_length} characters at least",
    "string_too_long": "should have {max_length} characters at most",
}
"""By pydantic's kinds of errors, whose own messages are about Python."""


def _wanted(detail: ErrorDetails) -> str:
    message = detail["msg"]
    own = f"{message[:1].lower()}{message[1:]}"
    text = _WANTED.get(detail["type"])
    return own if text is None else text.format(**detail.get("ctx", {})).replace("'", "")


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
