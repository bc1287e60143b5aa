"""`backup-org enrol`, where an organization stands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from aws_sandbox.aws.organization import Account, Organization, Unit
from aws_sandbox.aws.server import AwsServer
from fleet.deploy_role.commands import policy_files
from fleet.errors import ToldError
from sandbox.tests.moto_state import forget_everything
from stacks import load
from stacks.load import CUSTOMERS
from tests.engine.conftest import as_administrator
from tests.support.command import backup_org

MANAGEMENT, AUDIT, SHOP, PAYMENTS, TRY, ENDED = (str(n) * 12 for n in range(1, 7))
WORKLOADS, PROD, SANDBOXES = (f"ou-exam-{str(n) * 8}" for n in range(1, 4))
REGION = "eu-central-1"
ORGANIZATION = Organization(
    accounts=(
        Account(id=MANAGEMENT, name="management"),
        Account(id=AUDIT, name="audit"),
        Account(id=SHOP, name="acme-shop", parent=PROD),
        Account(id=PAYMENTS, name="Payments (EU)", parent=WORKLOADS),
        Account(id=TRY, name="try", parent=SANDBOXES),
        Account(id=ENDED, name="ended", parent=PROD),
    ),
    units=(
        Unit(id=WORKLOADS, name="Workloads"),
        Unit(id=PROD, name="Prod", parent=WORKLOADS),
        Unit(id=SANDBOXES, name="Sandboxes"),
    ),
)
ACME = f"""\
# What acme's stacks share.
customer: acme
organization: {{management_account: "{MANAGEMENT}", audit_account: "{AUDIT}"}}
region: {REGION}
deploy_role: OrganizationAccountAccessRole
enrolment:
  exclude:
    - units: [Sandboxes]
  rows:
    - units: [Workloads]
      values: {{plans: {{standard: {{}}}}}}
    - tags: {{tier: gold}}
      values: {{plans: {{gold: {{}}}}}}
members:
  # the first of them
  old: {{account: "{ENDED}"}} # closed

member_defaults: # of all
  regions: [{REGION}]
  vaults:
    standard: {{}}
