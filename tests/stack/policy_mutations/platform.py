"""Protected properties of buckets, queues, functions, roles and what else a stack stands on."""

from __future__ import annotations

from policies.resource_types import ACCESS_BLOCK
from policies.resources import Resource, Stack
from tests.support.policy_mutations import broken, setting, without

BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _of_reports(resource: Resource, _: Stack) -> bool:
    return "backup-reports" in resource.get("bucket") and "copy" not in resource.get("bucket")


PLATFORM_MUTATIONS = [
    broken(
        "a bucket has no access block",
        ACCESS_BLOCK,
        change=without,
        fails=["reports_bucket_is_closed"],
        where=_of_reports,
    ),
    *(
        broken(
            f"{name} is off",
            ACCESS_BLOCK,
            change=setting(name, value=False),
            fails=["reports_bucket_is_closed"],
            where=_of_reports,
        )
        for name in BLOCKS
    ),
]
