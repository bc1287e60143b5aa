"""Rules about the buckets that reports are delivered to."""

import json
from collections.abc import Sequence
from typing import Any

from policies.resources import Resource
from policies.rule import Config, Violations, over_stack

REPORT_PLAN = "aws:backup/reportPlan:ReportPlan"
BUCKET = "aws:s3/bucket:Bucket"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
ACCESS_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


@over_stack()
def reports_bucket_is_closed(resources: Sequence[Resource], _: Config) -> Violations:
    """A bucket that backup reports are delivered to is closed to the public.

    Reports name every resource, vault and role of the organization.
    """
    for bucket in _reports_buckets(resources):
        blocks = [r for r in resources if r.type == ACCESS_BLOCK and _is_about(r, bucket)]
        if not blocks:
            yield bucket, f"the bucket {bucket.name} has no BucketPublicAccessBlock; add one"
        for block in blocks:
            for name in _BLOCKS:
                if block.get(name) is not True:
                    yield bucket, f"its BucketPublicAccessBlock leaves {name} off; set it"
        for policy in resources:
            if policy.type == BUCKET_POLICY and _is_about(policy, bucket):
                for sid in _open_statements(policy.get("policy")):
                    yield (
                        bucket,
                        (
                            f"its policy lets everybody in (statement {sid}); name a principal, or "
                            "condition it on the organization"
                        ),
                    )


def _reports_buckets(resources: Sequence[Resource]) -> Sequence[Resource]:
    plans = [resource for resource in resources if resource.type == REPORT_PLAN]
    return [
        bucket
        for bucket in resources
        if bucket.type == BUCKET and any(_delivers_to(plan, bucket) for plan in plans)
    ]


def _delivers_to(plan: Resource, bucket: Resource) -> bool:
    if bucket.urn in plan.sources.get("reportDeliveryChannel", ()):
        return True
    return plan.get("reportDeliveryChannel", "s3BucketName") == bucket.get("bucket")


def _is_about(resource: Resource, bucket: Resource) -> bool:
    if bucket.urn in resource.sources.get("bucket", ()):
        return True
    return resource.get("bucket") == bucket.get("bucket")


def _open_statements(policy: str | None) -> list[str]:
    statements: list[dict[str, Any]] = json.loads(policy or "{}").get("Statement", [])
    return [
        str(statement.get("Sid", position))
        for position, statement in enumerate(statements)
        if statement.get("Effect") == "Allow"
        and statement.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]})
        and not statement.get("Condition")
    ]
