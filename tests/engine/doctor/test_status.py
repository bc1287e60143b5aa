"""`backup-org status` over a customer's accounts, one of which cannot be reached."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest

from aws_sandbox.aws.backup.api import BackupApi
from aws_sandbox.aws.backup.jobs import find_backup_job, move_backup_job
from aws_sandbox.aws.organization import Organization
from aws_sandbox.aws.server import AwsServer
from fleet.bootstrap.template import BOOTSTRAPPED
from reports.templates import TEMPLATES
from tests.engine.conftest import as_administrator
from tests.engine.doctor.conftest import AUDIT, MANAGEMENT, REGION, deploy_something, written
from tests.support.command import backup_org

DEPLOYS = "OrganizationAccountAccessRole"
PLAN: Mapping[str, Any] = {
    "rules": {"daily": {"schedule": "cron(0 1 ? * * *)", "delete_after_days": 7}},
    "selection": {"tag": "backup-plan"},
}


@pytest.fixture(autouse=True)
def _at_hand(aws: AwsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_administrator(aws, Organization(), tmp_path, monkeypatch, columns=150)
    written(
        tmp_path,
        "management",
        reports=None,
        vaults={"own": {}},
        plans={"gold": PLAN},
        deploy_role=DEPLOYS,
    )
    written(tmp_path, "audit", deploy_role=DEPLOYS)


def told(*options: str) -> tuple[int | str | None, Mapping[str, Any]]:
    answer = backup_org("status", "acme", "--json", *options)
    (acme,) = json.loads(answer.results)["customers"]
    return answer.exit_code, acme


def volume(session: boto3.Session, tag: str) -> str:
    made = session.client("ec2").create_volume(
        AvailabilityZone=f"{REGION}a",
        Size=1,
        TagSpecifications=[
            {"ResourceType": "volume", "Tags": [{"Key": "backup-plan", "Value": tag}]}
        ],
    )
    return made.get("VolumeId", "")


def test_what_is_not_deployed_is_said(session: boto3.Session) -> None:
    code, acme = told()
    assert (code, acme["deployed"], acme["total"]) == (0, 0, 2)
    assert acme["problems"] == ["not deployed: acme-audit, acme-management"]
    deploy_something(session)
    assert told("--check")[0] == 2
    assert told()[1]["problems"] == ["not deployed: acme-audit"]


def test_what_bootstrap_made_is_no_deployment(session: boto3.Session) -> None:
    deploy_something(session, **{BOOTSTRAPPED: "true"})
    assert told()[1]["deployed"] == 0


def test_a_report_plan_that_is_not_there_is_missed(session: boto3.Session, tmp_path: Path) -> None:
    deploy_something(session)
    plans: dict[str, Any] = {**dict.fromkeys(TEMPLATES), "backup_job": {}}
    written(tmp_path, "management", reports={"plans": plans}, deploy_role=DEPLOYS)
    assert told()[1]["missing_reports"] == ["acme_backup_job_report"]


def test_a_resource_with_a_plans_tag_is_protected_once_it_was_saved(
    session: boto3.Session, aws: AwsServer
) -> None:
    deploy_something(session)
    deploy_something(aws.session(AUDIT, REGION))
    volume(session, "gold")
    volume(session, "another")
    _, acme = told()
    assert (acme["resources"], acme["protected"]) == (1, 0)
    assert acme["problems"] == ["1 resource without a recent backup"]
    backup: Any = session.client("backup")
    backup.create_backup_vault(BackupVaultName="own")
    saved = volume(session, "gold")
    job = backup.start_backup_job(
        BackupVaultName="own",
        ResourceArn=f"arn:aws:ec2:{REGION}:{MANAGEMENT}:volume/{saved}",
        IamRoleArn=_role(session),
    )["BackupJobId"]
    api = BackupApi(account=MANAGEMENT, region=REGION, services=aws.services)
    move_backup_job(api, find_backup_job(api, job), "COMPLETED")
    _, acme = told()
    assert (acme["resources"], acme["protected"]) == (2, 1)
    assert (acme["jobs"], acme["completed"]) == (1, 1)


def test_an_account_that_cannot_be_reached_is_said_beside_the_others(
    session: boto3.Session, tmp_path: Path
) -> None:
    deploy_something(session)
    written(tmp_path, "audit", deploy_role="nobody")
    html = tmp_path / "status.html"
    code, acme = told("--html", str(html), "--check")
    assert code == 1
    assert acme["deployed"] == 1
    assert "role/nobody cannot be assumed" in acme["unseen"]["acme-audit"]
    assert "role/nobody cannot be assumed" in html.read_text(encoding="utf-8")


def _role(session: boto3.Session) -> str:
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "backup.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    iam = session.client("iam")
    made = iam.create_role(
        RoleName="backs-up",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    iam.attach_role_policy(
        RoleName="backs-up",
        PolicyArn="arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup",
    )
    return made["Role"]["Arn"]
