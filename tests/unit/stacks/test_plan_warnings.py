"""What plans may say and should not: told, never refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from stacks import load
from stacks.warnings import warnings_of
from tests.unit.stacks.conftest import MEMBER

RULE: Mapping[str, Any] = {"schedule": "cron(0 1 ? * * *)", "delete_after_days": 30}
COPY: Mapping[str, Any] = {"account": "444444444444"}


def told(plans: Mapping[str, Any], root: Path) -> list[str]:
    return list(warnings_of(load.parse("acme-member-web", {**MEMBER, "plans": plans}, root)))


@pytest.mark.parametrize("tier", ["standard", "silver", "bronze", "gold"])
def test_built_in_tiers_are_not_warned_of(tier: str, root: Path) -> None:
    assert told({tier: {}}, root) == []


@pytest.mark.parametrize(
    ("plans", "said"),
    [
        (
            {"one": {}, "two": {"selection": {"value": "one"}}},
            "plans.two.selection: selects by backup-plan=one, as the plan one does",
        ),
        (
            {"one": {"selection": {"resource_types": ["EC2", "EBS"]}}},
            "an instance's backup holds its volumes",
        ),
        (
            {
                "one": {
                    "selection": {"resource_types": ["EC2"]},
                    "rules": {
                        "daily": {
                            **RULE,
                            "move_to_cold_storage_after_days": 1,
                            "delete_after_days": 91,
                        }
                    },
                }
            },
            "is ignored by AWS Backup for EC2",
        ),
        (
            {
                "one": {
                    "selection": {"resource_types": ["S3", "EFS"]},
                    "rules": {"daily": {**RULE, "continuous": True}},
                }
            },
            "makes snapshots of EFS",
        ),
        (
            {
                "one": {
                    "rules": {
                        "daily": {**RULE, "copies": [COPY]},
                        "weekly": {
                            "schedule": "cron(0 2 ? * SUN *)",
                            "delete_after_days": 90,
                        },
                    }
                }
            },
            "without this rule's copies",
        ),
    ],
)
def test_what_plans_should_not_say_is_told(plans: Mapping[str, Any], said: str, root: Path) -> None:
    found = told(plans, root)
    assert [text for text in found if said in text], found
