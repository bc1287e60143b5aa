import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

import pytest

from aws_sandbox.reports.delivery import (
    SERVICE_ROLE,
    Making,
    control_handler,
    deliver,
    deliver_days,
    nightly,
    report_plans,
)
from aws_sandbox.reports.report_plans import Layout, file_name, folder
from aws_sandbox.reports.rows import Profile

if TYPE_CHECKING:
    from sandbox.tests.reports.conftest import Desk

AT = datetime(2026, 11, 22, 3, tzinfo=UTC)
AT_NIGHT = datetime(2026, 3, 7, 2, 17, 33, tzinfo=UTC)
SMALL = Making(profile=Profile(jobs_per_day=2))
EVERYWHERE: dict[str, Any] = {"Accounts": ["ROOT"], "Regions": ["*"]}
MANAGEMENT, OUTER, INNER = "111111111111", "121212121212", "999999999999"


def test_an_organization_plan_reports_every_account_with_its_path(desk: "Desk") -> None:
    plan = desk.plan(desk.bucket(), prefix="org", ReportTemplate="BACKUP_JOB_REPORT", **EVERYWHERE)
    job = deliver(plan, AT, desk.access, SMALL)
    assert (job.status, job.message) == ("COMPLETED", "")
    (key,) = job.keys
    assert key.startswith(f"org/Backup/crossaccount/crossregion/2026/11/22/{plan.name}/")
    content = desk.stored(plan, key)
    assert len(content) == job.bytes
    for account in (MANAGEMENT, OUTER, INNER):
        assert f'"{account}","eu-west-1"' in content
    assert '"o-exampleorg1/r-exam/ou-exam-reports1/ou-exam-reports2","999999999999"' in content
    assert job.described()["ReportDestination"] == {"S3BucketName": plan.bucket, "S3Keys": [key]}


def test_a_plan_for_an_ou_reports_the_accounts_directly_in_it(desk: "Desk") -> None:
    plan = desk.plan(
        desk.bucket(),
        ReportTemplate="BACKUP_JOB_REPORT",
        OrganizationUnits=["ou-exam-reports1"],
        Regions=["us-east-1"],
    )
    (key,) = deliver(plan, AT, desk.access, SMALL).keys
    assert key.startswith("Backup/crossaccount/us-east-1/")
    content = desk.stored(plan, key)
    assert f'"{OUTER}"' in content
    assert f'"{INNER}"' not in content


def test_a_plan_without_accounts_reports_its_own_and_may_be_json(desk: "Desk") -> None:
    plan = desk.plan(desk.bucket(), formats="CSV,JSON", ReportTemplate="COPY_JOB_REPORT")
    job = deliver(plan, AT, desk.access, Making(profile=Profile(jobs_per_day=20)))
    csv_key, json_key = job.keys
    assert csv_key.startswith(f"Backup/{MANAGEMENT}/eu-west-1/2026/11/22/{plan.name}/")
    assert "Path To Root" not in desk.stored(plan, csv_key)
    items = json.loads(desk.stored(plan, json_key))["reportItems"]
    assert {item["accountId"] for item in items} == {MANAGEMENT}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"regions": ("*",), "formats": ("JSON",)}, "only support CSV"),
        ({"template": "SCAN_JOB_REPORT"}, "makes no SCAN_JOB_REPORT"),
        ({"accounts": ("000000000000",)}, "or an OU without accounts: 000000000000"),
    ],
)
def test_what_aws_could_not_report_fails_the_job_with_the_reason(
    desk: "Desk", changes: dict[str, Any], reason: str
) -> None:
    plan = desk.plan(desk.bucket(), ReportTemplate="COPY_JOB_REPORT")
    job = deliver(replace(plan, **changes), AT, desk.access, SMALL)
    assert (job.status, job.keys) == ("FAILED", ())
    assert reason in job.described()["StatusMessage"]


def test_without_the_service_linked_role_the_job_fails_and_says_how_to_create_it(
    desk: "Desk",
) -> None:
    plan = desk.plan(desk.bucket(), ReportTemplate="COPY_JOB_REPORT")
    elsewhere = replace(plan, arn=plan.arn.replace(MANAGEMENT, INNER))
    job = deliver(elsewhere, AT, desk.access, SMALL)
    assert job.status == "FAILED"
    assert "CreateServiceLinkedRole" in job.message


def test_a_bucket_that_refuses_fails_the_job_with_what_s3_said(desk: "Desk") -> None:
    plan = desk.plan(desk.bucket(open_to_reports=False), ReportTemplate="COPY_JOB_REPORT")
    job = deliver(plan, AT, desk.access, SMALL)
    assert job.status == "FAILED"
    assert job.message.startswith(f"PutObject for {plan.bucket} as {SERVICE_ROLE}: AccessDenied")


