"""What a customer chooses of the policies of its stacks, told by each of them."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pulumi

from components.policy_demands import PolicyDemands, PolicyDemandsArgs
from policies.choice import Choice, Level, choice_from
from policies.rules import RULES
from stacks.customer_accounts import accounts_of
from stacks.load import Settings
from stacks.names import own_stack
from stacks.settings import PROGRAMS_TAGS
from stacks.values import aws_regions


def tell_policies(settings: Settings) -> PolicyDemands:
    """Lets the policy pack see it, whoever runs the pack: what is deployed comes after it."""
    root = Path(pulumi.get_root_directory() or ".")
    demands = demands_of(settings, root)
    return PolicyDemands(
        "policies", PolicyDemandsArgs(bundle=demands["bundle"], rules=demands["rules"])
    )


def demands_of(settings: Settings, root: Path) -> dict[str, Any]:
    """As the pack reads them; `root` holds Pulumi.yaml."""
    known = _known(settings, root)
    rules = {name: _of_rule(name, settings, known) for name in RULES}
    return {
        "bundle": settings.policy.bundle,
        "rules": {name: chosen for name, chosen in rules.items() if chosen},
    }


def choice_of(settings: Settings, root: Path) -> Choice:
    """What a stack's settings choose; `root` holds Pulumi.yaml."""
    return choice_from(demands_of(settings, root))


def level_of(rule: str, settings: Settings) -> Level:
    chosen = settings.policy.rules.get(rule)
    return (chosen and chosen.level) or RULES[rule].levels[settings.policy.bundle]


def _of_rule(name: str, settings: Settings, known: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """As the customer has it, and what the program knows: of what is known beside what the customer
    writes, of all else in its place."""
    told: dict[str, Any] = {one: known[one] for one in RULES[name].settings if known.get(one)}
    chosen = settings.policy.rules.get(name)
    if chosen is None:
        return told
    for setting, value in chosen.model_dump(exclude_none=True, exclude={"exceptions"}).items():
        adds = setting.startswith("known_")
        told[setting] = sorted({*told.get(setting, ()), *value}) if adds else value
    exceptions = [
        one.model_dump(mode="json", exclude={"stack"})
        for one in chosen.exceptions_of(own_stack(settings))
    ]
    return told | ({"exceptions": exceptions} if exceptions else {})


def _known(settings: Settings, root: Path) -> Mapping[str, Sequence[str]]:
    """What the program knows, by the names of settings that rules have for it. The customer's
    Regions are those that its settings name; its accounts are those that have stacks: another that
    settings let in is a stranger until the rule is told of it."""
    named = {*_texts(settings.model_dump(mode="json", exclude={"tags"}))}
    accounts = {one.account for one in accounts_of(settings.customer, root)}
    return {
        "known_keys": [*settings.policy.known_keys],
        "known_accounts": sorted({settings.account, *settings.organization.accounts, *accounts}),
        "allowed_regions": sorted(named & aws_regions()),
        "required_tags": [*PROGRAMS_TAGS],
        "forwarded_regions": [*settings.bootstrapped_regions],
    }


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in cast("Mapping[str, Any]", value).items():
            yield key
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in cast("list[Any]", value):
            yield from _texts(inner)
