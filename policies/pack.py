"""The rules as policies of a Pulumi policy pack."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, cast

from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from policies.choice import Bundle, Choice, Chosen, choice_from, chosen_from
from policies.resource_types import DEMANDS
from policies.resources import UNKNOWN, Resource, Stack
from policies.rule import Rule
from policies.rules import RULES

NAME = "backup-org"


def policies_of_all_rules(
    *, bundle: Bundle = "baseline"
) -> Sequence[ResourceValidationPolicy | StackValidationPolicy]:
    """Every rule as a policy, for any pack. A stack that registers PolicyDemands chooses for
    itself; of others the bundle decides, and the pack's configuration."""
    demands = _Demands(bundle)
    return [_policy(rule, demands) for rule in RULES.values()]


class _Demands:
    """What the stack that is looked at chooses, once it has told."""

    def __init__(self, bundle: Bundle) -> None:
        self.choice = Choice(bundle=bundle)

    def hear(self, props: Mapping[str, Any]) -> None:
        self.choice = choice_from(props.get("demands") or {})


def _policy(rule: Rule, demands: _Demands) -> ResourceValidationPolicy | StackValidationPolicy:
    schema = None
    if rule.settings:
        schema = PolicyConfigSchema(
            properties={
                name: {**one.schema, "description": one.what} for name, one in rule.settings.items()
            }
        )
    about: dict[str, Any] = {
        "name": rule.name,
        "description": rule.description,
        "enforcement_level": EnforcementLevel(rule.levels[demands.choice.bundle]),
        "config_schema": schema,
        "severity": Severity(rule.severity),
    }
    if rule.scope == "resource":
        return ResourceValidationPolicy(validate=_over_resource(rule, demands), **about)
    return StackValidationPolicy(validate=_over_stack(rule, demands), **about)


def _over_resource(rule: Rule, demands: _Demands) -> Any:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if args.resource_type == DEMANDS:
            demands.hear(plain(args.props))
        if args.resource_type not in rule.types:
            return
        resource = Resource(
            type=args.resource_type,
            name=args.name,
            urn=args.urn,
            props=plain(args.props),
            parent=args.opts.parent or "",
            protect=bool(args.opts.protect),
            provider=plain(args.provider.props) if args.provider else {},
        )
        for _, message in _violations(rule, Stack([resource]), demands.choice, args.get_config()):
            report(message, None)

    return validate


def _over_stack(rule: Rule, demands: _Demands) -> Any:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        stack = Stack(
            Resource(
                type=resource.resource_type,
                name=resource.name,
                urn=resource.urn,
                props=plain(resource.props),
                sources={
                    name: [source.urn for source in sources]
                    for name, sources in resource.property_dependencies.items()
                },
                parent=resource.parent.urn if resource.parent else "",
                protect=bool(resource.opts.protect),
                provider=plain(resource.provider.props) if resource.provider else {},
            )
            for resource in args.resources
        )
        for told in stack.of(DEMANDS):
            demands.hear(told.props)
        for resource, message in _violations(rule, stack, demands.choice, args.get_config()):
            report(message, resource.urn)

    return validate


def _violations(rule: Rule, stack: Stack, choice: Choice, raw: Mapping[str, Any] | None) -> Any:
    """A file's configuration counts more than what the stack chooses."""
    of_stack: Chosen = choice.of(rule.name)
    of_file = chosen_from(raw or {})
    return rule.violations(
        stack,
        rule.config(choice.bundle, of_stack, of_file),
        of_stack.exceptions,
        today=datetime.datetime.now(datetime.UTC).date(),
    )


def plain(value: Any) -> Any:
    """Pulumi's checking proxies as plain data, unknown values replaced by UNKNOWN.

    The proxies raise on every look at an unknown value, `in` and `get` included.
    """
    if isinstance(value, Mapping):
        mapping = cast(Mapping[str, Any], value)
        return {key: _looked_up(mapping, key) for key in mapping}
    if isinstance(value, Sequence) and not isinstance(value, str):
        sequence = cast(Sequence[Any], value)
        return [_looked_up(sequence, position) for position in range(len(sequence))]
    return value


def _looked_up(container: Any, key: Any) -> Any:
    try:
        return plain(container[key])
    except UnknownValueError:
        return UNKNOWN
