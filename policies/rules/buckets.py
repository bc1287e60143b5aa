"""Rules about the buckets that reports are delivered to."""

from collections.abc import Iterator, Sequence

from policies.resources import Resource, those
from policies.rule import Aspects, Config, over_stack
from policies.statements import open_statements

REPORT_PLAN = "aws:backup/reportPlan:ReportPlan"
BUCKET = "aws:s3/bucket:Bucket"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
ACCESS_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


@over_stack(BUCKET)
def reports_bucket_is_closed(bucket: Resource, stack: Sequence[Resource], _: Config) -> Aspects:
    """A bucket that backup reports are delivered to is closed to the public.

    Reports name every resource, vault and role of the organization.
    """
    plans = [resource for resource in stack if resource.type == REPORT_PLAN]
    if not those(plans, lambda plan: _delivers_to(plan, bucket, stack)):
        return
    yield _has_no_block(bucket, stack)
    for resource in stack:
        if resource.type == ACCESS_BLOCK:
            for name in _BLOCKS:
                yield _leaves_off(resource, name, bucket, stack)
        if resource.type == BUCKET_POLICY:
            yield _lets_everybody_in(resource, bucket, stack)


def _has_no_block(bucket: Resource, stack: Sequence[Resource]) -> Iterator[str]:
    blocks = [resource for resource in stack if resource.type == ACCESS_BLOCK]
    if not those(blocks, lambda block: _is_about(block, bucket, stack)):
        yield f"the bucket {bucket.name} has no BucketPublicAccessBlock; add one"


def _leaves_off(
    block: Resource, name: str, bucket: Resource, stack: Sequence[Resource]
) -> Iterator[str]:
    if _is_about(block, bucket, stack) and block.get(name) is not True:
        yield f"its BucketPublicAccessBlock leaves {name} off; set it"


def _lets_everybody_in(
    policy: Resource, bucket: Resource, stack: Sequence[Resource]
) -> Iterator[str]:
    if _is_about(policy, bucket, stack):
        for sid in open_statements(policy.get("policy")):
            yield (
                f"its policy lets everybody in (statement {sid}); name a principal, or "
                "condition it on the organization"
            )


def _delivers_to(plan: Resource, bucket: Resource, stack: Sequence[Resource]) -> bool:
    return _names(bucket, stack, plan, "reportDeliveryChannel", "s3BucketName")


def _is_about(resource: Resource, bucket: Resource, stack: Sequence[Resource]) -> bool:
    return _names(bucket, stack, resource, "bucket")


def _names(
    bucket: Resource, stack: Sequence[Resource], resource: Resource, name: str, *below: str
) -> bool:
    """Whether a property names the bucket: by where its value came from, else by the value."""
    sources = resource.sources.get(name, ())
    named = [other.urn for other in stack if other.type == BUCKET and other.urn in sources]
    if named:
        return bucket.urn in named
    return resource.get(name, *below) == bucket.get("bucket")
