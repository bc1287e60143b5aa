"""Rules of settings as the components take them: for plans, and for what goes by a plan's rules."""

from components.backup_plan import BackupRule
from stacks.protection_settings import MaintenanceWindow, Rule


def backup_rule(name: str, rule: Rule, window: MaintenanceWindow | None) -> BackupRule:
    """With its zone and its start window, which the maintenance window may decide."""
    return BackupRule(
        name=name,
        schedule=rule.schedule,
        timezone=rule.timezone or (window.timezone if window else "Etc/UTC"),
        start_window_minutes=start_window_minutes(rule),
        completion_window_minutes=rule.completion_window_minutes,
        move_to_cold_storage_after_days=rule.move_to_cold_storage_after_days,
        delete_after_days=rule.delete_after_days,
    )


def start_window_minutes(rule: Rule) -> int:
    return rule.start_window_minutes or 480
