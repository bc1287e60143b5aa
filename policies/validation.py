"""What is wrong with what is chosen of the rules: names that there are not, values that do not fit.

The same for a customer's settings and for what any other program tells of itself.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from policies.choice import BUNDLES, LEVELS
from policies.rule import RULES, Rule

Problems = Iterator[tuple[tuple[str | int, ...], str]]
"""Each with its place."""
REASON_LETTERS = 10
"""Of an exception's reason, at least."""

_EXCEPTIONS = {
    "description": "Resources that the rule lets pass for a time.",
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "name": {"description": "Of the resource, in its program.", "type": "string"},
            "reason": {"type": "string", "minLength": REASON_LETTERS},
            "until": {
                "description": "The last day on which it counts.",
                "type": "string",
                "format": "date",
            },
        },
        "required": ["name", "reason", "until"],
        "additionalProperties": False,
    },
}


def rule_schema(rule: Rule) -> dict[str, Any]:
    """JSON schema of what may be chosen of a rule."""
    return {
        "description": rule.sentence,
        "type": "object",
        "properties": {
            "level": {
                "description": f"Otherwise as its bundle has it: {levels_text(rule)}.",
                "enum": [*LEVELS],
            },
            "exceptions": _EXCEPTIONS,
            **{
                name: {"description": setting.what, **setting.schema}
                for name, setting in rule.settings.items()
            },
        },
        "additionalProperties": False,
    }


def levels_text(rule: Rule) -> str:
    return ", ".join(f"{rule.levels[bundle]} in {bundle}" for bundle in BUNDLES)


def problems_of_rules(chosen: Mapping[str, Any]) -> Problems:
    """Of what is chosen by the names of rules."""
    yield from _problems(chosen, _rules_schema())


def problems_of_demands(demands: object) -> Problems:
    """Of what a stack's PolicyDemands hold."""
    schema = {
        "type": "object",
        "properties": {
            "bundle": {"enum": [*BUNDLES]},
            "rules": _rules_schema(),
        },
        "additionalProperties": False,
    }
    yield from _problems(demands, schema)


def _rules_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: rule_schema(rule) for name, rule in RULES.items()},
        "additionalProperties": False,
    }


def _problems(value: object, schema: Mapping[str, Any]) -> Problems:
    validator: Any = Draft202012Validator(schema, format_checker=FormatChecker(["date"]))
    for error in sorted(validator.iter_errors(value), key=lambda e: [*map(str, e.absolute_path)]):
        place: tuple[str | int, ...] = tuple(error.absolute_path)
        if error.validator == "additionalProperties":
            known = error.schema["properties"]
            for name in error.instance:
                if name not in known:
                    yield (*place, name), f"is unknown; {meant(name, known)}"
        else:
            what = error.schema.get("description")
            yield place, f"{error.message}{f'; it is: {what}' if what else ''}"


def meant(name: str, known: Iterable[str]) -> str:
    """Which of the known names may have been meant."""
    there = sorted(known)
    near = difflib.get_close_matches(name, there, n=1)
    return f"did you mean {near[0]}?" if near else f"there are: {', '.join(there)}"
