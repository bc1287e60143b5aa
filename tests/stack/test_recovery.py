"""The way back of what was lost, as the engine is told of it: who takes back, who gives, how."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.examples import Case, example, recordings
from tests.support.recorder import Recording

AUDIT, MEMBER = "hooli-audit", "hooli-member-trading"
DOCUMENT, ROLE = "aws:ssm/document:Document", "aws:iam/role:Role"
BOTH = [
    (AUDIT, "hooli-backup-copy-back"),
    (MEMBER, "hooli-backup-restore"),
]


def runbooks(stack: str, name: str) -> Mapping[str, Mapping[str, Any]]:
    """By Region."""
    return {
        document.inputs["region"]: json.loads(document.inputs["content"])
        for document in recordings()[stack].all(DOCUMENT)
        if document.inputs["name"] == name
    }


def allowed(stack: str, role: str) -> Mapping[str, Mapping[str, Any]]:
    """Each statement of a role, by its Sid."""
    policy = recordings()[stack].one("aws:iam/rolePolicy:RolePolicy", role)
    return {s["Sid"]: s for s in json.loads(policy.inputs["policy"])["Statement"]}


def statements(recording: Recording, type_: str) -> Mapping[str, Mapping[str, Any]]:
    """Of a vault or its key, by Sid."""
    policy = recording.one(type_, "hooli-backup-standard-eu-central-1").inputs["policy"]
    return {statement["Sid"]: statement for statement in json.loads(policy)["Statement"]}


@pytest.mark.parametrize(
    ("stack", "name", "regions"),
    [(*BOTH[0], {"eu-central-1"}), (*BOTH[1], {"eu-central-1", "eu-west-1"})],
)
def test_each_side_has_its_own_runbook_where_its_vaults_stand(
    stack: str, name: str, regions: set[str]
) -> None:
    assert runbooks(stack, name).keys() == regions
    (other,) = [other for _, other in BOTH if other != name]
    assert runbooks(stack, other) == {}


@pytest.mark.parametrize(("stack", "name"), BOTH)
def test_no_role_of_a_recovery_acts_in_another_account(stack: str, name: str) -> None:
    own = example(stack).settings.account
    said = {sid: s for sid, s in allowed(stack, name).items() if sid != "HandOverTheRoleOfBackups"}
    arns = [arn for s in said.values() for arn in s["Resource"] if arn != "*"]
    assert {arn.split(":")[4] for arn in arns} == {own, ""}
    services = {action.partition(":")[0] for s in said.values() for action in s["Action"]}
    assert services == {"backup"}


@pytest.mark.parametrize(("stack", "name"), BOTH)
def test_the_backup_role_alone_is_handed_over_and_to_aws_backup_alone(
    stack: str, name: str
) -> None:
    passes = [s for s in allowed(stack, name).values() if "iam:PassRole" in s["Action"]]
    (role,) = [r for r in recordings()[stack].all(ROLE) if r.inputs["name"].endswith("-service")]
    assert [s["Resource"] for s in passes] == [[role.state["arn"]]]
    assert [s["Condition"] for s in passes] == [
        {"StringEquals": {"iam:PassedToService": "backup.amazonaws.com"}}
    ]


def test_a_member_cannot_start_copies_and_the_central_account_no_restores() -> None:
    member = {a for s in allowed(MEMBER, BOTH[1][1]).values() for a in s["Action"]}
    central = {a for s in allowed(AUDIT, BOTH[0][1]).values() for a in s["Action"]}
    assert "backup:StartCopyJob" in central - member
    assert "backup:StartRestoreJob" in member - central


def test_a_vault_that_takes_back_lets_the_one_account_copy_in_and_use_its_key() -> None:
    recording = recordings()[MEMBER]
    said = statements(recording, "aws:backup/vaultPolicy:VaultPolicy")["OneAccountCopiesInto"]
    assert said["Principal"] == {"AWS": "arn:aws:iam::999999999999:root"}
    assert said["Action"] == ["backup:CopyIntoBackupVault"]
    key = statements(recording, "aws:kms/key:Key")["CopiesMayUseTheKey"]
    assert key["Condition"] == {"StringEquals": {"aws:PrincipalAccount": ["999999999999"]}}


def test_without_the_setting_nobody_copies_into_a_members_vault() -> None:
    like = example(MEMBER)
    exports = {name: recording.exports for name, recording in recordings().items()}
    recording = Case(stack=MEMBER, own={**like.own, "recovery": None}).run(exports)
    said = statements(recording, "aws:backup/vaultPolicy:VaultPolicy")
    assert "OneAccountCopiesInto" not in said
    assert not [d for d in recording.all(DOCUMENT) if d.inputs["name"] == BOTH[1][1]]


@pytest.mark.parametrize(("stack", "name"), BOTH)
def test_a_runbook_asks_for_a_vault_of_the_stack_and_takes_the_only_one_by_itself(
    stack: str, name: str
) -> None:
    vault = runbooks(stack, name)["eu-central-1"]["parameters"]["VaultName"]
    assert vault["allowedValues"] == [vault["default"]]


def test_what_is_copied_back_is_kept_as_the_settings_say() -> None:
    (runbook,) = runbooks(*BOTH[0]).values()
    assert runbook["parameters"]["DeleteAfterDays"]["default"] == 30
    (start,) = [step for step in runbook["mainSteps"] if step["name"] == "StartCopy"]
    assert start["inputs"]["Lifecycle"] == {"DeleteAfterDays": "{{DeleteAfterDays}}"}
