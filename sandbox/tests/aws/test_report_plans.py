from typing import Any

import pytest

from aws_sandbox.aws.backup.audit_manager import record_delivery

MEMBER, AUDIT = "333333333333", "222222222222"


@pytest.fixture(scope="module")
def audit(aws: Any) -> Any:
    """The delegated administrator's client of AWS Backup."""
    return aws.client("backup", AUDIT)


def plan(name: str, setting: Any = None, **channel: Any) -> Any:
    return {
        "ReportPlanName": name,
        "ReportDeliveryChannel": {"S3BucketName": "reports", **channel},
        "ReportSetting": setting or {"ReportTemplate": "BACKUP_JOB_REPORT"},
    }


def test_a_report_plan_is_described_updated_and_deleted(
    aws: Any, backup: Any, refusal: Any
) -> None:
    name = aws.name("plan")
    created = backup.create_report_plan(**plan(name), ReportPlanTags={"a": "b"})
    found = backup.describe_report_plan(ReportPlanName=name)["ReportPlan"]
    assert found["ReportDeliveryChannel"] == {"S3BucketName": "reports", "Formats": ["CSV"]}
    assert found["DeploymentStatus"] == "COMPLETED"
    backup.update_report_plan(
        ReportPlanName=name,
        ReportPlanDescription="copies",
        ReportSetting={"ReportTemplate": "COPY_JOB_REPORT"},
    )
    found = backup.describe_report_plan(ReportPlanName=name)["ReportPlan"]
    assert found["ReportPlanDescription"] == "copies"
    assert found["ReportSetting"] == {"ReportTemplate": "COPY_JOB_REPORT"}
    assert found["ReportDeliveryChannel"]["S3BucketName"] == "reports"
    assert backup.list_tags(ResourceArn=created["ReportPlanArn"])["Tags"] == {"a": "b"}
    assert name in {p["ReportPlanName"] for p in backup.list_report_plans()["ReportPlans"]}
    assert refusal(lambda: backup.create_report_plan(**plan(name)))[0] == "AlreadyExistsException"
    backup.delete_report_plan(ReportPlanName=name)
    assert refusal(lambda: backup.describe_report_plan(ReportPlanName=name))[0] == (
        "ResourceNotFoundException"
    )


@pytest.mark.parametrize(
    ("setting", "channel"),
    [
        ({"ReportTemplate": "SCAN_JOB_REPORT"}, {}),
        ({"ReportTemplate": "BACKUP_JOB_REPORT"}, {"Formats": ["CSV", "JSON"]}),
        ({"ReportTemplate": "RESTORE_JOB_REPORT", "Regions": ["*"]}, {"S3KeyPrefix": "own"}),
        (
            {
                "ReportTemplate": "RESOURCE_COMPLIANCE_REPORT",
                "Accounts": ["ROOT"],
                "Regions": ["*"],
            },
            {},
        ),
        (
            {
                "ReportTemplate": "BACKUP_JOB_REPORT",
                "OrganizationUnits": ["ou-exam-77777777"],
                "Regions": ["eu-west-1", "us-east-1"],
            },
            {"Formats": ["CSV"]},
        ),
    ],
)
def test_report_plans_that_aws_takes(aws: Any, audit: Any, setting: Any, channel: Any) -> None:
    name = aws.name("plan")
    audit.create_report_plan(**plan(name, setting, **channel))
    found = audit.describe_report_plan(ReportPlanName=name)["ReportPlan"]
    assert found["ReportSetting"] == setting
    audit.delete_report_plan(ReportPlanName=name)


@pytest.mark.parametrize(
    ("setting", "channel", "says"),
    [
        ({"ReportTemplate": "COST_REPORT"}, {}, "COST_REPORT is none of"),
        ({"Accounts": ["ROOT"]}, {}, "needs Regions"),
        ({"Accounts": ["000000000000"], "Regions": ["*"]}, {}, "no account of the organization"),
        ({"OrganizationUnits": ["r-exam"], "Regions": ["*"]}, {}, "for the root use"),
        ({"Accounts": ["ROOT"], "Regions": ["*"]}, {"Formats": ["JSON"]}, "only support CSV"),
        ({"Regions": ["us-east-1"]}, {"Formats": ["JSON"]}, "only support CSV"),
        ({"Regions": ["*", "us-east-1"]}, {}, "either \\* or"),
        ({}, {"Formats": ["XML"]}, "neither CSV nor JSON"),
        ({"NumberOfFrameworks": 1}, {}, "takes no frameworks"),
        (
            {
                "ReportTemplate": "CONTROL_COMPLIANCE_REPORT",
                "Accounts": ["ROOT"],
                "Regions": ["*"],
                "FrameworkArns": ["arn:aws:backup:eu-west-1:222222222222:framework:f-1"],
            },
            {},
            "For multi-account, multi-Region reports",
        ),
    ],
)
def test_report_plans_that_aws_refuses(
    audit: Any, refusal: Any, setting: Any, channel: Any, says: str
) -> None:
    whole = {"ReportTemplate": "BACKUP_JOB_REPORT", **setting}
    code, message = refusal(lambda: audit.create_report_plan(**plan("bad", whole, **channel)))
    assert code == "InvalidParameterValueException"
    assert says.replace("\\", "") in message


