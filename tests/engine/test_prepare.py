"""`backup-org prepare` in an organization: what it makes, once, and merges into what is set."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_sandbox.aws.organization import Organization
from aws_sandbox.aws.server import AwsServer
from fleet.deploy.prepare import prepared
from sandbox.tests.moto_state import forget_everything
from stacks.backup_policy_content import parts
from stacks.load import Settings
from stacks.settings import CentralSettings
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


RULE = {"schedule": "cron(0 1 ? * * *)", "delete_after_days": 30}
POLICY = {
    "targets": [MEMBER],
    "vault": "standard",
    "regions": [REGION],
    "plans": {
        "gold": {
            "air_gapped_vault": "isolated",
            "windows_vss": True,
            "selection": {"resource_types": ["EC2"], "conditions": {"like": {"stage": "prod*"}}},
            "rules": {
                "daily": {
                    **RULE,
                    "continuous": True,
                    "recovery_point_tags": {"kind": "daily"},
                    "copies": [{"account": AUDIT}],
                }
            },
        },
        "silver": {},
    },
}


def test_backup_policies_of_the_audit_account_are_delegated_to_it(
    aws: AwsServer, tmp_path: Path
) -> None:
    audit = written(tmp_path, "audit", backup_policies={"all": POLICY})
    management = written(tmp_path, "management", reports=None)
    assert isinstance(audit, CentralSettings)
    theirs = {"Sid": "Theirs", "Effect": "Allow", "Action": "organizations:ListPolicies"}
    principal = {"Principal": {"AWS": f"arn:aws:iam::{MEMBER}:root"}, "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [{**theirs, **principal}]}
    organizations(aws).put_resource_policy(Content=json.dumps(policy))
    delegate: Any = aws.session(AUDIT, REGION).client("organizations")
    (content,) = parts(audit, "all")
    wanted = {"Name": "all", "Description": "", "Type": "BACKUP_POLICY", "Content": content}
    with pytest.raises(ClientError, match="AccessDenied"):
        delegate.create_policy(**wanted)
    about = f"backup policies in the hands of {AUDIT}"
    made = [
        "trusted access of AWS Backup: made",
        f"{AUDIT} as delegated administrator of AWS Backup: made",
        "backup policies of the organization: made",
        f"{about}: made",
    ]
    assert told(aws, management, audit) == made
    assert told(aws, management, audit)[2:] == [
        "backup policies of the organization: stand",
        f"{about}: stand",
    ]
    statements = json.loads(
        organizations(aws).describe_resource_policy()["ResourcePolicy"]["Content"]
    )["Statement"]
    assert [each["Sid"] for each in statements] == [
        "Theirs",
        "BackupOrgReadsTheOrganization",
        "BackupOrgManagesBackupPolicies",
    ]
    summary = delegate.create_policy(**wanted)["Policy"]["PolicySummary"]
    delegate.attach_policy(PolicyId=summary["Id"], TargetId=MEMBER)
    with pytest.raises(ClientError, match="AccessDenied"):
        delegate.create_policy(**{**wanted, "Type": "SERVICE_CONTROL_POLICY"})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('"@@assign"', '"@@append"'), "and not @@assign"),
        (('"regions"', '"region"'), "is no element of a backup policy"),
        (('"selections"', '"selection"'), "is no element of a backup policy"),
        (("}", ""), "is no JSON"),
    ],
)
def test_a_backup_policy_that_breaks_the_syntax_is_refused(
    change: tuple[str, str], says: str, aws: AwsServer, tmp_path: Path
) -> None:
    settings = written(tmp_path, "management", backup_policies={"all": POLICY})
    assert isinstance(settings, CentralSettings)
    (content,) = parts(settings, "all")
    wanted = {"Name": "all", "Description": "", "Type": "BACKUP_POLICY"}
    with pytest.raises(ClientError, match=says):
        organizations(aws).create_policy(**wanted, Content=content.replace(*change))


def test_copies_of_rules_to_another_account_switch_cross_account_backup_on(
    aws: AwsServer, tmp_path: Path
) -> None:
    rule = {
        "schedule": "cron(0 1 ? * * *)",
        "delete_after_days": 30,
        "copies": [{"account": AUDIT}],
    }
    settings = written(
        tmp_path,
        "management",
        reports=None,
        vaults={"own": {}},
        plans={"gold": {"rules": {"daily": rule}}},
    )
    assert told(aws, settings)[-1] == "cross-account backup: made"
