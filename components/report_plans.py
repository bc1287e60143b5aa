"""Report plans of AWS Backup Audit Manager."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class ReportPlan:
    """One plan. Framework fields are for plans on this account and Region alone: AWS refuses them
    elsewhere, where all frameworks of the accounts count."""

    name: str
    template: str
    """As AWS Backup's API calls it: BACKUP_JOB_REPORT, …"""
    description: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    prefix: str | None = None
    formats: Sequence[str] = ("CSV",)
    accounts: Sequence[str] = ()
    """["ROOT"] is the whole organization; none, and no units: this account."""
    organizational_units: Sequence[str] = ()
    regions: Sequence[str] = ()
    """["*"]: all of them; none: this Region."""
    framework_arns: Sequence[pulumi.Input[str]] = ()


@dataclass(frozen=True, kw_only=True)
class ReportPlansArgs:
    bucket_name: pulumi.Input[str]
    plans: Sequence[ReportPlan]


class ReportPlans(pulumi.ComponentResource):
    arns: pulumi.Output[Mapping[str, str]]
    """By the plan's name."""

    def __init__(
        self, name: str, args: ReportPlansArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("backup-org:components:ReportPlans", name, None, opts)
        arns = {plan.name: self._plan(plan, args.bucket_name).arn for plan in args.plans}
        self.arns = pulumi.Output.all(**arns)
        self.register_outputs({"arns": self.arns})

    def _plan(self, plan: ReportPlan, bucket_name: pulumi.Input[str]) -> aws.backup.ReportPlan:
        return aws.backup.ReportPlan(
            plan.name,
            name=plan.name,
            description=plan.description,
            tags=plan.tags or None,
            report_delivery_channel={
                "s3_bucket_name": bucket_name,
                "s3_key_prefix": plan.prefix,
                "formats": plan.formats,
            },
            report_setting={
                "report_template": plan.template,
                "accounts": plan.accounts or None,
                "organization_units": plan.organizational_units or None,
                "regions": plan.regions or None,
                "framework_arns": plan.framework_arns or None,
                "number_of_frameworks": len(plan.framework_arns) or None,
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
