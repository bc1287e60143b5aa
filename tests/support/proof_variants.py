"""The example member with restore tests and frameworks that have all that settings allow."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from tests.support.examples import recordings
from tests.support.recorder import Recording
from tests.support.vault_variants import ACCOUNT, AIR_GAPPED, REGION, VAULTS, member

VOLUME = f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/vol-0123456789abcdef0"
RESTORE_TESTING: Mapping[str, Any] = {
    "weekly": {
        "recovery_points": {"algorithm": "random", "types": ["snapshot"], "window_days": 14},
        "selections": {
            "named": {"type": "EBS", "arns": [VOLUME]},
            "tagged": {
                "type": "EC2",
                "equals": {"stage": "prod"},
                "not_equals": {"restored": "no"},
                "metadata": {"instanceType": "t3.micro"},
            },
        },
    },
    "isolated": {
        "recovery_points": {"vaults": ["isolated"]},
        "selections": {"tables": {"type": "DynamoDB"}},
    },
}
FRAMEWORKS: Mapping[str, Any] = {
    "all": {
        "description": "What auditors ask for",
        "controls": {
            "resources_protected_by_backup_plan": {"scope": {"resource_types": ["EBS", "EC2"]}},
            "minimum_frequency_and_retention": {"every": {"hours": 12}, "retention_days": 30},
            "manual_deletion_disabled": {
                "except_roles": [f"arn:aws:iam::{ACCOUNT}:role/ops/break-glass"],
                "scope": {"resource_id": "standard"},
            },
            "recovery_points_encrypted": {"scope": {"tag": {"stage": "prod"}}},
            "minimum_retention": {"days": 30},
            "protected_by_cross_region": {"regions": ["eu-west-1"]},
            "protected_by_cross_account": {"accounts": ["222222222222"]},
            "protected_by_vault_lock": {"min_retention_days": 7, "max_retention_days": 400},
            "last_recovery_point_created": {"within": {"hours": 24}},
            "restore_time_meets_target": {"minutes": 240},
            "in_air_gapped_vault": {"within": {"days": 14}},
        },
    },
    "derived": {},
}


@cache
def with_proof() -> Recording:
    """With vaults of each kind; a plan fills the one that has a lock."""
    case = member(
        vaults=VAULTS,
        air_gapped_vaults=AIR_GAPPED,
        plans={"bronze": {"vault": "standard"}},
        restore_testing=RESTORE_TESTING,
        frameworks=FRAMEWORKS,
    )
    return case.run({name: recorded.exports for name, recorded in recordings().items()})
