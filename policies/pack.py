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

from policies.choice import Bundle, Choice, Level, choice_from, chosen_from, stricter
from policies.resources import Resource, Stack
from policies.rule import Rule, Violations
from policies.rules import RULES
from policies.sdk import use_analyzer
from policies.validation import problems_of_demands, rule_schema

NAME = "backup-org"


def policies_of_all_rules(
    *, bundle: Bundle = "baseline", choice: Choice | None = None
) -> Sequence[_OverResource | _OverStack]:
    """Every rule as a policy, for any pack.

    A stack that registers PolicyDemands chooses for itself, one that does not has the bundle. With
    a choice the pack chooses, for every stack alike.
    """
    use_analyzer()
    demands = _Demands(choice or Choice(bundle=bundle), heard=choice is None)
    return [_policy(rule, demands) for rule in RULES.values()]


class _Demands:
    """What counts for the stack that is looked at: its own choice, once it has told."""

    def __init__(self, choice: Choice, *, heard: bool) -> None:
        self.registered = self.choice = choice
        self._heard = heard
        self._told: Resource | None = None

    @property
    def are_told(self) -> bool:
        return self._told is not None

    def hear(self, told: Resource) -> None:
        """Nothing counts of a choice that is not valid; policy_choice_is_valid says so."""
        if not self._heard or told is self._told:
            return
        chosen: Any = told.props.get("demands") or {}
        if not any(problems_of_demands(chosen)):
            self.choice, self._told = choice_from(chosen), told


def _policy(rule: Rule, demands: _Demands) -> _OverResource | _OverStack:
    kind = _OverResource if rule.scope == "resource" else _OverStack
    properties = rule_schema(rule)["properties"]
    del properties["level"]  # it stands beside them, as enforcementLevel
    made = kind(
        name=rule.name,
        description=rule.description,
        enforcement_level=EnforcementLevel(rule.level(demands.registered)),
        config_schema=PolicyConfigSchema(properties=properties),
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
    def registered_level(self) -> Level:
        """Of a stack that tells nothing, where no file says any."""
        return self.rule.level(self.demands.registered)

    @property
    def types(self) -> Sequence[str]:
        return self.rule.types

    def hear(self, told: Resource) -> None:
        self.demands.hear(told)

    def level(self, configured: EnforcementLevel) -> EnforcementLevel:
        """Of what the stack chooses and of what a file says, the stricter. The engine hands on the
        registered level where no file says any: one that says the same is not told from none."""
        if not self.demands.are_told:
            return configured
        chosen = self.rule.level(self.demands.choice)
        file = "mandatory" if configured is EnforcementLevel.REMEDIATE else configured.value
        if file != self.registered_level:
            chosen = stricter((chosen, file))
        return EnforcementLevel(chosen)

    def violations(self, stack: Stack, config: Mapping[str, Any] | None) -> Violations:
        """The settings of a file count more than those that the stack chooses."""
        choice = self.demands.choice
        of_stack, of_file = choice.of(self.rule.name), chosen_from(config or {})
        return self.rule.violations(
            stack,
            self.rule.config(choice.bundle, of_stack, of_file),
            (*of_stack.exceptions, *of_file.exceptions),
            today=datetime.datetime.now(datetime.UTC).date(),
        )


class _OverResource(_Asked, ResourceValidationPolicy):
    pass


class _OverStack(_Asked, StackValidationPolicy):
    pass
