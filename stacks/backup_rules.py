"""What settings of rules come to, for plans and for what goes by a plan's rules."""

from stacks.protection_settings import Rule


def start_window_minutes(rule: Rule) -> int:
    return rule.start_window_minutes or 480
