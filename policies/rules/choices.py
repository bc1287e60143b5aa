"""Rules about what a stack chooses of the rules."""

from collections.abc import Iterator, Mapping
from typing import Any

from policies.choice import choice_from
from policies.citations import nist
from policies.resource_types import DEMANDS
from policies.resources import Resource, Stack
from policies.rule import RULES, Aspects, Config, over_resource, over_stack
from policies.validation import problems_of_demands


@over_resource(DEMANDS, severity="high", cites=[nist("CM-6")])
def policy_choice_is_valid(demands: Resource, _: Config) -> Iterator[str]:
    """What a stack chooses of the policies names rules and settings that there are.

    Of a choice that is not valid nothing counts: the bundle decides alone.
    """
    for place, message in problems_of_demands(demands.get("demands")):
        yield f"{'.'.join(map(str, ('demands', *place)))}: {message}"


@over_stack(
    DEMANDS, severity="low", cites=[nist("CM-6")], baseline="advisory", regulated="advisory"
)
def policy_exceptions_name_resources(demands: Resource, stack: Stack, _: Config) -> Aspects:
    """An exception names a resource of its stack that the rule is about.

    One that names none excepts nothing: it is misspelt, or its resource is gone.
    """
    yield _that_name_none(demands.get("demands"), stack)


def _that_name_none(chosen: Mapping[str, Any] | None, stack: Stack) -> Iterator[str]:
    if any(problems_of_demands(chosen)):
        return
    for name, of_rule in choice_from(chosen or {}).rules.items():
        there = {resource.name for resource in stack.of(*RULES[name].types)}
        for one in of_rule.exceptions:
            if one.name not in there:
                yield (
                    f"{name} has an exception for {one.name}, which is none of the resources that "
                    f"it is about: {', '.join(sorted(there)) or 'there are none'}; take it away, "
                    "or name the stack that it is for"
                )