"""


@pytest.fixture
def aws() -> Iterator[AwsServer]:
    forget_everything()
    server = AwsServer(ORGANIZATION)
    server.start()
    organizations = server.session(MANAGEMENT, REGION).client("organizations")
    organizations.close_account(AccountId=ENDED)
    organizations.tag_resource(ResourceId=SHOP, Tags=[{"Key": "tier", "Value": "gold"}])
    yield server
    server.stop()


@pytest.fixture
def session(aws: AwsServer) -> boto3.Session:
    return aws.session(MANAGEMENT, REGION)


@pytest.fixture(autouse=True)
def project(aws: AwsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """acme's files, and the management account's administrator."""
    as_administrator(aws, ORGANIZATION, tmp_path, monkeypatch, columns=1000)
    customers = tmp_path / CUSTOMERS
    customers.mkdir(parents=True)
    (customers / "acme.yaml").write_text(ACME)
    for role in ("management", "audit"):
        own = {"extends": "acme", "role": role}
        file = customers / f"Pulumi.acme-{role}.yaml"
        file.write_text(yaml.safe_dump({"config": {load.KEY: own}}))
    return tmp_path


def _file(project: Path) -> str:
    return (project / CUSTOMERS / "acme.yaml").read_text()


def _checked(expected: int) -> dict[str, list[str]]:
    """What `--check` finds of each account."""
    answer = backup_org("enrol", "acme", "--check", "--json", "-q")
    assert answer.exit_code == expected, answer.output
    accounts: list[Any] = json.loads(answer.output)["accounts"]
    return {each["account"]: [p["about"] for p in each["problems"]] for each in accounts}


def test_the_difference_is_shown_before_anything_is_written(project: Path) -> None:
    answer = backup_org("enrol", "acme", typed="n\n")
    assert answer.exit_code == 1
    assert _file(project) == ACME
    assert "+  shop:" in answer.output
    assert "Workloads/Prod, acme-shop@example.com" in answer.output


def test_new_accounts_get_rows_by_their_units_and_tags_and_all_else_stays(project: Path) -> None:
    assert backup_org("enrol", "acme", "--yes").exit_code == 0
    before, after = ACME.split("\nmember_defaults")
    assert _file(project).startswith(before.rstrip())
    assert _file(project).endswith(after)
    rows = {name: load.values_of(f"acme-member-{name}", project).merged for name in ("shop",)}
    assert rows["shop"]["account"] == SHOP
    assert rows["shop"]["plans"].keys() == {"standard", "gold"}
    assert load.from_files("acme-member-payments-eu", project).plans.keys() == {"standard"}
    assert load.members_of("acme", project).keys() == {"old", "shop", "payments-eu"}


def test_a_second_enrol_writes_nothing_and_tells_of_the_closed_account(project: Path) -> None:
    backup_org("enrol", "acme", "--yes")
    written = _file(project)
    answer = backup_org("enrol", "acme")
    assert answer.exit_code == 0
    assert _file(project) == written
    assert "SUSPENDED" in answer.output


def test_an_account_that_moved_is_told_what_it_lacks_and_filled_on_request(
    project: Path, session: boto3.Session
) -> None:
    backup_org("enrol", "acme", "--yes")
    session.client("organizations").tag_resource(
        ResourceId=PAYMENTS, Tags=[{"Key": "tier", "Value": "gold"}]
    )
    written = _file(project)
    assert "plans.gold: --fill writes it" in backup_org("enrol", "acme", "--yes").output
    assert _file(project) == written
    assert backup_org("enrol", "acme", "--fill", "--yes").exit_code == 0
    assert load.from_files("acme-member-payments-eu", project).plans.keys() == {"standard", "gold"}
    assert "# the first of them" in _file(project)
    assert "lacks" not in backup_org("enrol", "acme").output


def test_what_would_not_validate_is_not_written(project: Path) -> None:
    path = project / CUSTOMERS / "acme.yaml"
    path.write_text(ACME.replace("standard: {}}}", "standard: {vaul: x}}}"))
    written = _file(project)
    with pytest.raises(ToldError, match=r"vaul: is unknown; did you mean vault\?"):
        backup_org("enrol", "acme", "--yes")
    assert _file(project) == written


def test_what_is_wrong_with_enrolment_is_told_with_its_place(project: Path) -> None:
    path = project / CUSTOMERS / "acme.yaml"
    path.write_text(ACME.replace("[Sandboxes]", "[Sandboxs]"))
    with pytest.raises(ToldError, match=r"Sandboxs: .* did you mean Sandboxes\?"):
        backup_org("enrol", "acme")
    path.write_text(ACME.replace("values: {plans", "values: {plan"))
    with pytest.raises(load.SettingsError, match=r"enrolment.rows\[0\].values.*did you mean plans"):
        backup_org("enrol", "acme")


@pytest.mark.parametrize("account", [f"0{SHOP[1:]}", '"33333"', ""])
def test_a_row_whose_account_is_no_id_is_told_before_that_is_enrolled_again(
    account: str, project: Path
) -> None:
    path = project / CUSTOMERS / "acme.yaml"
    path.write_text(ACME.replace(f'"{ENDED}"', account))
    with pytest.raises(load.SettingsError, match=r"acme-member-old .*\n.*12 digits"):
        backup_org("enrol", "acme", "--yes")


def test_a_delegated_administrator_reads_the_organization_as_well(
    project: Path, session: boto3.Session
) -> None:
    with pytest.raises(ToldError, match="may not read the organization"):
        backup_org("enrol", "acme", "--via", "audit", "--yes")
    session.client("organizations").register_delegated_administrator(
        AccountId=AUDIT, ServicePrincipal="backup.amazonaws.com"
    )
    assert backup_org("enrol", "acme", "--via", "audit", "--yes").exit_code == 0
    assert "shop" in load.members_of("acme", project)


def test_the_policies_that_are_made_for_it_are_enough(
    project: Path, session: boto3.Session
) -> None:
    iam = session.client("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": MANAGEMENT}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.create_role(RoleName="enroller", AssumeRolePolicyDocument=document)
    text = policy_files("acme", project)["management-enrol-1.json"]
    iam.put_role_policy(RoleName="enroller", PolicyName="enrol", PolicyDocument=text)
    path = project / CUSTOMERS / "Pulumi.acme-management.yaml"
    path.write_text(path.read_text() + "    deploy_role: enroller\n")
    assert backup_org("enrol", "acme", "--yes").exit_code == 0
    assert "shop" in load.members_of("acme", project)
    assert "cannot be looked at" not in backup_org("enrol", "acme", "--check").output


def test_a_check_fails_on_what_is_new_unprotected_or_in_no_report_plan(
    project: Path, aws: AwsServer
) -> None:
    found = _checked(2)
    assert found[SHOP][0] == "new: it has no stack"
    assert "in no report plan" in found[SHOP][1]
    assert found[ENDED] == ["is SUSPENDED"]
    assert TRY in found  # its reports are looked for, though it is no member
    assert not [about for about in found[TRY] if "new" in about]

    backup_org("enrol", "acme", "--yes")
    assert "not there: vault standard in eu-central-1" in _checked(2)[SHOP][0]

    _report_on_all(aws)
    for account in (SHOP, PAYMENTS):
        _protect(aws, account)
    assert {account: about for account, about in _checked(2).items() if about} == {
        ENDED: ["is SUSPENDED"]
    }
    path = project / CUSTOMERS / "acme.yaml"
    path.write_text(_file(project).replace(f'  old: {{account: "{ENDED}"}} # closed\n', ""))
    assert not any(_checked(0).values())


def _protect(aws: AwsServer, account: str) -> None:
    backup = aws.session(account, REGION).client("backup")
    backup.create_backup_vault(BackupVaultName="standard")
    rule: Any = {"RuleName": "daily", "TargetBackupVaultName": "standard"}
    for plan in ("standard", "gold"):
        backup.create_backup_plan(BackupPlan={"BackupPlanName": plan, "Rules": [rule]})


def _report_on_all(aws: AwsServer) -> None:
    backup = aws.session(MANAGEMENT, REGION).client("backup")
    for template in ("backup_job", "copy_job", "restore_job"):
        _report(backup, f"acme_{template}_report", f"{template.upper()}_REPORT")
    _report(backup, "acme_resource_compliance_report", "RESOURCE_COMPLIANCE_REPORT")
    _report(backup, "acme_control_compliance_report", "CONTROL_COMPLIANCE_REPORT")


def _report(backup: Any, name: str, template: str) -> None:
    backup.create_report_plan(
        ReportPlanName=name,
        ReportDeliveryChannel={"S3BucketName": "reports", "Formats": ["CSV"]},
        ReportSetting={"ReportTemplate": template, "Accounts": ["ROOT"], "Regions": [REGION]},
    )
