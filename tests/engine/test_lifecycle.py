"""A customer's stacks through the genuine engine, from nothing to nothing, in this order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import boto3
import pytest

from fleet.deployment import Deployment, Outcome, StackFailed
from fleet.order import in_order
from fleet.sandbox.stage import Stage
from stacks.load import SettingsError

ChangeSettings = Callable[[str, Callable[[dict[str, Any]], None]], Deployment]
MEMBER = "acme-member-payments"


def changed(outcome: Outcome) -> dict[str, int]:
    return {op: count for op, count in outcome.changes.items() if op != "same" and count}


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


def resources_in(stage: Stage, account: str) -> dict[str, list[str]]:
    """What an account has, by kind and Region, without what AWS itself puts there.

    A deleted key is pending for 30 days, and AWSServiceRoleForBackupReports is kept on purpose.
    """
    found: dict[str, list[str]] = {}
    for region in ("eu-central-1", "eu-west-1"):
        session = stage.sandbox.session(account, region)
        for kind, names in _everything(session).items():
            if names:
                found[f"{region} {kind}"] = sorted(names)
    return found


def _everything(session: boto3.Session) -> Mapping[str, list[Any]]:
    backup, glue, kms = session.client("backup"), session.client("glue"), session.client("kms")
    keys = [
        kms.describe_key(KeyId=key.get("KeyId", ""))["KeyMetadata"]
        for key in kms.list_keys()["Keys"]
    ]
    buses = session.client("events").list_event_buses()["EventBuses"]
    return {
        "vaults": [
            v.get("BackupVaultName") for v in backup.list_backup_vaults()["BackupVaultList"]
        ],
        "plans": [p.get("BackupPlanName") for p in backup.list_backup_plans()["BackupPlansList"]],
        "report plans": [
            p.get("ReportPlanName") for p in backup.list_report_plans()["ReportPlans"]
        ],
        "buckets": [b.get("Name") for b in session.client("s3").list_buckets()["Buckets"]],
        "keys": [
            k["KeyId"]
            for k in keys
            if k.get("KeyManager") == "CUSTOMER" and k.get("KeyState") == "Enabled"
        ],
        "databases": [d["Name"] for d in glue.get_databases()["DatabaseList"]],
        "functions": [
            f.get("FunctionName") for f in session.client("lambda").list_functions()["Functions"]
        ],
        "layers": [
            layer.get("LayerName") for layer in session.client("lambda").list_layers()["Layers"]
        ],
        "mappings": [
            m.get("UUID")
            for m in session.client("lambda").list_event_source_mappings()["EventSourceMappings"]
        ],
        "queues": session.client("sqs").list_queues().get("QueueUrls", []),
        "topics": [t.get("TopicArn") for t in session.client("sns").list_topics()["Topics"]],
        "buses": [bus.get("Name") for bus in buses if bus.get("Name") != "default"],
        "rules": [
            rule.get("Name")
            for bus in buses
            for rule in session.client("events").list_rules(EventBusName=bus.get("Name", ""))[
                "Rules"
            ]
        ],
        "alarms": [
            a.get("AlarmName")
            for a in session.client("cloudwatch").describe_alarms()["MetricAlarms"]
        ],
        "log groups": [
            g.get("logGroupName") for g in session.client("logs").describe_log_groups()["logGroups"]
        ],
        "tables": session.client("dynamodb").list_tables()["TableNames"],
        "roles": [
            r["RoleName"]
            for r in session.client("iam").list_roles()["Roles"]
            if r["RoleName"] not in _KEPT
        ],
        "workgroups": [
            w.get("Name")
            for w in session.client("athena").list_work_groups()["WorkGroups"]
            if w.get("Name") != "primary"
        ],
    }


_KEPT = {"AWSServiceRoleForBackupReports", "OrganizationAccountAccessRole"}
