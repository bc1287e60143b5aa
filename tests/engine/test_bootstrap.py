"""An account that has what `backup-org bootstrap` gives it, before its stack, with it and after."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from fleet.bootstrap.commands import Bootstrap, plan
from fleet.deploy.deployment import Deployment
from fleet.doctor.stack_account import StackAccount
from fleet.sandbox.stage import Stage
from stacks.load import CUSTOMERS, KEY
from tests.engine.test_lifecycle import changed
from tests.support.cloudformation import create_stack

MEMBER, REGION, VAULT = "acme-member-web", "eu-central-1", "baseline"
OWN: dict[str, Any] = {
    "deploy_role": "backup-org-deploy",
    "deploy_role_external_id": "of-the-provider",
    "bootstrap": {"units": ["ou-abcd-12345678"], "vaults": {VAULT: {}}},
}


@pytest.fixture(scope="module")
def made(stage: Stage) -> Bootstrap:
    """Of templates, deployed in the accounts of the audit stack and of one member."""
    path = stage.workspace.project / CUSTOMERS / "acme.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **OWN}))
    for stack in stage.stacks:
        file = path.with_name(f"Pulumi.{stack}.yaml")
        content = yaml.safe_load(file.read_text())
        own = content["config"][KEY]
        if own["role"] != "management":
            own.pop("deploy_role")  # the workspace's
        if stack == MEMBER:
            own["plans"]["standard"]["vault"] = VAULT
        file.write_text(yaml.safe_dump(content))
    made = plan("acme", stage.workspace.project, [])
    texts = {template.name: template.text for template in made.templates}
    for stack, names in {
        "acme-audit": ["deploy-role-audit"],
        MEMBER: ["deploy-role-member", "baseline"],
    }.items():
        for name in names:
            session = stage.sandbox.session(stage.stacks[stack].account, REGION)
            create_stack(session, REGION, texts[name])
    return made


def client(stage: Stage, service: str) -> Any:
    session: Any = stage.sandbox.session(stage.stacks[MEMBER].account, REGION)
    return session.client(service)


def is_deployed(stage: Stage) -> bool:
    """As doctor and status see the member's account."""
    settings = stage.stacks[MEMBER]
    session = stage.sandbox.session(settings.account, REGION)
    return StackAccount(settings=settings, session=session).is_deployed


def standing(stage: Stage) -> dict[str, Any]:
    """What backup policies need in the account."""
    vault = client(stage, "backup").describe_backup_vault(BackupVaultName=VAULT)
    role = client(stage, "iam").get_role(RoleName="acme-backup-service")["Role"]
    rules = client(stage, "events").list_rules(NamePrefix="acme-backup-alerts")["Rules"]
    (target,) = client(stage, "events").list_targets_by_rule(Rule="acme-backup-alerts")["Targets"]
    return {
        "vault": (vault["BackupVaultArn"], vault["EncryptionKeyArn"]),
        "role": role["Arn"],
        "rules": [rule["Name"] for rule in rules],
        "target": (target["Arn"], target["DeadLetterConfig"]["Arn"].split(":")[-1]),
    }


@pytest.mark.usefixtures("made")
def test_before_its_stack_an_account_has_vault_role_and_forwarding(stage: Stage) -> None:
    found = standing(stage)
    assert found["vault"][0].endswith(f":{stage.stacks[MEMBER].account}:backup-vault:{VAULT}")
    assert found["rules"] == ["acme-backup-alerts"]
    assert found["target"] == (
        "arn:aws:events:eu-central-1:222222222222:event-bus/acme-backup-alerts",
        "acme-backup-alerts-dead-letters",
    )
    assert not is_deployed(stage)


@pytest.mark.usefixtures("made")
def test_its_stack_comes_up_by_the_deploy_role_and_makes_none_of_it_anew(stage: Stage) -> None:
    before = standing(stage)
    Deployment(stage.engine, "acme-audit").up()
    outcome = Deployment(stage.engine, MEMBER).up()
    assert changed(outcome).keys() == {"create"}
    assert is_deployed(stage)
    assert standing(stage) == before
    plans = client(stage, "backup").list_backup_plans()["BackupPlansList"]
    (found,) = [each for each in plans if each["BackupPlanName"] == "standard"]
    whole = client(stage, "backup").get_backup_plan(BackupPlanId=found["BackupPlanId"])
    assert {rule["TargetBackupVaultName"] for rule in whole["BackupPlan"]["Rules"]} == {VAULT}


@pytest.mark.usefixtures("made")
def test_a_second_up_changes_nothing(stage: Stage) -> None:
    assert changed(Deployment(stage.engine, MEMBER).up()) == {}


@pytest.mark.usefixtures("made")
def test_after_its_stack_all_of_it_stands_as_before(stage: Stage) -> None:
    before = standing(stage)
    Deployment(stage.engine, MEMBER).destroy()
    assert standing(stage) == before
