"""Audit frameworks that are refused, each with the cure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from stacks.framework_settings import Controls
from tests.unit.stacks.conftest import problem

CONTROLS = "frameworks.audit.controls"


def audited(**controls: Any) -> dict[str, Any]:
    return {"frameworks": {"audit": {"controls": controls}}}


@pytest.mark.parametrize(
    ("change", "place", "says"),
    [
        (
            {"frameworks": {"audit": {"regions": ["eu-west-1"]}}},
            "frameworks.audit.regions[0]",
            "none of the stack's Regions: eu-central-1",
        ),
        (audited(), CONTROLS, "leave controls out for those of what there is"),
        (
            audited(recovery_points_encrypted={"scope": {"resource_types": ["EBS"]}}),
            f"{CONTROLS}.recovery_points_encrypted.scope.resource_types",
            "which takes tag",
        ),
        (
            audited(last_recovery_point_created={"scope": {"resource_id": "vol-1"}}),
            f"{CONTROLS}.last_recovery_point_created.scope.resource_id",
            "needs its type beside it",
        ),
        (
            audited(
                last_recovery_point_created={
                    "scope": {"tag": {"stage": "prod"}, "resource_types": ["EBS"]}
                }
            ),
            f"{CONTROLS}.last_recovery_point_created.scope.tag",
            "AWS takes either",
        ),
        (
            audited(minimum_frequency_and_retention={"every": {"hours": 25}}),
            f"{CONTROLS}.minimum_frequency_and_retention.every.hours",
            "1 to 24 hours",
        ),
        (
            audited(in_air_gapped_vault={"within": {"hours": 12}}),
            f"{CONTROLS}.in_air_gapped_vault.within.hours",
            "24 to 2184 hours",
        ),
        (
            audited(protected_by_vault_lock={"min_retention_days": 9, "max_retention_days": 7}),
            f"{CONTROLS}.protected_by_vault_lock.min_retention_days",
            "more than max_retention_days, 7",
        ),
        (
            {"frameworks": {f"f{n}": dict[str, Any]() for n in range(16)}},
            "frameworks",
            "are 16 in eu-central-1; AWS Backup has 15",
        ),
        (
            audited(manual_deletion_disabled={"except_roles": ["break-glass"]}),
            f"{CONTROLS}.manual_deletion_disabled.except_roles[0]",
            "arn:aws:iam::<account>:role/",
        ),
    ],
)
def test_what_aws_would_refuse_is_refused_with_the_cure(
    change: Mapping[str, Any], place: str, says: str, root: Path
) -> None:
    told = problem(change, root)
    assert f" {place}: " in told
    assert says in told


def test_controls_of_all_frameworks_of_a_region_are_counted(root: Path) -> None:
    controls = {name: dict[str, Any]() for name in Controls.AWS_NAMES}
    frameworks = {f"f{n}": {"controls": controls} for n in range(5)}
    told = problem({"frameworks": frameworks}, root)
    assert "have 55 controls in eu-central-1" in told
