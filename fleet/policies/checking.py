"""The policy pack over what is deployed: the pack's own policies, asked without Pulumi's engine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pulumi_policy import EnforcementLevel

from fleet.errors import ToldError
from policies.choice import LEVELS, Bundle
from policies.pack import policies_of_all_rules
from policies.resource_types import DEMANDS
from policies.resources import Resource, Stack
from policies.rule import RULES, Rule
from policies.validation import meant, problems_of_rules

SEVERITIES = ("critical", "high", "medium", "low")
FileConfig = Mapping[str, Mapping[str, Any]]
"""By rule, as `--policy-pack-config` has it: `enforcementLevel`, and settings."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A stack whose state was looked at."""

    name: str
    file: str
    """Where what it is made of is written: its settings file by its path in the project, or the
    file of a state."""
    resources: int
    """How many there are."""


@dataclass(frozen=True, kw_only=True)
class Violation:
    stack: Checked
    rule: Rule
    mandatory: bool
    """Else advisory."""
    resource: Resource
    message: str
    """What is wrong, with its cure."""


def violations(
    checked: Checked, stack: Stack, *, bundle: Bundle = "baseline", file: FileConfig | None = None
) -> list[Violation]:
    """What the pack says of a stack as it stands, the worst first. What the stack chooses stands
    in its PolicyDemands; where it has none, `bundle` counts."""
    policies = policies_of_all_rules(bundle=bundle)
    config = file or {}
    for told in stack.of(DEMANDS):
        for policy in policies:
            policy.hear(told)
    found: list[Violation] = []
    for policy in policies:
        of_file = config.get(policy.name, {})
        configured = of_file.get("enforcementLevel") or policy.registered_level
        level = policy.level(EnforcementLevel(configured))
        if level is EnforcementLevel.DISABLED:
            continue
        settings = {name: value for name, value in of_file.items() if name != "enforcementLevel"}
        found += (
            Violation(
                stack=checked,
                rule=policy.rule,
                mandatory=level is EnforcementLevel.MANDATORY,
                resource=resource,
                message=message,
            )
            for resource, message in policy.violations(stack, settings)
        )
    return sorted(found, key=_worst_first)


def _worst_first(violation: Violation) -> tuple[object, ...]:
    return (
        not violation.mandatory,
        SEVERITIES.index(violation.rule.severity),
        violation.rule.name,
        violation.resource.urn,
    )


def file_config(file: Path) -> FileConfig:
    """A file for `--policy-pack-config`. Raises ToldError with every problem."""
    try:
        raw: Any = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ToldError(f"{file} cannot be read as JSON: {error}") from error
    if not isinstance(raw, Mapping):
        raise ToldError(f"{file} should be an object of rules, as for --policy-pack-config")
    given = {
        name: {"enforcementLevel": one} if isinstance(one, str) else one
        for name, one in cast("Mapping[str, Any]", raw).items()
    }
    problems = [*_problems(given)]
    if problems:
        raise ToldError("\n".join(f"{file}: {problem}" for problem in problems))
    of_all = given.pop("all", {})
    return {name: {**of_all, **given.get(name, {})} for name in RULES} if of_all else given


def _problems(given: Mapping[str, Any]) -> Iterator[str]:
    for name, one in given.items():
        if not isinstance(one, Mapping):
            yield f"{name}: should be a level or an object"
            continue
        of_rule = cast("Mapping[str, Any]", one)
        level = of_rule.get("enforcementLevel", "advisory")
        if level not in LEVELS:
            yield f"{name}.enforcementLevel: {level!r}; {meant(str(level), LEVELS)}"
        settings = {key: value for key, value in of_rule.items() if key != "enforcementLevel"}
        if name != "all":
            for place, message in problems_of_rules({name: settings}):
                yield f"{'.'.join(map(str, place))}: {message}"
