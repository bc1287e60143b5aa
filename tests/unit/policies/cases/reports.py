"""Rules about report plans and frameworks."""

from __future__ import annotations

from typing import Any

from policies.resource_types import FRAMEWORK, REPORT_PLAN
from policies.resources import UNKNOWN, Resource
from tests.unit.policies.case import Case, resource

JOBS = ("BACKUP_JOB_REPORT", "COPY_JOB_REPORT", "RESTORE_JOB_REPORT")
COMPLIANCE = ("CONTROL_COMPLIANCE_REPORT", "RESOURCE_COMPLIANCE_REPORT")
ALL: dict[str, Any] = {"accounts": ["ROOT"], "regions": ["*"]}


def plan(template: Any = JOBS[0], formats: Any = None, /, **setting: Any) -> Resource:
    return resource(
        REPORT_PLAN,
        str(template),
        reportSetting={"reportTemplate": template, **setting},
        reportDeliveryChannel={"formats": formats},
    )


def framework(**props: Any) -> Resource:
    given: dict[str, Any] = {"controls": [{"name": "X"}], **props}
    return resource(FRAMEWORK, "framework", **given)


def csv(what: str, *plans: Resource, says: str | None = None) -> Case:
    return Case(rule="report_plan_delivers_csv", what=what, resources=plans, says=says)


def whose(what: str, *plans: Resource, says: str | None = None) -> Case:
    return Case(rule="report_plan_says_whose", what=what, resources=plans, says=says)


def complete(what: str, *plans: Resource, says: str | None = None, **config: Any) -> Case:
    return Case(
        rule="report_plans_are_complete", what=what, resources=plans, says=says, config=config
    )


def frameworks(what: str, *resources: Resource, says: str | None = None) -> Case:
    return Case(rule="compliance_report_has_a_framework", what=what, resources=resources, says=says)


NO_FRAMEWORK = "reports on the compliance with frameworks, and the stack has none in eu-central-1"

CASES = [
    csv("CSV, said or not", plan(JOBS[0], ["CSV"], **ALL), plan(JOBS[1], **ALL)),
    csv("JSON of one account and Region", plan(JOBS[0], ["CSV", "JSON"], regions=["eu-central-1"])),
    csv(
        "JSON of all accounts",
        plan(JOBS[0], ["CSV", "JSON"], **ALL),
        says="asks for JSON of several",
    ),
    csv(
        "JSON of units",
        plan(JOBS[0], ["JSON"], organizationUnits=["ou-1"]),
        says="set formats to CSV",
    ),
    csv(
        "JSON of another Region",
        plan(JOBS[0], ["JSON"], regions=["eu-west-1"]),
        says="asks for JSON",
    ),
    csv("JSON of all Regions", plan(JOBS[0], ["JSON"], regions=["*"]), says="asks for JSON"),
    csv("formats that are not known yet", plan(JOBS[0], UNKNOWN, **ALL)),
    whose("all accounts, all Regions", plan(**ALL)),
    whose(
        "an account's frameworks", plan(COMPLIANCE[0], frameworkArns=["arn"], numberOfFrameworks=1)
    ),
    whose("no Regions", plan(accounts=["ROOT"]), says='names no Regions; set them, ["*"] for all'),
    whose(
        "frameworks",
        plan(**ALL, frameworkArns=["arn"]),
        says="has frameworkArns, which AWS refuses",
    ),
    whose(
        "a number of frameworks", plan(**ALL, numberOfFrameworks=2), says="has numberOfFrameworks"
    ),
    whose(
        "a root as a unit",
        plan(organizationUnits=["r-exam"], regions=["*"]),
        says='names the root r-exam as a unit; set accounts to ["ROOT"]',
    ),
    whose("Regions that are not known yet", plan(accounts=["ROOT"], regions=UNKNOWN)),
    complete("all five", *(plan(template, **ALL) for template in (*JOBS, *COMPLIANCE))),
    complete("one account's", plan()),
    complete("those that are wanted", plan(**ALL), templates=["BACKUP_JOB_REPORT"]),
    complete(
        "jobs alone",
        *(plan(template, **ALL) for template in JOBS),
        says="by CONTROL_COMPLIANCE_REPORT, RESOURCE_COMPLIANCE_REPORT; add it",
    ),
    complete(
        "the rest for one account alone",
        plan(**ALL),
        *(plan(template) for template in (*JOBS[1:], *COMPLIANCE)),
        says="is made by COPY_JOB_REPORT, RESTORE_JOB_REPORT",
    ),
    complete("a template that is not known yet", plan(**ALL), plan(UNKNOWN, **ALL)),
    frameworks("a framework", plan(COMPLIANCE[0]), framework()),
    frameworks("a framework by its ARN", plan(COMPLIANCE[0], frameworkArns=["arn"])),
    frameworks("jobs, and no framework", plan()),
    frameworks("an organization's, and no framework", plan(COMPLIANCE[0], **ALL)),
    frameworks("no framework", plan(COMPLIANCE[1]), says=NO_FRAMEWORK),
    frameworks(
        "one without controls", plan(COMPLIANCE[0]), framework(controls=[]), says=NO_FRAMEWORK
    ),
    frameworks(
        "one of another Region",
        plan(COMPLIANCE[0], regions=["eu-central-1"]),
        framework(region="eu-west-1"),
        says=NO_FRAMEWORK,
    ),
    frameworks("controls that are not known yet", plan(COMPLIANCE[0]), framework(controls=UNKNOWN)),
]
