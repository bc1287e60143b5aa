"""Rules about the buckets that reports are delivered to."""

from collections.abc import Iterator

from policies.citations import config_rule, nist, security_hub
from policies.resource_types import ACCESS_BLOCK, BUCKET_POLICY, BUCKETS, REPORT_PLAN
from policies.resources import Resource, Stack, names, those
from policies.rule import Aspects, Config, over_stack
from policies.statements import open_statements

_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


@over_stack(
    *BUCKETS,
    severity="critical",
    cites=[
        security_hub("S3.8"),
        nist("AC-3"),
        config_rule("s3-bucket-level-public-access-prohibited"),
    ],
)
def reports_bucket_is_closed(bucket: Resource, stack: Stack, _: Config) -> Aspects:
    """A bucket that backup reports are delivered to is closed to the public.

    Reports name every resource, vault and role of the organization.
    """
    if not those(stack.of(REPORT_PLAN), lambda plan: _delivers_to(plan, bucket, stack)):
        return
    yield _has_no_block(bucket, stack)
    for block in stack.of(ACCESS_BLOCK):
        for name in _BLOCKS:
            yield _leaves_off(block, name, bucket, stack)
    for policy in stack.of(BUCKET_POLICY):
        yield _lets_everybody_in(policy, bucket, stack)


def _has_no_block(bucket: Resource, stack: Stack) -> Iterator[str]:
    if not those(stack.of(ACCESS_BLOCK), lambda block: _is_about(block, bucket, stack)):
        yield f"the bucket {bucket.name} has no BucketPublicAccessBlock; add one"


def _leaves_off(block: Resource, name: str, bucket: Resource, stack: Stack) -> Iterator[str]:
    if _is_about(block, bucket, stack) and block.get(name) is not True:
        yield f"its BucketPublicAccessBlock leaves {name} off; set it"


def _lets_everybody_in(policy: Resource, bucket: Resource, stack: Stack) -> Iterator[str]:
    if _is_about(policy, bucket, stack):
        for sid in open_statements(policy.get("policy")):
            yield (
                f"its policy lets everybody in (statement {sid}); name a principal, or "
                "condition it on the organization"
            )


def _delivers_to(plan: Resource, bucket: Resource, stack: Stack) -> bool:
    return names(stack, plan, ("reportDeliveryChannel", "s3BucketName"), bucket, "bucket")


def _is_about(resource: Resource, bucket: Resource, stack: Stack) -> bool:
    return names(stack, resource, ("bucket",), bucket, "bucket")
