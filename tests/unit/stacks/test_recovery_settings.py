"""Settings of the way back: which side a stack is, and what its vaults take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stacks import load
from stacks.warnings import warnings_of
from tests.unit.stacks.conftest import ACME, MEMBER, problem

TAKES = {"recovery": {"from_account": "central"}}
LOCK = {"mode": "governance", "min_retention_days": 60}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"recovery": {}}, "recovery: no vault of the stack takes in copies that it could give"),
        (
            {"recovery": {"from_account": "333333333333"}},
            "recovery.from_account: 333333333333 is this account itself",
        ),
        (
            {**TAKES, "vaults": {"standard": {"lock": LOCK}}},
            "recovery.delete_after_days: is 30 days, but the lock of the vault standard takes 60",
        ),
        (
            {**TAKES, "organization": {**ACME["organization"], "audit_account": None}},
            "recovery.from_account: there is no audit account",
        ),
    ],
)
def test_what_cannot_come_back_is_refused_with_the_cure(
    change: dict[str, Any], said: str, root: Path
) -> None:
    if "organization" in change:
        change = {**change, "alerts_in": "management"}
    assert said in problem(change, root)


def test_a_vault_under_a_key_of_aws_is_warned_of_where_it_takes_back(root: Path) -> None:
    vaults = {"standard": {"key": "aws_managed"}, "own": {}}
    settings = load.parse("acme-member-web", {**MEMBER, **TAKES, "vaults": vaults}, root)
    (said,) = warnings_of(settings)
    assert said.startswith("vaults.standard.key: is AWS's own")
