"""The example member with vaults that have all that settings allow, as a recording."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from tests.support.examples import Case, example, recordings
from tests.support.recorder import Recording

MEMBER, ACCOUNT, REGION = "acme-member-web", "444444444444", "eu-central-1"
KEY_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
TOPIC_ARN = f"arn:aws:sns:{REGION}:{ACCOUNT}:vault-events"
LOCK: Mapping[str, Any] = {"min_retention_days": 7, "max_retention_days": 400}
VAULTS: Mapping[str, Any] = {
    "standard": {
        "break_glass_roles": ["ops/break-glass"],
        "copies_from": "organization",
        "lock": {"mode": "governance", **LOCK},
        "notifications": {
            "events": ["COPY_JOB_FAILED", "S3_BACKUP_OBJECT_FAILED"],
            "topics": {REGION: TOPIC_ARN},
        },
    },
    "final": {
        "key": {REGION: KEY_ARN},
        "lock": {"mode": "compliance", **LOCK, "changeable_for_days": 14, "final": "final"},
    },
    "plain": {"key": "aws_managed", "deny_deletion": False, "force_destroy": True},
}
AIR_GAPPED: Mapping[str, Any] = {
    "isolated": {
        "min_retention_days": 7,
        "max_retention_days": 90,
        "key_arns": {REGION: KEY_ARN},
        "copies_from": "organization",
        "share_with": ["333333333333"],
    }
}


def member(**own: Any) -> Case:
    """The example member in one Region, with these settings laid over its own."""
    like = example(MEMBER)
    return Case(stack=MEMBER, own={**like.own, "regions": [REGION], **own})


@cache
def with_vaults() -> Recording:
    """Vaults of each kind, and a plan that copies to another account."""
    rules = {
        "daily": {
            "schedule": "cron(0 1 ? * * *)",
            "delete_after_days": 35,
            "copies": [{"account": "222222222222", "vault": "central"}],
        }
    }
    plans = {"standard": {"vault": "standard", "rules": rules}}
    case = member(vaults=VAULTS, air_gapped_vaults=AIR_GAPPED, plans=plans)
    return case.run({name: recorded.exports for name, recorded in recordings().items()})
