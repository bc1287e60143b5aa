"""Rules about the reports of AWS Backup Audit Manager and the frameworks that they report on."""

from collections.abc import Iterator, Sequence
from typing import Any

from policies.citations import aws_guide, nist
from policies.resource_types import FRAMEWORK, REPORT_PLAN
from policies.resources import Resource, Stack, those
from policies.rule import Aspects, Config, Setting, over_resource, over_stack

_COMPLIANCE = ("CONTROL_COMPLIANCE_REPORT", "RESOURCE_COMPLIANCE_REPORT")
_TEMPLATES = ("BACKUP_JOB_REPORT", "COPY_JOB_REPORT", "RESTORE_JOB_REPORT", *_COMPLIANCE)
_REPORTS = aws_guide(
    "Working with audit reports", "aws-backup/latest/devguide/working-with-audit-reports.html"
)
_BY_API = aws_guide(
    "Creating report plans using the AWS Backup API",
    "aws-backup/latest/devguide/create-report-plan-api.html",
)


@over_resource(
    REPORT_PLAN,
    severity="high",
    cites=[nist("AU-7"), _REPORTS, _BY_API],
)
def report_plan_delivers_csv(plan: Resource, _: Config) -> Iterator[str]:
    """A report plan over several accounts or Regions delivers CSV and nothing else.

    AWS Backup makes JSON of its own account and Region alone.
    """
    formats: Sequence[str] = plan.get("reportDeliveryChannel", "formats") or ()
    others = [one for one in formats if one != "CSV"]
    if others and (_is_of_organization(plan) or _is_of_other_regions(plan)):
        yield (
            f"the report plan {plan.name} asks for {', '.join(others)} of several accounts or "
            "Regions, which AWS Backup reports as CSV alone; set formats to CSV"
        )


def _is_of_organization(plan: Resource) -> bool:
    return any(plan.get("reportSetting", name) for name in ("accounts", "organizationUnits"))


def _is_of_other_regions(plan: Resource) -> bool:
    regions: Sequence[str] = plan.get("reportSetting", "regions") or ()
    return any(region != plan.region for region in regions)


@over_resource(
    REPORT_PLAN,
    severity="medium",
    cites=[nist("AU-7"), _BY_API],
)
def report_plan_says_whose(plan: Resource, _: Config) -> Iterator[str]:
    """A report plan of an organization names accounts or units, Regions, and no frameworks.

    AWS refuses one of several accounts without Regions or with frameworks: it reports on all of
    theirs. A root is named as the account ROOT, not as a unit by its id.
    """
    if not _is_of_organization(plan):
        return
    if not plan.get("reportSetting", "regions"):
        yield f'the report plan {plan.name} names no Regions; set them, ["*"] for all'
    for name in ("frameworkArns", "numberOfFrameworks"):
        if plan.get("reportSetting", name):
            yield (
                f"the report plan {plan.name} of several accounts has {name}, which AWS refuses; "
                "take it away"
            )
    units: Sequence[str] = plan.get("reportSetting", "organizationUnits") or ()
    if roots := [unit for unit in units if str(unit).startswith("r-")]:
        yield (
            f"the report plan {plan.name} names the root {roots[0]} as a unit; set accounts to "
            '["ROOT"]'
        )


@over_stack(
    REPORT_PLAN,
    severity="medium",
    cites=[nist("AU-7"), nist("CA-7"), _REPORTS],
    baseline="advisory",
    settings={
        "templates": Setting(
            what="Templates of which an organization has a report plan",
            schema={"type": "array", "items": {"enum": [*_TEMPLATES, "SCAN_JOB_REPORT"]}},
            default=[*_TEMPLATES],
        )
    },
)
def report_plans_are_complete(plan: Resource, stack: Stack, config: Config) -> Aspects:
    """Where an organization has report plans, it has one of each of the five templates.

    Backups alone say nothing of copies and restores that failed, nor of what no plan backs up.
    """
    yield _lacks_templates(plan, stack, config["templates"])


def _lacks_templates(plan: Resource, stack: Stack, wanted: Sequence[str]) -> Iterator[str]:
    """Told of the first of them by name."""
    plans = [one for one in stack.of(REPORT_PLAN) if _is_of_organization(one)]
    if plan.urn != min((one.urn for one in plans), default=None):
        return
    there: set[Any] = {one.get("reportSetting", "reportTemplate") for one in plans}
    if missing := [template for template in wanted if template not in there]:
        yield f"no report plan of the organization is made by {', '.join(missing)}; add it"


@over_stack(
    REPORT_PLAN,
    severity="medium",
    cites=[
        nist("CA-7"),
        aws_guide(
            "Working with audit frameworks",
            "aws-backup/latest/devguide/working-with-audit-frameworks.html",
        ),
        _REPORTS,
    ],
    baseline="advisory",
)
def compliance_report_has_a_framework(plan: Resource, stack: Stack, _: Config) -> Aspects:
    """Where compliance is reported of an account, the account has a framework that is evaluated.

    Without one the report is empty, and empty looks like compliant. Of an organization's plans the
    frameworks stand in the members' accounts, where this rule does not see them.
    """
    yield _reports_on_nothing(plan, stack)


def _reports_on_nothing(plan: Resource, stack: Stack) -> Iterator[str]:
    if plan.get("reportSetting", "reportTemplate") not in _COMPLIANCE or _is_of_organization(plan):
        return
    arns: Sequence[object] = plan.get("reportSetting", "frameworkArns") or ()
    regions: Sequence[str | None] = plan.get("reportSetting", "regions") or [plan.region]
    if not arns and not those(stack.of(FRAMEWORK), lambda one: _is_evaluated(one, regions)):
        yield (
            f"the report plan {plan.name} reports on the compliance with frameworks, and the stack "
            f"has none in {', '.join(map(str, regions))}; add one, or take the plan away"
        )


def _is_evaluated(framework: Resource, regions: Sequence[Any]) -> bool:
    return bool(framework.get("controls")) and ("*" in regions or framework.region in regions)
