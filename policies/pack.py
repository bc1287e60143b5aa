"""The rules as policies of a Pulumi policy pack."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    ResourceValidationPolicy,
    Severity,
    StackValidationPolicy,
)

from policies.choice import Bundle, Choice, Chosen, choice_from, chosen_from, stricter
from policies.resources import Resource, Stack
from policies.rule import Rule, Violations
from policies.rules import RULES
from policies.sdk import use_analyzer

NAME = "backup-org"


def policies_of_all_rules(
    *, bundle: Bundle = "baseline"
) -> Sequence[ResourceValidationPolicy | StackValidationPolicy]:
    """Every rule as a policy, for any pack. A stack that registers PolicyDemands chooses for
    itself; of others the bundle decides, and the pack's configuration."""
    use_analyzer()
    demands = _Demands(bundle)
    return [_policy(rule, demands) for rule in RULES.values()]


class _Demands:
    """What the stack that is looked at chooses, once it has told."""

    def __init__(self, bundle: Bundle) -> None:
        self.choice = Choice(bundle=bundle)
        self.told = False

    def hear(self, props: Mapping[str, Any]) -> None:
        self.told = True
        self.choice = choice_from(props.get("demands") or {})


def _policy(rule: Rule, demands: _Demands) -> ResourceValidationPolicy | StackValidationPolicy:
    kind = _OverResource if rule.scope == "resource" else _OverStack
    schema = None
    if rule.settings:
        schema = PolicyConfigSchema(
            properties={
                name: {**one.schema, "description": one.what} for name, one in rule.settings.items()
            }
        )
    made = kind(
        name=rule.name,
        description=rule.description,
        enforcement_level=EnforcementLevel(rule.levels[demands.choice.bundle]),
        config_schema=schema,
        severity=Severity(rule.severity),
        validate=_is_asked_by_analyzer,
    )
    made.rule, made.demands = rule, demands
    return made


def _is_asked_by_analyzer(*_: Any) -> None:
    raise NotImplementedError("policies of rules are asked by policies.sdk.Analyzer")


class _Asked:
    """What policies.sdk.Analyzer asks of a rule."""

    rule: Rule
    demands: _Demands
    enforcement_level: EnforcementLevel | None

    @property
    def types(self) -> Sequence[str]:
        return self.rule.types

    def hear(self, told: Resource) -> None:
        self.demands.hear(told.props)

    def level(self, configured: EnforcementLevel) -> EnforcementLevel:
        """As the stack chooses, else as its bundle has it; a file may demand more. The engine
        always tells a level: where it is not the pack's own, a file has it."""
        if not self.demands.told:
            return configured
        choice = self.demands.choice
        chosen = choice.of(self.rule.name).level or self.rule.levels[choice.bundle]
        if configured is self.enforcement_level:
            return EnforcementLevel(chosen)
        demanded = "mandatory" if configured.value == "remediate" else configured.value
        return EnforcementLevel(stricter([chosen, demanded]))

    def violations(self, stack: Stack, config: Mapping[str, Any] | None) -> Violations:
        """A file's configuration counts more than what the stack chooses."""
        of_stack: Chosen = self.demands.choice.of(self.rule.name)
        of_file = chosen_from(config or {})
        return self.rule.violations(
            stack,
            self.rule.config(self.demands.choice.bundle, of_stack, of_file),
            of_stack.exceptions,
            today=datetime.datetime.now(datetime.UTC).date(),
        )


class _OverResource(_Asked, ResourceValidationPolicy):
    pass


class _OverStack(_Asked, StackValidationPolicy):
    pass
