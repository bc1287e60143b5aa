"""Copies to `central` are held to what the central stack's files say of its vaults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from stacks import load
from stacks.checks import CHECKS
from stacks.settings_files import CUSTOMERS
from tests.unit.stacks.conftest import MEMBER, problems

AUDIT: dict[str, Any] = {
    "extends": "acme",
    "role": "audit",
    "vaults": {
        "central": {
            "copies_from": "organization",
            "lock": {"mode": "governance", "min_retention_days": 7, "max_retention_days": 90},
        },
        "own": {},
    },
}


def with_audit(root: Path, values: dict[str, Any]) -> None:
    text = yaml.safe_dump({"config": {load.KEY: values}})
    (root / CUSTOMERS / "Pulumi.acme-audit.yaml").write_text(text)


def copying(**copy: Any) -> dict[str, Any]:
    rule = {
        "schedule": "cron(0 1 ? * * *)",
        "delete_after_days": 30,
        "copies": [{"account": "central", "vault": "central", **copy}],
    }
    return {**MEMBER, "plans": {"daily": {"rules": {"daily": rule}}}}


def test_a_copy_that_the_central_vault_takes_is_taken(root: Path) -> None:
    with_audit(root, AUDIT)
    assert load.parse("acme-member-web", copying(region="eu-central-1"), root).plans


@pytest.mark.parametrize(
    ("copy", "said"),
    [
        ({"vault": "cetnral"}, "'cetnral' is none of the vaults of acme-audit: central, own"),
        ({"vault": "own"}, "own of acme-audit takes in no copies; write copies_from: organization"),
        ({"region": "eu-west-1"}, "goes to eu-west-1, where acme-audit has no central; name a"),
        ({"delete_after_days": 91}, "would be kept for 91 days, but central of acme-audit takes 7"),
        ({"delete_after_days": 6}, "would be kept for 6 days, but central of acme-audit takes 7"),
    ],
)
def test_a_copy_that_it_would_not_take_is_refused_with_the_cure(
    copy: dict[str, Any], said: str, root: Path
) -> None:
    with_audit(root, AUDIT)
    (found,) = problems("acme-member-web", copying(**{"region": "eu-central-1", **copy}), root)
    assert f"plans.daily.rules.daily.copies[0]: {said}" in found


def test_what_is_wrong_in_the_central_stacks_file_is_told_by_that_stack_alone(root: Path) -> None:
    with_audit(root, {**AUDIT, "vaults": {"central": {"lock": 5}}})
    assert load.parse("acme-member-web", copying(region="eu-central-1"), root).plans


def test_a_check_reads_fields_that_some_role_has() -> None:
    roles = load.ROLES.values()
    for check in CHECKS:
        fields = {
            name for role in roles if issubclass(role, check.model) for name in role.model_fields
        }
        assert check.reads <= fields


def test_a_central_stacks_vaults_are_held_to_its_account(root: Path) -> None:
    topic = "arn:aws:sns:eu-central-1:333333333333:events"
    told = {"events": ["COPY_JOB_FAILED"], "topics": {"eu-central-1": topic}}
    (found,) = problems(
        "acme-audit", {**AUDIT, "vaults": {"central": {"notifications": told}}}, root
    )
    assert "is of the account 333333333333" in found
