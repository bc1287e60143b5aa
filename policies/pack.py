"""The rules as policies of a Pulumi policy pack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

from policies.resources import Resource, plain
from policies.rule import Rule
from policies.rules import RULES

NAME = "backup-org"


def policies_of_all_rules() -> Sequence[ResourceValidationPolicy | StackValidationPolicy]:
    return [_policy(rule) for rule in RULES.values()]


def _policy(rule: Rule) -> ResourceValidationPolicy | StackValidationPolicy:
    schema = None
    if rule.config_schema:
        schema = PolicyConfigSchema(properties={k: dict(v) for k, v in rule.config_schema.items()})
    if rule.scope == "resource":
        return ResourceValidationPolicy(
            name=rule.name,
            description=rule.description,
            enforcement_level=EnforcementLevel.MANDATORY,
            config_schema=schema,
            validate=_over_resource(rule),
        )
    return StackValidationPolicy(
        name=rule.name,
        description=rule.description,
        enforcement_level=EnforcementLevel.MANDATORY,
        config_schema=schema,
        validate=_over_stack(rule),
    )


def _over_resource(rule: Rule) -> Any:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        resource = Resource(
            type=args.resource_type, name=args.name, urn=args.urn, props=plain(args.props)
        )
        for _, message in rule.violations([resource], args.get_config()):
            report(message, None)

    return validate


def _over_stack(rule: Rule) -> Any:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        resources = [
            Resource(
                type=resource.resource_type,
                name=resource.name,
                urn=resource.urn,
                props=plain(resource.props),
                sources={
                    name: [source.urn for source in sources]
                    for name, sources in resource.property_dependencies.items()
                },
            )
            for resource in args.resources
        ]
        for resource, message in rule.violations(resources, args.get_config()):
            report(message, resource.urn)

    return validate
