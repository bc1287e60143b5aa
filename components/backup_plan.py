"""A backup plan in one Region, and the tag by which resources join it."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class BackupRule:
    name: str
    schedule: str
    """cron(…), in `timezone`."""
    timezone: str
    start_window_minutes: int
    completion_window_minutes: int
    move_to_cold_storage_after_days: int | None
    delete_after_days: int


@dataclass(frozen=True, kw_only=True)
class BackupPlanArgs:
    plan_name: str
    vault_name: pulumi.Input[str]
    rules: Sequence[BackupRule]
    role_arn: pulumi.Input[str]
    """The role in which AWS Backup works."""
    tag: str
    value: str
    """Every resource of a type that AWS Backup is switched on for joins by this tag."""
    region: str


class BackupPlan(pulumi.ComponentResource):
    plan_id: pulumi.Output[str]

    def __init__(
        self, name: str, args: BackupPlanArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:BackupPlan", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        plan = aws.backup.Plan(
            name,
            name=args.plan_name,
            rules=[_rule(rule, args.vault_name) for rule in args.rules],
            region=args.region,
            opts=child,
        )
        aws.backup.Selection(
            name,
            name=args.plan_name,
            plan_id=plan.id,
            iam_role_arn=args.role_arn,
            selection_tags=[{"type": "STRINGEQUALS", "key": args.tag, "value": args.value}],
            region=args.region,
            opts=child,
        )
        self.plan_id = plan.id
        self.register_outputs({"plan_id": self.plan_id})


def _rule(rule: BackupRule, vault_name: pulumi.Input[str]) -> aws.backup.PlanRuleArgsDict:
    return {
        "rule_name": rule.name,
        "target_vault_name": vault_name,
        "schedule": rule.schedule,
        "schedule_expression_timezone": rule.timezone,
        "start_window": rule.start_window_minutes,
        "completion_window": rule.completion_window_minutes,
        "lifecycle": {
            "cold_storage_after": rule.move_to_cold_storage_after_days,
            "delete_after": rule.delete_after_days,
        },
    }