def test_a_large_report_arrives_in_parts(desk: "Desk") -> None:
    plan = desk.plan(desk.bucket(), ReportTemplate="CONTROL_COMPLIANCE_REPORT", **EVERYWHERE)
    job = deliver(plan, AT, desk.access, replace(SMALL, split_bytes=4000))
    assert len(job.keys) > 2
    texts = [desk.stored(plan, key) for key in job.keys]
    assert len({text.split("\n", 1)[0] for text in texts}) == 1


def test_a_night_is_between_one_and_five_and_its_second_delivery_overwrites_the_first(
    desk: "Desk",
) -> None:
    plans = [desk.plan(desk.bucket(), ReportTemplate="COPY_JOB_REPORT") for _ in range(2)]
    assert all(1 <= nightly(plan, date(2026, 11, 22)).hour < 5 for plan in plans)
    days = [date(2026, 11, 21), date(2026, 11, 22)]
    keys = [job.keys for job in deliver_days(plans, days, desk.access, SMALL)]
    assert [key[0].split("/")[5:7] for key in keys] == [
        ["21", plans[0].name], ["21", plans[1].name], ["22", plans[0].name], ["22", plans[1].name],
    ]  # fmt: skip
    assert [job.keys for job in deliver_days(plans, days, desk.access, SMALL)] == keys


def test_the_control_call_delivers_named_plans_and_counts(desk: "Desk") -> None:
    plan = desk.plan(desk.bucket(), ReportTemplate="COPY_JOB_REPORT")
    assert plan in set(report_plans(desk.access, [MANAGEMENT]))
    handle = control_handler(desk.access, [MANAGEMENT])
    answer = handle({"date": "2026-11-22", "days": 2, "plans": [plan.name], "volume": 3})
    assert [job["Status"] for job in answer["jobs"]] == ["COMPLETED", "COMPLETED"]
    assert answer["objects"] == 2
    large = desk.plan(desk.bucket(), ReportTemplate="CONTROL_COMPLIANCE_REPORT", **EVERYWHERE)
    (job,) = handle({"date": "2026-11-22", "plans": [large.name], "accounts": 7})["jobs"]
    (key,) = job["ReportDestination"]["S3Keys"]
    assert desk.stored(large, key).count("\n") == 1 + 7 * len(desk.access.regions) * 6
    assert answer["bytes"] > 1000
    with pytest.raises(ValueError, match="no report plan nothing; there are: "):
        handle({"plans": ["nothing"]})
    with pytest.raises(ValueError, match="does not know day"):
        handle({"day": 1})


@pytest.mark.parametrize(
    ("prefix", "account", "region", "expected"),
    [
        (
            "",
            "222222222222",
            "eu-west-1",
            "Backup/222222222222/eu-west-1/2026/03/07/jobs/",
        ),
        ("", "222222222222", None, "Backup/222222222222/crossregion/2026/03/07/jobs/"),
        ("a/b/", None, "eu-west-1", "a/b/Backup/crossaccount/eu-west-1/2026/03/07/jobs/"),
        ("/org", None, None, "org/Backup/crossaccount/crossregion/2026/03/07/jobs/"),
    ],
)
def test_every_documented_layout_has_its_key(
    prefix: str, account: str | None, region: str | None, expected: str
) -> None:
    layout = Layout(account=account, region=region)
    assert folder(prefix=prefix, layout=layout, at=AT_NIGHT, plan="jobs") == expected


@pytest.mark.parametrize(
    ("part", "scheduled", "extension", "name"),
    [
        (1, False, "csv", "BACKUP_JOB_REPORT_Jobs_2026-03-06T02:00:00Z_2026-03-07T02:00:00Z.csv"),
        (2, False, "csv", "BACKUP_JOB_REPORT_Jobs_2026-03-06T02:00:00Z_2026-03-07T02:00:00Z_2.csv"),
        (
            1,
            True,
            "json",
            "backup_job_report_jobs_2026-03-06t02:00:00z_2026-03-07t02:00:00z_1.json",
        ),
        (2, True, "csv", "backup_job_report_jobs_2026-03-06t02:00:00z_2026-03-07t02:00:00z_2.csv"),
    ],
)
def test_files_are_called_as_they_were_seen(
    part: int, scheduled: bool, extension: str, name: str
) -> None:
    period = (datetime(2026, 3, 6, 2, tzinfo=UTC), datetime(2026, 3, 7, 2, tzinfo=UTC))
    called = file_name(
        template="BACKUP_JOB_REPORT",
        plan="Jobs",
        period=period,
        part=part,
        scheduled=scheduled,
        extension=extension,
    )
    assert called == name
    assert quote_plus(called) != called
