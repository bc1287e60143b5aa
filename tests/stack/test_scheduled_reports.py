"""What a central account's stack makes of `reports_mail`, and what every stack lets it read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from reports.digest import definition
from reports.digest.runs import definition_key, run_status_key
from tests.stack.conftest import statements
from tests.support.examples import recordings
from tests.support.recorder import Recording
from tests.support.report_variants import recorded, variant

AUDIT = "222222222222"
RUNBOOK = "acme-backup-report"


@pytest.fixture(scope="module")
def audit() -> Recording:
    return recordings()["acme-audit"]


@pytest.fixture(scope="module")
def steps(audit: Recording) -> Mapping[str, Mapping[str, Any]]:
    content = json.loads(audit.one("aws:ssm/document:Document", RUNBOOK).inputs["content"])
    return {step["name"]: step for step in content["mainSteps"]}


def test_every_step_but_the_telling_one_is_told_where_it_fails(
    steps: Mapping[str, Mapping[str, Any]],
) -> None:
    assert steps["TellThatItFailed"]["onFailure"] == "Abort"
    for name in steps.keys() - {"TellThatItFailed"}:
        assert steps[name]["onFailure"] == "step:TellThatItFailed"


def test_steps_follow_each_other_to_one_end(steps: Mapping[str, Mapping[str, Any]]) -> None:
    way = ["FindVaults"]
    while following := steps[way[-1]].get("nextStep"):
        way.append(following)
    assert way == [name for name in steps if name != "TellThatItFailed"]
    assert steps[way[-1]]["isEnd"]
    assert steps["TellThatItFailed"]["isEnd"]


def test_functions_end_before_the_step_that_waits_for_them(
    audit: Recording, steps: Mapping[str, Mapping[str, Any]]
) -> None:
    """So that a second attempt never runs beside the first. Automation waits for 300 seconds."""
    timeouts = {
        f.inputs["name"]: f.inputs["timeout"] for f in audit.all("aws:lambda/function:Function")
    }
    for step in steps.values():
        if step["action"] == "aws:invokeLambdaFunction":
            assert timeouts[step["inputs"]["FunctionName"]] < step["timeoutSeconds"] <= 300


def test_the_runbook_may_invoke_its_functions_and_see_the_status_alone(audit: Recording) -> None:
    found = statements(audit, RUNBOOK)
    assert {s: found[s]["Action"] for s in found} == {
        "RunItsSteps": ["lambda:InvokeFunction"],
        "SeeWhetherAllIsCollated": ["s3:GetObject"],
        "SeeItThroughItsKey": ["kms:Decrypt"],
    }
    assert len(found["RunItsSteps"]["Resource"]) == 3
    (seen,) = found["SeeWhetherAllIsCollated"]["Resource"]
    assert seen.endswith(f"/{run_status_key('*')}")


def test_a_schedule_has_its_time_zone_and_a_place_for_what_it_could_not_start(
    audit: Recording,
) -> None:
    schedules = [
        schedule
        for schedule in audit.all("aws:scheduler/schedule:Schedule")
        if "RunbookSchedules" in schedule.parent
    ]
    assert len(schedules) == 3
    for schedule in schedules:
        assert schedule.inputs["scheduleExpressionTimezone"] == "Europe/Berlin"
        assert "deadLetterConfig" in schedule.inputs["target"]
        asked = json.loads(schedule.inputs["target"]["input"])
        assert asked["DocumentName"] == RUNBOOK
        assert asked["Parameters"]["At"] == ["<aws.scheduler.scheduled-time>"]


def test_a_report_is_about_all_accounts_that_the_customers_settings_name(audit: Recording) -> None:
    defined = {
        one.inputs["key"]: definition.load(one.inputs["content"])
        for one in audit.all("aws:s3/bucketObjectv2:BucketObjectv2")
    }
    assert defined.keys() == {definition_key(c) for c in definition.CADENCES}
    daily, monthly = defined[definition_key("daily")], defined[definition_key("monthly")]
    assert daily.account_names == {
        "111111111111": "management",
        "222222222222": "audit",
        "333333333333": "payments",
        "444444444444": "web",
    }
    assert daily.regions["333333333333"] == ("eu-central-1", "eu-west-1")
    assert (daily.source, monthly.source) == ("api", "lake")
    assert daily.brand.logo is not None
    assert daily.brand.logo.startswith("data:image/svg+xml;base64,")


@pytest.mark.parametrize(
    "stack", ["acme-audit", "acme-management", "acme-member-payments", "acme-member-web"]
)
def test_every_stack_lets_the_central_accounts_functions_read(stack: str) -> None:
    recording = recordings()[stack]
    role = recording.one("aws:iam/role:Role", "acme-backup-reader")
    (trust,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"AWS": f"arn:aws:iam::{AUDIT}:root"}
    assert trust["Condition"]["ArnEquals"]["aws:PrincipalArn"] == [
        f"arn:aws:iam::{AUDIT}:role/acme-backup-{name}"
        for name in ("find-vaults", "collate-jobs", "make-report")
    ]
    found = statements(recording, "acme-backup-reader")
    actions = {action.split(":")[1] for s in found.values() for action in s["Action"]}
    assert {a for a in actions if not a.startswith(("List", "Describe", "Get", "Decrypt"))} == set()
    assert ("ReadCuratedReports" in found) is (stack == "acme-management")


def test_a_customer_without_scheduled_reports_lets_nobody_read() -> None:
    for stack, recording in recordings().items():
        if stack.startswith("initech"):
            names = [role.name for role in recording.all("aws:iam/role:Role")]
            assert [name for name in names if name.endswith("-backup-reader")] == []


def test_no_link_to_a_report_outlives_what_is_set(audit: Recording) -> None:
    for recording, seconds in ((audit, 3600), (recorded("links by a user"), 604_800)):
        policy = recording.one("aws:s3/bucketPolicy:BucketPolicy", "acme-backup-digests")
        denied = {s["Sid"]: s for s in json.loads(policy.inputs["policy"])["Statement"]}["LinksEnd"]
        assert denied["Effect"] == "Deny"
        assert denied["Condition"] == {
            "NumericGreaterThan": {"s3:signatureAge": str(seconds * 1000)}
        }


def test_a_user_that_signs_has_no_key_in_the_stack_and_opens_reports_alone() -> None:
    recording = recorded("links by a user")
    assert recording.all("aws:iam/accessKey:AccessKey") == []
    policy = recording.one("aws:iam/userPolicy:UserPolicy", "acme-backup-report-link")
    found = json.loads(policy.inputs["policy"])["Statement"]
    assert [s["Action"] for s in found] == [["s3:GetObject"], ["kms:Decrypt"]]
    assert found[0]["Resource"][0].endswith("/reports/*")
    mails = statements(recording, "acme-backup-report-mail")
    assert "ReadTheSignersKey" in mails
    assert "SignLinks" not in mails


def test_mails_go_out_from_the_set_address_alone(audit: Recording) -> None:
    sends = statements(audit, "acme-backup-report-mail")["SendItsMails"]
    assert sends["Condition"] == {
        "StringEquals": {"ses:FromAddress": "backup-reports@acme.example"}
    }
    assert audit.one("aws:sesv2/emailIdentity:EmailIdentity").inputs["emailIdentity"] == (
        "acme.example"
    )
    theirs = recorded("links by a user")
    assert theirs.all("aws:sesv2/emailIdentity:EmailIdentity") == []
    assert theirs.exports["report_mail_dns"] == []


def test_a_month_by_list_calls_is_said_to_be_incomplete() -> None:
    own = variant("acme-audit").case.own["reports_mail"]
    mail = {**own, "monthly": {**own["monthly"], "source": "api"}}
    said = variant("acme-audit", reports_mail=mail).case.run({}).said
    assert any("list calls go back 30 days" in line for line in said)
