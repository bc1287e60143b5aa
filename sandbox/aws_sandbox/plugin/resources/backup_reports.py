"""AWS Backup Audit Manager's report plans."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from aws_sandbox.plugin.fields import Autoname, Document, Field, members, outputs
from aws_sandbox.plugin.resource import Call, Resource, register
from aws_sandbox.plugin.resources.backup import TAGGING
from aws_sandbox.plugin.values import UNKNOWN, Problem, Props, children

TEMPLATES: Final = frozenset(
    {
        "BACKUP_JOB_REPORT",
        "CONTROL_COMPLIANCE_REPORT",
        "COPY_JOB_REPORT",
        "RESOURCE_COMPLIANCE_REPORT",
        "RESTORE_JOB_REPORT",
    }
)
"""Those that the official plugin takes."""


@register("aws:backup/reportPlan:ReportPlan")
class ReportPlan(Resource):
    """A report plan; its id is its name."""

    service, operation = "backup", "CreateReportPlan"
    properties = members(
        name=Field("ReportPlanName", replaces=True, autoname=Autoname()),
        description=Field("ReportPlanDescription", empty=""),
        reportDeliveryChannel=Field(
            "ReportDeliveryChannel",
            fields=members(
                "s3BucketName",
                "s3KeyPrefix",
                formats=Field("Formats", computed=True, unordered=True),
            ),
        ),
        reportSetting=Field(
            "ReportSetting",
            fields=members(
                "numberOfFrameworks",
                "reportTemplate",
                accounts=Field("Accounts", unordered=True),
                frameworkArns=Field("FrameworkArns", unordered=True),
                organizationUnits=Field("OrganizationUnits", unordered=True),
                regions=Field("Regions", unordered=True),
            ),
        ),
    )
    outputs = outputs(
        arn="ReportPlanArn", creationTime="CreationTime", deploymentStatus="DeploymentStatus"
    )
    tagging, tags_member = TAGGING, "ReportPlanTags"

    def create(self, call: Call) -> str:
        return call("CreateReportPlan", **call.request())["ReportPlanName"]

    def read(self, call: Call) -> Document:
        return call("DescribeReportPlan", ReportPlanName=call.rid)["ReportPlan"]

    def update(self, call: Call) -> None:
        wanted = call.request(clear=True)
        call(
            "UpdateReportPlan",
            ReportPlanName=call.rid,
            ReportPlanDescription=wanted["ReportPlanDescription"],
            ReportDeliveryChannel=wanted["ReportDeliveryChannel"],
            ReportSetting=wanted["ReportSetting"],
        )

    def delete(self, call: Call) -> None:
        call("DeleteReportPlan", ReportPlanName=call.rid)

    def check(self, props: Props) -> Iterator[Problem]:
        setting = dict(children(props["reportSetting"]))
        channel = dict(children(props["reportDeliveryChannel"]))
        template = setting.get("reportTemplate", UNKNOWN)
        if template is not UNKNOWN and template not in TEMPLATES:
            reason = f"{template!r} is none of {', '.join(sorted(TEMPLATES))}"
            yield Problem(path=("reportSetting", "reportTemplate"), reason=reason)
        if not setting.get("accounts") and not setting.get("organizationUnits"):
            return
        for name in ("frameworkArns", "numberOfFrameworks"):
            if name in setting:
                reason = "AWS refuses it in a report over accounts or organizational units"
                yield Problem(path=("reportSetting", name), reason=reason)
        for index, name in children(channel.get("formats")):
            if name == "JSON":
                path = ("reportDeliveryChannel", "formats", index)
                yield Problem(path=path, reason="AWS reports over accounts as CSV only")
