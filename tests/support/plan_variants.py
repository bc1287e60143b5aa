"""The example member with plans that say all that settings allow, as a case and as a recording."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from tests.support.examples import Case, example, recordings
from tests.support.recorder import Recording

MEMBER, REGION, OTHER_REGION = "acme-member-payments", "eu-central-1", "eu-west-1"
VAULTS: Mapping[str, Any] = {
    "standard": {"force_destroy": True},
    "copies": {"force_destroy": True, "regions": [OTHER_REGION]},
}
MONTHLY: Mapping[str, Any] = {
    "schedule": "cron(0 3 1 * ? *)",
    "move_to_cold_storage_after_days": 30,
    "archive_ebs_snapshots": True,
    "delete_after_days": 365,
    "copies": [
        {"region": OTHER_REGION, "vault": "copies", "delete_after_days": 90},
        {"account": "222222222222", "vault": "central"},
    ],
    "recovery_point_tags": {"kept-for": "auditors"},
    "scan": "full",
}
PLANS: Mapping[str, Any] = {
    "everything": {
        "vault": "standard",
        "regions": [REGION],
        "rules": {
            "monthly": MONTHLY,
            "continuous": {
                "schedule": "cron(0 1 ? * * *)",
                "delete_after_days": 35,
                "continuous": True,
            },
        },
        "selection": {
            "resource_types": ["EBS", "S3"],
            "exclude_arns": ["arn:aws:s3:::scratch-*"],
            "conditions": {
                "equals": {"stage": "prod"},
                "not_equals": {"backup": "never"},
                "like": {"app": "shop-*"},
                "not_like": {"owner": "*-temporary"},
            },
        },
        "windows_vss": True,
        "malware_scan": {"resource_types": ["EBS", "S3"]},
    },
    "by-tags": {
        "vault": "standard",
        "regions": [REGION],
        "tier": "bronze",
        "selection": {"any_tags": {"tier": "bronze"}, "exclude_resource_types": ["EC2"]},
    },
}


def with_plans(**own: Any) -> Case:
    like = example(MEMBER)
    return Case(
        stack=MEMBER, own={**like.own, "scripts": {}, "vaults": VAULTS, "plans": PLANS, **own}
    )


@cache
def all_of_plans() -> Recording:
    return with_plans().run({name: recorded.exports for name, recorded in recordings().items()})
