"""What a destroy would lose or stop at is found before it begins; what it empties is named."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from fleet.deploy.deployment import Deployment
from fleet.deploy.losses import DataAtStake, DeletionRefused
from fleet.project import PROJECT_VARIABLE
from fleet.sandbox.stage import Stage
from tests.support.command import backup_org
from tests.support.standing import resources_in

AUDIT, MEMBER = "acme-audit", "acme-member-web"
REGION = "eu-central-1"
VAULT = "acme-backup-standard-eu-central-1"
ChangeSettings = Callable[[str, Callable[[dict[str, Any]], None]], Deployment]


@pytest.fixture(scope="module")
def deployed(stage: Stage) -> Stage:
    for stack in (AUDIT, MEMBER):
        Deployment(stage.engine, stack).up()
    audit, member = accounts(stage)
    session = stage.sandbox.session(audit, REGION)
    (bucket,) = [
        found.get("Name", "")
        for found in session.client("s3").list_buckets()["Buckets"]
        if "proof" in found.get("Name", "")
    ]
    session.client("s3").put_object(Bucket=bucket, Key="a-record", Body=b"kept")
    backed_up(stage, member, REGION)
    return stage


def backed_up(stage: Stage, account: str, region: str) -> None:
    stage.sandbox.call(
        "backup.job",
        kind="backup",
        account=account,
        region=region,
        vault="standard",
        resource_arn=f"arn:aws:ec2:{region}:{account}:volume/vol-0a1b2c3d4e5f60718",
        state="COMPLETED",
    )


@pytest.fixture(autouse=True)
def _here(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PROJECT_VARIABLE, str(stage.workspace.project))


def accounts(stage: Stage) -> tuple[str, str]:
    return stage.stacks[AUDIT].account, stage.stacks[MEMBER].account


def standing(stage: Stage) -> list[Any]:
    return [resources_in(stage, account) for account in accounts(stage)]


def test_a_destroy_without_a_word_on_data_touches_no_stack_and_says_what_would_go(
    deployed: Stage,
) -> None:
    before = standing(deployed)
    with pytest.raises(DataAtStake) as caught:
        backup_org("destroy", AUDIT, MEMBER, "--yes")
    said = str(caught.value)
    assert f"{MEMBER}/{VAULT} (aws:backup/vault:Vault): 1 recovery point, kept" in said
    assert f"{AUDIT}/acme-backup-evidence (aws:s3/bucket:Bucket): 1 object version" in said
    assert f"--lose {MEMBER}/{VAULT}" in said
    assert standing(deployed) == before


def test_what_aws_would_refuse_in_one_stack_is_told_before_another_is_touched(
    deployed: Stage, change_settings: ChangeSettings
) -> None:
    def keep(values: dict[str, Any]) -> None:
        values["vaults"]["standard"] = {}

    change_settings(MEMBER, keep).up()
    before = standing(deployed)
    with pytest.raises(DeletionRefused) as caught:
        backup_org("destroy", AUDIT, MEMBER, "--yes", "--lose", "*")
    assert f"{MEMBER}/{VAULT}" in str(caught.value)
    assert "force_destroy: true to lose them; deploy that" in str(caught.value)
    assert standing(deployed) == before


def test_a_vault_renamed_is_named_with_what_it_would_lose(
    deployed: Stage, change_settings: ChangeSettings
) -> None:
    Deployment(deployed.engine, MEMBER).up()

    def rename(values: dict[str, Any]) -> None:
        values["vaults"] = {"other": values["vaults"]["standard"]}
        values["plans"]["standard"]["vault"] = "other"

    member = change_settings(MEMBER, rename)
    before = standing(deployed)
    (going,) = [c for c in member.preview().details if c.op == "delete" and c.loses]
    assert (going.name, going.loses[:16]) == (VAULT, "1 recovery point")
    with pytest.raises(DataAtStake, match=f"--lose {MEMBER}/{VAULT}"):
        member.up()
    assert standing(deployed) == before


def test_a_region_dropped_is_named_with_what_it_would_lose_and_goes_with_it(
    deployed: Stage, change_settings: ChangeSettings
) -> None:
    other = "eu-west-1"
    one = standing(deployed)

    def regions(*wanted: str) -> Deployment:
        return change_settings(MEMBER, lambda values: values.update(regions=list(wanted)))

    regions(REGION, other).up()
    backed_up(deployed, accounts(deployed)[1], other)
    both = standing(deployed)
    member = regions(REGION)
    going = VAULT.replace(REGION, other)
    with pytest.raises(DataAtStake, match=f"--lose {MEMBER}/{going}$"):
        member.up()
    assert standing(deployed) == both
    member.up(lose=[f"{MEMBER}/{going}"])
    assert standing(deployed) == one


def test_what_others_put_on_the_stack_s_own_is_told_with_the_commands_that_take_it_off(
    deployed: Stage,
) -> None:
    backup = deployed.sandbox.session(accounts(deployed)[1], REGION).client("backup")
    backup.put_backup_vault_lock_configuration(BackupVaultName="standard", MinRetentionDays=7)
    (plan,) = [p.get("BackupPlanId", "") for p in backup.list_backup_plans()["BackupPlansList"]]
    (own,) = backup.list_backup_selections(BackupPlanId=plan)["BackupSelectionsList"]
    theirs = backup.create_backup_selection(
        BackupPlanId=plan,
        BackupSelection={
            "SelectionName": "theirs",
            "IamRoleArn": own.get("IamRoleArn", ""),
            "Resources": ["*"],
        },
    )["SelectionId"]
    before = standing(deployed)
    with pytest.raises(DeletionRefused) as caught:
        backup_org("destroy", MEMBER, "--yes", "--lose", "*")
    assert [line.strip() for line in str(caught.value).splitlines() if "aws backup" in line] == [
        "aws backup delete-backup-vault-lock-configuration --backup-vault-name standard "
        f"--region {REGION}",
        f"aws backup delete-backup-selection --backup-plan-id {plan} --selection-id {theirs} "
        f"--region {REGION}",
    ]
    assert standing(deployed) == before
    backup.delete_backup_vault_lock_configuration(BackupVaultName="standard")
    backup.delete_backup_selection(BackupPlanId=plan, SelectionId=theirs)


def test_what_is_named_is_lost_and_the_command_that_removes_the_empty_stack_is_told(
    deployed: Stage,
) -> None:
    typed = f"{MEMBER}/* {AUDIT}/*\ny\n"
    answer = backup_org("destroy", AUDIT, MEMBER, typed=typed)
    assert answer.exit_code == 0, answer.output
    assert standing(deployed) == [{}, {}]
    assert f"{MEMBER}: nothing stands" in backup_org("destroy", MEMBER, "--yes").output
    (removal,) = [line for line in answer.results.splitlines() if f"--stack {MEMBER}" in line]
    settings = deployed.workspace.project / "stacks/customers" / f"Pulumi.{MEMBER}.yaml"
    kept = settings.read_text()
    subprocess.run(removal, shell=True, check=True, capture_output=True)  # noqa: S602 - as told
    settings.write_text(kept)
    assert list((deployed.workspace.root / "state").rglob(f"{MEMBER}.json")) == []


def test_a_stack_that_was_never_deployed_has_no_drift_and_nothing_to_delete(
    deployed: Stage,
) -> None:
    del deployed
    answer = backup_org("drift", "acme-member-payments", "--json")
    assert answer.exit_code == 0
    (row,) = json.loads(answer.results)["stacks"]
    assert (row["deployed"], row["changed"]) == (False, False)
    assert "nothing stands" in backup_org("destroy", "acme-member-payments", "--yes").output
