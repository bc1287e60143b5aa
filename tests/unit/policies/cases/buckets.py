"""Rules about buckets that reports are delivered to."""

from __future__ import annotations

import json
from typing import Any

from policies.resource_types import ACCESS_BLOCK, BUCKET_POLICY, BUCKETS, REPORT_PLAN
from policies.resources import UNKNOWN, Resource
from tests.unit.policies.case import Case, resource

BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def bucket(name: str = "reports") -> Resource:
    return resource(BUCKETS[0], name, bucket=name)


def about_bucket(type_: str, source: str | None = "reports", /, **props: Any) -> Resource:
    """Its bucket by name; where that is unknown, by the bucket that it comes from."""
    props = {"bucket": "reports", **props}
    sources = {"bucket": [source]} if source and props["bucket"] is UNKNOWN else {}
    return resource(type_, type_, sources=sources, **props)


def block_of_unknown(source: str | None) -> Resource:
    blocks: dict[str, Any] = dict.fromkeys(BLOCKS, True)
    return about_bucket(ACCESS_BLOCK, source, bucket=UNKNOWN, **blocks)


def plan_to(name: Any, *sources: str) -> Resource:
    return resource(
        REPORT_PLAN,
        f"plan to {sources or name}",
        sources={"reportDeliveryChannel": sources},
        reportDeliveryChannel={"s3BucketName": name},
    )


def block(**props: Any) -> Resource:
    return about_bucket(ACCESS_BLOCK, **{**dict.fromkeys(BLOCKS, True), **props})


def policy(**statement: Any) -> Resource:
    document = {"Statement": [{"Sid": "First", "Effect": "Allow", **statement}]}
    return about_bucket(BUCKET_POLICY, policy=json.dumps(document))


PLAN = plan_to("reports")
UNKNOWN_POLICY = about_bucket(BUCKET_POLICY, policy=UNKNOWN)
NO_BLOCK = "the bucket other has no BucketPublicAccessBlock; add one"
ROLE = {"AWS": "arn:aws:iam::111111111111:role/x"}

CASES = [
    Case(
        rule="reports_bucket_is_closed",
        what="a closed bucket",
        resources=[PLAN, bucket(), block(), policy(Principal=ROLE)],
    ),
    Case(
        rule="reports_bucket_is_closed",
        what="everybody of the organization",
        resources=[
            PLAN,
            bucket(),
            block(),
            policy(Principal="*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-x"}}),
        ],
    ),
    Case(
        rule="reports_bucket_is_closed",
        what="an open bucket without reports",
        resources=[PLAN, bucket(), block(), bucket("other")],
    ),
    Case(
        rule="reports_bucket_is_closed",
        what="no access block",
        resources=[PLAN, bucket()],
        says="has no BucketPublicAccessBlock; add one",
    ),
    *(
        Case(
            rule="reports_bucket_is_closed",
            what=f"{name} off",
            resources=[PLAN, bucket(), block(**{name: False})],
            says=f"leaves {name} off",
        )
        for name in BLOCKS
    ),
    *(
        Case(
            rule="reports_bucket_is_closed",
            what=f"a policy for {principal}",
            resources=[PLAN, bucket(), block(), policy(Principal=principal)],
            says="statement First",
        )
        for principal in ("*", {"AWS": "*"}, {"AWS": ["*"]}, {"AWS": ["*", ROLE["AWS"]]})
    ),
    Case(
        rule="reports_bucket_is_closed",
        what="everybody who comes over TLS",
        resources=[
            PLAN,
            bucket(),
            block(),
            policy(Principal="*", Condition={"Bool": {"aws:SecureTransport": "true"}}),
        ],
        says="statement First",
    ),
    Case(
        rule="reports_bucket_is_closed",
        what="a policy that is not known yet hides nothing of its own bucket",
        resources=[PLAN, bucket(), UNKNOWN_POLICY],
        says="the bucket reports has no BucketPublicAccessBlock; add one",
    ),
    Case(
        rule="reports_bucket_is_closed",
        what="a policy that is not known yet hides nothing of another bucket",
        resources=[
            PLAN,
            bucket(),
            block(),
            UNKNOWN_POLICY,
            plan_to("other"),
            bucket("other"),
        ],
        says=NO_BLOCK,
    ),
    Case(
        rule="reports_bucket_is_closed",
        what="a new bucket's own access block hides nothing of another bucket",
        resources=[
            plan_to(UNKNOWN, "reports"),
            bucket(),
            block_of_unknown("reports"),
            plan_to(UNKNOWN, "other"),
            bucket("other"),
        ],
        says=NO_BLOCK,
    ),
    Case(
        rule="reports_bucket_is_closed",
        what="a plan whose bucket is not known yet hides nothing of the others",
        resources=[plan_to(UNKNOWN), plan_to("other"), bucket("other")],
        says=NO_BLOCK,
    ),
    Case(
        rule="reports_bucket_is_closed",
        what="one block that is not known yet hides nothing of the others",
        resources=[PLAN, bucket(), block(blockPublicAcls=UNKNOWN, restrictPublicBuckets=False)],
        says="leaves restrictPublicBuckets off",
    ),
    Case(
        rule="reports_bucket_is_closed",
        what="an access block that may be the bucket's",
        resources=[PLAN, bucket(), block_of_unknown(None)],
    ),
    Case(
        rule="reports_bucket_is_closed",
        what="a plan that may deliver to the bucket",
        resources=[plan_to(UNKNOWN), bucket()],
    ),
    Case(
        rule="reports_bucket_is_closed",
        what="an access block that is not known yet",
        resources=[PLAN, bucket(), block(blockPublicAcls=UNKNOWN)],
    ),
    Case(
        rule="reports_bucket_is_closed",
        what="a bucket's name that is not known yet",
        resources=[PLAN, bucket(), block(bucket=UNKNOWN, blockPublicAcls=False)],
        says="leaves blockPublicAcls off",
    ),
]
