"""A restore testing plan of AWS Backup in one Region, and what it restores."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class RecoveryPoints:
    """Of each resource that is tested one of these is restored."""

    algorithm: Literal["latest", "random"]
    types: Sequence[Literal["snapshot", "continuous"]]
    vault_arns: Sequence[pulumi.Input[str]]
    window_days: int
    """How old they may be."""


@dataclass(frozen=True, kw_only=True)
class RestoreTestingSelection:
    """Resources of a type: those of `arns`, or those whose tags are as said."""

    name: str
    resource_type: str
    """As AWS Backup calls it: EBS, DynamoDB, …"""
    arns: Sequence[str] = ("*",)
    """Without effect where there are tags: AWS takes either."""
    equals: Mapping[str, str] = field(default_factory=dict[str, str])
    not_equals: Mapping[str, str] = field(default_factory=dict[str, str])
    """Tags of the latest recovery point, which is where AWS Backup looks: all must hold."""
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of the restore, laid over what AWS Backup infers."""
    validation_window_hours: int


@dataclass(frozen=True, kw_only=True)
class RestoreTestingPlanArgs:
    plan_name: str
    schedule: str
    """cron(…), in `timezone`."""
    timezone: str
    start_window_hours: int
    recovery_points: RecoveryPoints
    selections: Sequence[RestoreTestingSelection]
    role_arn: pulumi.Input[str]
    """The role in which AWS Backup restores."""
    region: str


class RestoreTestingPlan(pulumi.ComponentResource):
    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: RestoreTestingPlanArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:RestoreTestingPlan", name, None, opts)
        points = args.recovery_points
        plan = aws.backup.RestoreTestingPlan(
            name,
            name=args.plan_name,
            schedule_expression=args.schedule,
            schedule_expression_timezone=args.timezone,
            start_window_hours=args.start_window_hours,
            recovery_point_selection={
                "algorithm": f"{points.algorithm.upper()}_WITHIN_WINDOW",
                "include_vaults": points.vault_arns,
                "recovery_point_types": [kind.upper() for kind in points.types],
                "selection_window_days": points.window_days,
            },
            region=args.region,
            opts=pulumi.ResourceOptions(parent=self),
        )
        for selection in args.selections:
            self._selection(f"{name}-{selection.name}", plan.name, args, selection)
        self.arn = plan.arn
        self.register_outputs({"arn": self.arn})

    def _selection(
        self,
        name: str,
        plan_name: pulumi.Output[str],
        args: RestoreTestingPlanArgs,
        chosen: RestoreTestingSelection,
    ) -> None:
        tagged = chosen.equals or chosen.not_equals
        # The provider passes over ARNs that change, and over metadata and tags that go:
        # https://github.com/hashicorp/terraform-provider-aws/issues/48316
        trigger = [*chosen.arns, chosen.equals, chosen.not_equals, chosen.metadata]
        aws.backup.RestoreTestingSelection(
            name,
            name=chosen.name,
            restore_testing_plan_name=plan_name,
            protected_resource_type=chosen.resource_type,
            protected_resource_arns=None if tagged else chosen.arns,
            protected_resource_conditions=_conditions(chosen) if tagged else None,
            restore_metadata_overrides=chosen.metadata or None,
            validation_window_hours=chosen.validation_window_hours,
            iam_role_arn=args.role_arn,
            region=args.region,
            opts=pulumi.ResourceOptions(
                parent=self,
                replacement_trigger=json.dumps(trigger, sort_keys=True),
                delete_before_replace=True,
            ),
        )


def _conditions(
    chosen: RestoreTestingSelection,
) -> aws.backup.RestoreTestingSelectionProtectedResourceConditionsArgsDict:
    return {
        "string_equals": _tags(chosen.equals) or None,
        "string_not_equals": _tags(chosen.not_equals) or None,
    }


def _tags(
    tags: Mapping[str, str],
) -> list[aws.backup.RestoreTestingSelectionProtectedResourceConditionsStringEqualArgsDict]:
    return [{"key": f"aws:ResourceTag/{key}", "value": value} for key, value in tags.items()]
