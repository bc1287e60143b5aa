"""A backup plan in one Region, and the resources that it protects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class CopyAction:
    """Where a recovery point is copied to, and how long the copy is kept."""

    vault_arn: pulumi.Input[str]
    delete_after_days: int
    move_to_cold_storage_after_days: int | None = None


@dataclass(frozen=True, kw_only=True)
class BackupRule:
    name: str
    schedule: str
    """cron(…), in `timezone`."""
    timezone: str
    start_window_minutes: int
    completion_window_minutes: int
    delete_after_days: int
    move_to_cold_storage_after_days: int | None = None
    archive_ebs_snapshots: bool = False
    """Snapshots of EBS volumes, too, move to cold storage."""
    continuous: bool = False
    copies: Sequence[CopyAction] = ()
    recovery_point_tags: Mapping[str, str] = field(default_factory=dict[str, str])
    scan: Literal["full", "incremental"] | None = None


@dataclass(frozen=True, kw_only=True)
class BackupSelection:
    """Which resources a plan protects: those that one of `arns` or of `tags` takes in, all of
    whose conditions hold, and that no pattern of `not_arns` names. So AWS Backup combines them:
    https://docs.aws.amazon.com/aws-backup/latest/devguide/assigning-resources-json.html
    """

    arns: Sequence[str] = ()
    tags: Sequence[tuple[str, str]] = ()
    equals: Sequence[tuple[str, str]] = ()
    not_equals: Sequence[tuple[str, str]] = ()
    like: Sequence[tuple[str, str]] = ()
    not_like: Sequence[tuple[str, str]] = ()
    not_arns: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class MalwareScans:
    """Of what rules with `scan` made, by Amazon GuardDuty."""

    resource_types: Sequence[str]
    scanner_role_arn: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class BackupPlanArgs:
    plan_name: str
    vault_name: pulumi.Input[str]
    air_gapped_vault_arn: pulumi.Input[str] | None = None
    """Where recovery points lie instead, of types that a logically air-gapped vault takes."""
    rules: Sequence[BackupRule]
    role_arn: pulumi.Input[str]
    """The role in which AWS Backup works."""
    selection: BackupSelection
    windows_vss: bool = False
    malware_scans: MalwareScans | None = None
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
            rules=[_rule(rule, args) for rule in args.rules],
            advanced_backup_settings=_WINDOWS_VSS if args.windows_vss else None,
            scan_settings=_scan_settings(args.malware_scans) if args.malware_scans else None,
            region=args.region,
            opts=child,
        )
        chosen = args.selection
        aws.backup.Selection(
            name,
            name=args.plan_name,
            plan_id=plan.id,
            iam_role_arn=args.role_arn,
            resources=list(chosen.arns) or None,
            not_resources=list(chosen.not_arns) or None,
            selection_tags=[
                {"type": "STRINGEQUALS", "key": key, "value": value} for key, value in chosen.tags
            ]
            or None,
            conditions=_conditions(chosen),
            region=args.region,
            opts=child,
        )
        self.plan_id = plan.id
        self.register_outputs({"plan_id": self.plan_id})


_WINDOWS_VSS: Sequence[aws.backup.PlanAdvancedBackupSettingArgsDict] = (
    {"resource_type": "EC2", "backup_options": {"WindowsVSS": "enabled"}},
)


def _rule(rule: BackupRule, args: BackupPlanArgs) -> aws.backup.PlanRuleArgsDict:
    archive = rule.archive_ebs_snapshots
    return {
        "rule_name": rule.name,
        "target_vault_name": args.vault_name,
        "target_logically_air_gapped_backup_vault_arn": args.air_gapped_vault_arn,
        "schedule": rule.schedule,
        "schedule_expression_timezone": rule.timezone,
        "start_window": rule.start_window_minutes,
        "completion_window": rule.completion_window_minutes,
        "lifecycle": _lifecycle(rule, archive=archive),
        "enable_continuous_backup": rule.continuous or None,
        "copy_actions": [
            {
                "destination_vault_arn": copy.vault_arn,
                "lifecycle": _lifecycle(copy, archive=archive),
            }
            for copy in rule.copies
        ]
        or None,
        "recovery_point_tags": rule.recovery_point_tags or None,
        "scan_actions": [{"malware_scanner": "GUARDDUTY", "scan_mode": f"{rule.scan.upper()}_SCAN"}]
        if rule.scan
        else None,
    }


def _lifecycle(
    kept: BackupRule | CopyAction, *, archive: bool
) -> aws.backup.PlanRuleLifecycleArgsDict:
    cold = kept.move_to_cold_storage_after_days
    return {
        "cold_storage_after": cold,
        "delete_after": kept.delete_after_days,
        "opt_in_to_archive_for_supported_resources": (cold is not None and archive) or None,
    }


def _scan_settings(scans: MalwareScans) -> Sequence[aws.backup.PlanScanSettingArgsDict]:
    return [
        {
            "malware_scanner": "GUARDDUTY",
            "resource_types": list(scans.resource_types),
            "scanner_role_arn": scans.scanner_role_arn,
        }
    ]


def _conditions(
    chosen: BackupSelection,
) -> Sequence[aws.backup.SelectionConditionArgsDict] | None:
    given = {
        "string_equals": chosen.equals,
        "string_not_equals": chosen.not_equals,
        "string_likes": chosen.like,
        "string_not_likes": chosen.not_like,
    }
    condition = {
        operator: [{"key": f"aws:ResourceTag/{key}", "value": value} for key, value in pairs]
        for operator, pairs in given.items()
        if pairs
    }
    return [cast(aws.backup.SelectionConditionArgsDict, condition)] if condition else None
