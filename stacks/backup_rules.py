"""Rules of settings as the components take them: for plans, and for what goes by a plan's rules."""

from components.backup_plan import BackupRule
from stacks.settings import Rule


def backup_rule(name: str, rule: Rule) -> BackupRule:
    return BackupRule(
        name=name,
        schedule=rule.schedule,
        timezone=rule.timezone,
        start_window_minutes=rule.start_window_minutes,
        completion_window_minutes=rule.completion_window_minutes,
        move_to_cold_storage_after_days=rule.move_to_cold_storage_after_days,
        delete_after_days=rule.delete_after_days,
    )
