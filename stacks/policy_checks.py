"""Checks of what is chosen of the policy pack's rules: their names and their own settings."""

from policies.rules import RULES
from policies.validation import problems_of_rules
from stacks.check import Problems, check
from stacks.settings import StackSettings

assert RULES  # importing them registers them


@check(StackSettings, "policy")
def _rules_and_their_settings_are_known(s: StackSettings) -> Problems:
    """Levels and exceptions are checked as any setting is."""
    chosen = {name: rule.model_extra for name, rule in s.policy.rules.items()}
    for place, message in problems_of_rules(chosen):
        yield ("policy", "rules", *place), message
