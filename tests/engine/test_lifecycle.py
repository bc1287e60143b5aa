"""A customer's stacks through the genuine engine, from nothing to nothing, in this order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fleet.deploy.deployment import Deployment, NeverDeployed, Outcome, StackFailed
from fleet.deploy.order import in_order
from fleet.deploy.prepare import prepared
from fleet.sandbox.stage import Stage
from stacks.load import CUSTOMERS, SettingsError
from tests.support.standing import resources_in

ChangeSettings = Callable[[str, Callable[[dict[str, Any]], None]], Deployment]
MEMBER = "acme-member-payments"


def changed(outcome: Outcome) -> dict[str, int]:
    return {op: count for op, count in outcome.changes.items() if op != "same" and count}


def test_looking_at_what_was_never_deployed_says_so_and_leaves_nothing(stage: Stage) -> None:
    settings = stage.workspace.project / CUSTOMERS / f"Pulumi.{MEMBER}.yaml"
    before = settings.read_text()
    with pytest.raises(NeverDeployed, match=f"{MEMBER} was never deployed; run: backup-org up"):
        Deployment(stage.engine, MEMBER).outputs()
    assert settings.read_text() == before
    assert list((stage.workspace.root / "state").rglob(f"{MEMBER}*")) == []


def test_a_member_deployed_first_says_which_stack_to_deploy_before_it(stage: Stage) -> None:
    with pytest.raises(StackFailed) as caught:
        Deployment(stage.engine, MEMBER).up()
    assert "acme-audit, to be deployed before this stack" in str(caught.value)


def test_a_settings_file_with_five_mistakes_lists_all_five(
    stage: Stage, change_settings: ChangeSettings
) -> None:
    def break_it(values: dict[str, Any]) -> None:
        values["account"] = "222222222222"
        values["regions"] = ["Frankfurt"]
        values["plans"]["standard"]["vault"] = "gold"
        values["functions"] = {"runtime": "python2.7"}
        values["retension"] = 5

    with pytest.raises(SettingsError) as caught:
        change_settings(MEMBER, break_it)
    assert len(caught.value.problems) == 5
    assert all(f"Pulumi.{MEMBER}.yaml" in problem for problem in caught.value.problems)


def test_all_stacks_come_up(stage: Stage) -> None:
    outcomes = in_order(stage.deployments(), Deployment.up)
    assert {outcome.stack for outcome in outcomes} == set(stage.stacks)
    assert all(changed(outcome).keys() == {"create"} for outcome in outcomes)


def test_a_second_up_changes_nothing(stage: Stage) -> None:
    outcomes = in_order(stage.deployments(), Deployment.up)
    assert [changed(outcome) for outcome in outcomes] == [{}] * 4


def test_refresh_shows_no_drift(stage: Stage) -> None:
    outcomes = in_order(stage.deployments(), Deployment.refresh)
    assert [changed(outcome) for outcome in outcomes] == [{}] * 4


def test_each_stack_stands_in_its_own_account(stage: Stage) -> None:
    for settings in stage.stacks.values():
        assert resources_in(stage, settings.account) != {}


def test_one_retention_changed_is_one_update(stage: Stage, change_settings: ChangeSettings) -> None:
    def keep_longer(values: dict[str, Any]) -> None:
        values["plans"]["standard"]["rules"]["daily"]["delete_after_days"] = 21

    outcome = change_settings("acme-member-web", keep_longer).up()
    assert changed(outcome) == {"update": 1}
    backup = stage.sandbox.session("444444444444", "eu-central-1").client("backup")
    (plan,) = backup.list_backup_plans()["BackupPlansList"]
    rules = backup.get_backup_plan(BackupPlanId=plan.get("BackupPlanId", ""))["BackupPlan"]["Rules"]
    assert [rule.get("Lifecycle", {}).get("DeleteAfterDays") for rule in rules] == [21]


def test_a_vault_without_its_own_key_is_refused_and_nothing_is_created(
    stage: Stage, change_settings: ChangeSettings
) -> None:
    def add_a_vault(values: dict[str, Any]) -> None:
        values["vaults"]["cheap"] = {"key": "aws_managed"}
        values["vaults"]["fine"] = {}

    before = resources_in(stage, "333333333333")
    with pytest.raises(StackFailed) as caught:
        change_settings(MEMBER, add_a_vault).up()
    assert "policy vault_has_its_own_key" in str(caught.value)
    assert "set `key: customer_managed`" in str(caught.value)
    assert resources_in(stage, "333333333333") == before


def test_destroy_leaves_no_resource_in_any_account(stage: Stage) -> None:
    in_order(stage.deployments(), Deployment.destroy, backwards=True)
    for settings in stage.stacks.values():
        assert resources_in(stage, settings.account) == {}


def test_what_was_destroyed_comes_up_again_with_the_same_settings(stage: Stage) -> None:
    outcomes = in_order(stage.deployments(), Deployment.up)
    assert all(changed(outcome).keys() == {"create"} for outcome in outcomes)


def test_reports_without_the_role_that_delivers_them_are_refused_with_the_command(
    stage: Stage,
) -> None:
    in_order(stage.deployments(), Deployment.destroy, backwards=True)
    management = Deployment(stage.engine, "acme-management")
    Deployment(stage.engine, "acme-audit").up()
    session = stage.sandbox.session(management.settings.account, "eu-central-1")
    iam, role = session.client("iam"), "AWSServiceRoleForBackupReports"
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=role, PolicyArn=policy.get("PolicyArn", ""))
    iam.delete_service_linked_role(RoleName=role)
    before = resources_in(stage, management.settings.account)
    with pytest.raises(StackFailed) as caught:
        management.preview()
    assert "AWSServiceRoleForBackupReports does not exist in 111111111111" in str(caught.value)
    assert "aws iam create-service-linked-role --aws-service-name reports." in str(caught.value)
    with pytest.raises(StackFailed):
        management.up()
    assert resources_in(stage, management.settings.account) == before
    told = [list(prepared(management.settings, stage.stacks.values, session))[:2] for _ in range(2)]
    trusted = "trusted access of AWS Backup: stands"
    assert told == [
        ["AWSServiceRoleForBackupReports: made", trusted],
        ["AWSServiceRoleForBackupReports: stands", trusted],
    ]
    assert changed(management.up()).keys() == {"create"}
