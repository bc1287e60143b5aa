"""Recorded stacks as the policy pack sees them."""

from __future__ import annotations

import datetime

from policies.choice import Choice, choice_from
from policies.resource_types import DEMANDS
from policies.resources import Resource, Stack
from policies.rules import RULES
from tests.support.recorder import Recording


def policies_see(recording: Recording) -> Stack:
    """All resources with their outputs, as rules over a stack are shown them after an update."""
    providers = {r.urn: r.inputs for r in recording.resources if r.type == "pulumi:providers:aws"}
    return Stack(
        Resource(
            type=resource.type,
            name=resource.name,
            urn=resource.urn,
            props={**resource.state, **resource.inputs},
            sources=resource.sources,
            parent=resource.parent,
            protect=resource.protect,
            provider=providers.get(resource.provider.rpartition("::")[0], {}),
        )
        for resource in recording.resources
    )


def demanded(stack: Stack) -> Choice:
    """What the stack's settings choose."""
    (told,) = stack.of(DEMANDS)
    return choice_from(told.get("demands"))


def refused(recording: Recording, *rules: str) -> list[str]:
    """What rules say that a recorded stack has mandatory; none named: all of them."""
    stack = policies_see(recording)
    choice = demanded(stack)
    return [
        f"{rule.name}: {resource.name}: {message}"
        for rule in map(RULES.__getitem__, rules or RULES)
        if rule.level(choice) == "mandatory"
        for resource, message in rule.violations(
            stack,
            rule.config(choice.bundle, choice.of(rule.name)),
            choice.of(rule.name).exceptions,
            today=datetime.date(2026, 11, 27),
        )
    ]