@pytest.mark.parametrize("name", ["with-hyphen", "1st", "a/b", "a" * 257])
def test_a_report_plans_name_is_checked(aws: Any, refusal: Any, name: str) -> None:
    raw = aws.unvalidated("backup")
    code, _ = refusal(lambda: raw.create_report_plan(**plan(name)))
    assert code == "InvalidParameterValueException"


def test_what_is_required_is_asked_for_by_name(aws: Any, refusal: Any) -> None:
    raw = aws.unvalidated("backup")
    code, message = refusal(lambda: raw.create_report_plan(ReportPlanName="x", ReportSetting={}))
    assert code == "MissingParameterValueException"
    assert "ReportDeliveryChannel" in message
    assert "ReportSetting.ReportTemplate" in message


def test_a_member_reports_on_itself_alone(backup: Any, refusal: Any) -> None:
    setting = {"ReportTemplate": "BACKUP_JOB_REPORT", "Accounts": ["ROOT"], "Regions": ["*"]}
    code, message = refusal(lambda: backup.create_report_plan(**plan("bad", setting)))
    assert code == "InvalidParameterValueException"
    assert "delegated administrator" in message


def test_an_account_has_twenty_report_plans_in_all_its_regions(aws: Any, refusal: Any) -> None:
    account = "888888888888"
    for index in range(20):
        region = "eu-west-1" if index % 2 else "us-east-1"
        aws.client("backup", account, region).create_report_plan(**plan(f"plan_{index}"))
    code, _ = refusal(
        lambda: aws.client("backup", account).create_report_plan(**plan("one_too_many"))
    )
    assert code == "LimitExceededException"


def test_the_first_report_plan_makes_the_services_own_role(aws: Any, audit: Any) -> None:
    audit.create_report_plan(**plan(aws.name("plan")))
    role = aws.client("iam", AUDIT).get_role(RoleName="AWSServiceRoleForBackupReports")["Role"]
    assert role["Arn"] == (
        f"arn:aws:iam::{AUDIT}:role/aws-service-role/reports.backup.amazonaws.com/"
        "AWSServiceRoleForBackupReports"
    )
    attached = aws.client("iam", AUDIT).list_attached_role_policies(RoleName=role["RoleName"])
    assert [policy["PolicyName"] for policy in attached["AttachedPolicies"]] == [
        "AWSServiceRolePolicyForBackupReports"
    ]


def test_a_report_job_is_created_and_told_to_who_delivers(
    aws: Any, backup: Any, refusal: Any
) -> None:
    name = aws.name("plan")
    backup.create_report_plan(**plan(name))
    job_id = backup.start_report_job(ReportPlanName=name, IdempotencyToken=name)["ReportJobId"]
    again = backup.start_report_job(ReportPlanName=name, IdempotencyToken=name)["ReportJobId"]
    assert again == job_id
    assert aws.reports == [(MEMBER, "eu-west-1", job_id)]
    job = backup.describe_report_job(ReportJobId=job_id)["ReportJob"]
    assert (job["Status"], job["ReportTemplate"]) == ("CREATED", "BACKUP_JOB_REPORT")
    delivered = {
        "ReportJobId": "of the generator",
        "ReportPlanArn": job["ReportPlanArn"],
        "ReportTemplate": job["ReportTemplate"],
        "CreationTime": job["CreationTime"].timestamp(),
        "CompletionTime": job["CreationTime"].timestamp(),
        "Status": "COMPLETED",
        "ReportDestination": {"S3BucketName": "reports", "S3Keys": ["Backup/1.csv"]},
    }
    record_delivery(aws.server.services, delivered, job_id)
    job = backup.describe_report_job(ReportJobId=job_id)["ReportJob"]
    assert (job["Status"], job["ReportDestination"]) == (
        "COMPLETED",
        {"S3BucketName": "reports", "S3Keys": ["Backup/1.csv"]},
    )
    found = backup.list_report_jobs(ByReportPlanName=name, ByStatus="COMPLETED")["ReportJobs"]
    assert [entry["ReportJobId"] for entry in found] == [job_id]
    assert backup.list_report_jobs(ByReportPlanName=name, ByStatus="FAILED")["ReportJobs"] == []
    described = backup.describe_report_plan(ReportPlanName=name)["ReportPlan"]
    assert described["LastSuccessfulExecutionTime"]
    assert refusal(lambda: backup.start_report_job(ReportPlanName="absent"))[0] == (
        "ResourceNotFoundException"
    )
