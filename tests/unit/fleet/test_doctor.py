"""What the doctor looks up in a stack's account, and the cure that it names."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import boto3
import pytest
from moto import mock_aws

from components.reports_bucket import reports_are_delivered
from fleet.doctor import examine
from stacks import load
from stacks.load import Settings

ACCOUNT, OTHER, THIRD = "111111111111", "333333333333", "444444444444"
REGION = "eu-central-1"
ACME: Mapping[str, Any] = {
    "customer": "acme",
    "organization": {"management_account": ACCOUNT, "audit_account": "222222222222"},
    "region": REGION,
}
THEIRS = {"name": "theirs", "existing": True}
POLICY = "the policy of theirs"
ROLE = "the role AWSServiceRoleForBackupReports"


def settings(tmp_path: Path, **reports: Any) -> Settings:
    folder = tmp_path / load.CUSTOMERS
    folder.mkdir(parents=True)
    (folder / "acme.yaml").write_text(json.dumps(ACME))
    values = {"extends": "acme", "role": "management", "reports": reports}
    return load.parse("acme-management", values, tmp_path)


# One for all tests: a session reads AWS's service models once.
_SESSION = boto3.Session("testing", "testing", region_name=REGION)


@pytest.fixture
def session() -> Iterator[boto3.Session]:
    with mock_aws():
        _SESSION.client("s3").create_bucket(
            Bucket="theirs", CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        yield _SESSION


def examined(settings: Settings, session: boto3.Session) -> dict[str, tuple[str, str]]:
    return {f.about: (f.found, f.cure) for f in examine(settings, session)}


def test_a_bucket_that_lets_nothing_through_is_told_the_statement_to_add(
    tmp_path: Path, session: boto3.Session
) -> None:
    found = examined(settings(tmp_path, scope="account", bucket=THEIRS), session)
    wanted = reports_are_delivered("arn:aws:s3:::theirs", ACCOUNT).render()
    assert found[POLICY] == (
        "does not let reports through",
        f"add to it: {json.dumps(wanted)}",
    )
    assert found["events of theirs"][0] == "do not go to EventBridge"


def test_a_bucket_policy_with_the_statement_needs_no_cure(
    tmp_path: Path, session: boto3.Session
) -> None:
    s3 = session.client("s3")
    wanted = reports_are_delivered("arn:aws:s3:::theirs", ACCOUNT).render()
    policy = json.dumps({"Version": "2012-10-17", "Statement": [wanted]})
    s3.put_bucket_policy(Bucket="theirs", Policy=policy)
    found = examined(settings(tmp_path, scope="account", bucket=THEIRS), session)
    assert found[POLICY] == ("lets reports through", "")


@pytest.mark.parametrize(
    ("exists", "creates", "cure"),
    [
        (True, True, "set reports.create_service_role: false"),
        (False, False, "set reports.create_service_role: true"),
        (True, False, ""),
        (False, True, ""),
    ],
)
def test_the_service_role_is_made_by_whom_the_settings_say(
    cure: str, tmp_path: Path, session: boto3.Session, *, exists: bool, creates: bool
) -> None:
    if exists:
        session.client("iam").create_role(
            RoleName="AWSServiceRoleForBackupReports", AssumeRolePolicyDocument="{}"
        )
    found = examined(settings(tmp_path, scope="account", create_service_role=creates), session)
    assert found[ROLE][1] == cure


class Organizations:
    """An organization of three accounts, the third of them closed."""

    def list_aws_service_access_for_organization(self) -> Any:
        return {"EnabledServicePrincipals": []}

    def get_paginator(self, operation: str) -> Any:
        del operation
        return self

    def paginate(self, **_: Any) -> Any:
        return [
            {"Accounts": [{"Id": ACCOUNT, "Status": "ACTIVE"}, {"Id": OTHER, "Status": "ACTIVE"}]},
            {"Accounts": [{"Id": THIRD, "Status": "SUSPENDED"}]},
        ]


class Session:
    """Asks moto, but for the organization and the report plans."""

    def __init__(self, real: boto3.Session, plans: Sequence[Mapping[str, Any]]) -> None:
        self._real = real
        self._plans = plans

    def client(self, service: str) -> Any:
        if service == "organizations":
            return Organizations()
        return self if service == "backup" else cast(Any, self._real).client(service)

    def list_report_plans(self) -> Any:
        return {"ReportPlans": self._plans}


def plan(name: str, *accounts: str) -> Mapping[str, Any]:
    setting = {"ReportTemplate": "BACKUP_JOB_REPORT", "Accounts": accounts}
    return {"ReportPlanName": name, "ReportSetting": setting}


@pytest.mark.parametrize(
    ("plans", "found"),
    [
        ([], "there is no plan yet"),
        ([plan("acme_backup_job_report", "ROOT")], "all 2 in one of 1"),
        ([plan("acme_backup_job_report_1", ACCOUNT)], f"{OTHER} in none"),
        (
            [
                plan("acme_backup_job_report_1", ACCOUNT, OTHER),
                plan("acme_backup_job_report_2", OTHER),
            ],
            f"{OTHER} in several",
        ),
        ([plan("acme_backup_job_report_of_others", "ROOT")], "there is no plan yet"),
    ],
)
def test_an_account_in_no_plan_or_in_several_is_named(
    plans: Sequence[Mapping[str, Any]], found: str, tmp_path: Path, session: boto3.Session
) -> None:
    asked = cast(boto3.Session, Session(session, plans))
    answer = examined(settings(tmp_path), asked)
    assert answer["accounts in the backup_job plans"][0] == found
    assert answer["trusted access of AWS Backup to the organization"][0] == "is off"
