"""`backup-org prepare` in an organization: what it makes, once, and merges into what is set."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aws_sandbox.aws.organization import Organization
from aws_sandbox.aws.server import AwsServer
from fleet.deploy.prepare import prepared
from sandbox.tests.moto_state import forget_everything
from stacks.load import Settings
from tests.engine.doctor.conftest import AUDIT, MANAGEMENT, MEMBER, REGION, written

MONITORING = "cross-account monitoring: switched on by hand"


@pytest.fixture
def aws() -> Iterator[AwsServer]:
    """An organization that trusts no service yet."""
    forget_everything()
    server = AwsServer(Organization(trusted_services=()))
    server.start()
    yield server
    server.stop()


def told(aws: AwsServer, settings: Settings, *others: Settings) -> list[str]:
    """What a run says, in short."""
    session = aws.session(settings.account, REGION)
    lines = list(prepared(settings, lambda: (settings, *others), session))
    return [MONITORING if line.startswith(MONITORING) else line for line in lines]


def organizations(aws: AwsServer) -> Any:
    return aws.session(MANAGEMENT, REGION).client("organizations")


def test_reports_of_the_management_account_need_trusted_access_alone(
    aws: AwsServer, tmp_path: Path
) -> None:
    settings = written(tmp_path, "management")
    assert told(aws, settings) == [
        "AWSServiceRoleForBackupReports: made",
        "trusted access of AWS Backup: made",
        MONITORING,
    ]
    assert told(aws, settings)[:2] == [
        "AWSServiceRoleForBackupReports: stands",
        "trusted access of AWS Backup: stands",
    ]
    assert organizations(aws).list_delegated_administrators()["DelegatedAdministrators"] == []


def test_reports_of_the_audit_account_need_it_as_delegated_administrator(
    aws: AwsServer, tmp_path: Path
) -> None:
    audit = written(tmp_path, "audit", reports={})
    management = written(tmp_path, "management", reports=None)
    about = f"{AUDIT} as delegated administrator of AWS Backup"
    assert told(aws, audit, management) == ["AWSServiceRoleForBackupReports: made"]
    assert told(aws, management, audit) == [
        "trusted access of AWS Backup: made",
        f"{about}: made",
        MONITORING,
    ]
    assert f"{about}: stands" in told(aws, management, audit)
    seen = aws.session(AUDIT, REGION).client("organizations").list_accounts()["Accounts"]
    assert MEMBER in {account.get("Id") for account in seen}


def test_one_account_alone_needs_nothing_of_an_organization(aws: AwsServer, tmp_path: Path) -> None:
    settings = written(tmp_path, "management", reports={"scope": "account"})
    assert told(aws, settings) == ["AWSServiceRoleForBackupReports: made"]


def test_cross_account_backup_is_switched_on_where_asked_and_other_settings_stay(
    aws: AwsServer, tmp_path: Path
) -> None:
    backup = aws.session(MANAGEMENT, REGION).client("backup")
    backup.update_global_settings(GlobalSettings={"isMpaEnabled": "true"})
    organization = {
        "management_account": MANAGEMENT,
        "audit_account": AUDIT,
        "cross_account_backup": True,
    }
    settings = written(tmp_path, "management", reports=None, organization=organization)
    assert told(aws, settings) == [
        "trusted access of AWS Backup: made",
        "cross-account backup: made",
    ]
    assert told(aws, settings)[1] == "cross-account backup: stands"
    assert backup.describe_global_settings()["GlobalSettings"] == {
        "isMpaEnabled": "true",
        "isCrossAccountBackupEnabled": "true",
    }
