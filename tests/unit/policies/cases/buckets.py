"""Buckets: closed, without ACLs, encrypted, over TLS, versioned; and who delivers to them."""

from __future__ import annotations

import json
from typing import Any

from policies.resource_types import (
    ACCESS_BLOCK,
    BUCKET_ENCRYPTION,
    BUCKET_OWNERSHIP,
    BUCKET_POLICY,
    BUCKET_VERSIONING,
    BUCKETS,
    REPORT_PLAN,
)
from policies.resources import UNKNOWN, Resource
from tests.unit.policies.case import ACCOUNT, Case, resource

BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def bucket(name: str = "reports", type_: str = BUCKETS[0], **props: Any) -> Resource:
    return resource(type_, name, bucket=name, **props)


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


def policy(*statements: dict[str, Any]) -> Resource:
    return about_bucket(BUCKET_POLICY, policy=json.dumps({"Statement": [*statements]}))


def controls(ownership: Any = "BucketOwnerEnforced") -> Resource:
    return about_bucket(BUCKET_OWNERSHIP, rule={"objectOwnership": ownership})


def encryption(algorithm: str, key: Any = None, type_: str = BUCKET_ENCRYPTION[0]) -> Resource:
    by_default = {"sseAlgorithm": algorithm, "kmsMasterKeyId": key}
    return about_bucket(type_, rules=[{"applyServerSideEncryptionByDefault": by_default}])


def versioning(status: Any, type_: str = BUCKET_VERSIONING[0]) -> Resource:
    return about_bucket(type_, versioningConfiguration={"status": status})


PLAN = plan_to("reports")
UNKNOWN_POLICY = about_bucket(BUCKET_POLICY, policy=UNKNOWN)
NO_BLOCK = "the bucket other has no BucketPublicAccessBlock; add one"
BOTH = ["arn:aws:s3:::reports", "arn:aws:s3:::reports/*"]
TLS: dict[str, Any] = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": BOTH,
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
ROLE = (
    f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/reports.backup.amazonaws.com/"
    "AWSServiceRoleForBackupReports"
)
DELIVERY: dict[str, Any] = {
    "Effect": "Allow",
    "Principal": {"AWS": ROLE},
    "Action": ["s3:PutObject"],
    "Resource": "arn:aws:s3:::reports/*",
    "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}},
}

INLINE: list[tuple[str, dict[str, Any]]] = [
    (
        BUCKETS[0],
        {
            "serverSideEncryptionConfiguration": {
                "rule": {
                    "applyServerSideEncryptionByDefault": {
                        "sseAlgorithm": "aws:kms:dsse",
                        "kmsMasterKeyId": "arn:key",
                    }
                }
            }
        },
    ),
    (
        BUCKETS[1],
        {
            "serverSideEncryptionConfigurations": [
                {
                    "rules": [
                        {
                            "applyServerSideEncryptionByDefaults": [
                                {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": "arn:key"}
                            ]
                        }
                    ]
                }
            ]
        },
    ),
]
MORE_WRITERS: list[tuple[str, dict[str, Any]]] = [
    ("another role", {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/x"}}),
    ("the service", {"Principal": {"Service": "backup.amazonaws.com"}}),
    ("whatever an object is called", {"Resource": "*"}),
    ("whatever ACL", {"Condition": {}}),
    (
        "another ACL",
        {"Condition": {"StringEquals": {"s3:x-amz-acl": "public-read"}}},
    ),
    ("all of S3", {"Action": "s3:*"}),
    ("all that puts", {"Action": ["s3:Put*"]}),
]
CLOSED = [
    Case(rule="bucket_is_closed", what="a closed bucket", resources=[bucket(), block()]),
    Case(
        rule="bucket_is_closed",
        what="a bucket of the other spelling",
        resources=[bucket(type_=BUCKETS[1])],
        says="the bucket reports has no BucketPublicAccessBlock; add one",
    ),
    *(
        Case(
            rule="bucket_is_closed",
            what=f"{name} off",
            resources=[bucket(), block(**{name: False})],
            says=f"leaves {name} off",
        )
        for name in BLOCKS
    ),
    Case(
        rule="bucket_is_closed",
        what="a new bucket's own access block hides nothing of another bucket",
        resources=[bucket(), block_of_unknown("reports"), bucket("other")],
        says=NO_BLOCK,
    ),
    Case(
        rule="bucket_is_closed",
        what="one block that is not known yet hides nothing of the others",
        resources=[bucket(), block(blockPublicAcls=UNKNOWN, restrictPublicBuckets=False)],
        says="leaves restrictPublicBuckets off",
    ),
    Case(
        rule="bucket_is_closed",
        what="an access block that may be the bucket's",
        resources=[bucket(), block_of_unknown(None)],
    ),
    Case(
        rule="bucket_is_closed",
        what="an access block that is not known yet",
        resources=[bucket(), block(blockPublicAcls=UNKNOWN)],
    ),
    Case(
        rule="bucket_is_closed",
        what="a bucket's name that is not known yet",
        resources=[bucket(), block(bucket=UNKNOWN, blockPublicAcls=False)],
        says="leaves blockPublicAcls off",
    ),
]
ACLS = [
    Case(rule="bucket_has_no_acls", what="the owner's", resources=[bucket(), controls()]),
    Case(
        rule="bucket_has_no_acls",
        what="nothing is said",
        resources=[bucket()],
        says="has no BucketOwnershipControls",
    ),
    Case(
        rule="bucket_has_no_acls",
        what="the writer's",
        resources=[bucket(), controls("ObjectWriter")],
        says="objectOwnership is ObjectWriter; set BucketOwnerEnforced",
    ),
    Case(
        rule="bucket_has_no_acls",
        what="whose is not known yet",
        resources=[bucket(), controls(UNKNOWN)],
    ),
]
ENCRYPTED = [
    *(
        Case(
            rule="bucket_is_encrypted",
            what=f"a key of one's own, in {type_}",
            resources=[bucket(), encryption("aws:kms", "arn:key", type_)],
        )
        for type_ in BUCKET_ENCRYPTION
    ),
    *(
        Case(
            rule="bucket_is_encrypted",
            what=f"a key of one's own, as {type_} has it",
            resources=[resource(type_, "reports", bucket="reports", **props)],
        )
        for type_, props in INLINE
    ),
    Case(
        rule="bucket_is_encrypted",
        what="nothing is said",
        resources=[bucket()],
        says="has no BucketServerSideEncryptionConfiguration",
    ),
    Case(
        rule="bucket_is_encrypted",
        what="S3's own key",
        resources=[bucket(), encryption("AES256")],
        says="S3's own key encrypts it",
    ),
    Case(
        rule="bucket_is_encrypted",
        what="S3's own key, where that will do",
        resources=[bucket(), encryption("AES256")],
        config={"own_key": False},
    ),
    Case(
        rule="bucket_is_encrypted",
        what="KMS without a key",
        resources=[bucket(), encryption("aws:kms")],
        says="S3's own key encrypts it",
    ),
    Case(
        rule="bucket_is_encrypted",
        what="AWS's own key in KMS",
        resources=[bucket(), encryption("aws:kms", "alias/aws/s3")],
        says="S3's own key encrypts it",
    ),
    Case(
        rule="bucket_is_encrypted",
        what="a key that is not known yet",
        resources=[bucket(), encryption("aws:kms", UNKNOWN)],
    ),
]
OVER_TLS = [
    Case(rule="bucket_takes_tls_only", what="TLS alone", resources=[bucket(), policy(TLS)]),
    Case(
        rule="bucket_takes_tls_only",
        what="TLS alone, by the bucket's own policy",
        resources=[bucket(policy=json.dumps({"Statement": TLS}))],
    ),
    Case(
        rule="bucket_takes_tls_only",
        what="no policy",
        resources=[bucket()],
        says="no policy of the bucket reports denies s3:* to everybody",
    ),
    *(
        Case(
            rule="bucket_takes_tls_only",
            what=what,
            resources=[bucket(), policy({**TLS, **instead})],
            says="denies s3:* to everybody",
        )
        for what, instead in (
            ("what is allowed over TLS", {"Effect": "Allow"}),
            ("one account alone is denied", {"Principal": {"AWS": ACCOUNT}}),
            ("reading alone is denied", {"Action": "s3:GetObject"}),
            ("the bucket alone", {"Resource": BOTH[0]}),
            ("its objects alone", {"Resource": BOTH[1]}),
            ("another bucket", {"Resource": [f"{one}-2" for one in BOTH]}),
            ("TLS itself is denied", {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}),
            (
                "one more condition",
                {
                    "Condition": {
                        "Bool": {"aws:SecureTransport": "false"},
                        "StringNotEquals": {"aws:PrincipalAccount": ACCOUNT},
                    }
                },
            ),
        )
    ),
    Case(
        rule="bucket_takes_tls_only",
        what="somebody is excepted",
        resources=[
            bucket(),
            policy(
                {
                    **{key: value for key, value in TLS.items() if key != "Principal"},
                    "NotPrincipal": {"AWS": ACCOUNT},
                }
            ),
        ],
        says="denies s3:* to everybody",
    ),
    Case(
        rule="bucket_takes_tls_only",
        what="a policy that is not known yet",
        resources=[bucket(), UNKNOWN_POLICY],
    ),
    Case(
        rule="bucket_takes_tls_only",
        what="a policy that is a structure, of which some is not known yet",
        resources=[
            bucket(),
            about_bucket(BUCKET_POLICY, policy={"Statement": [{**TLS, "Resource": UNKNOWN}]}),
        ],
    ),
]
VERSIONED = [
    *(
        Case(
            rule="bucket_is_versioned",
            what=f"versions are kept, by {type_}",
            resources=[bucket(), versioning("Enabled", type_)],
        )
        for type_ in BUCKET_VERSIONING
    ),
    Case(
        rule="bucket_is_versioned",
        what="versions are kept by the bucket itself",
        resources=[bucket(versioning={"enabled": True})],
    ),
    Case(
        rule="bucket_is_versioned",
        what="versions are kept by a bucket of the other spelling",
        resources=[bucket(type_=BUCKETS[1], versionings=[{"enabled": True}])],
    ),
    Case(
        rule="bucket_is_versioned",
        what="nothing is said",
        resources=[bucket()],
        says="no BucketVersioning that is Enabled",
    ),
    Case(
        rule="bucket_is_versioned",
        what="it is suspended",
        resources=[bucket(), versioning("Suspended")],
        says="no BucketVersioning that is Enabled",
    ),
    Case(
        rule="bucket_is_versioned",
        what="a state that is not known yet",
        resources=[bucket(), versioning(UNKNOWN)],
    ),
]
ALONE = "reports_are_delivered_by_backup_alone"
DELIVERED = [
    Case(rule=ALONE, what="as the guide has it", resources=[PLAN, bucket(), policy(DELIVERY, TLS)]),
    Case(rule=ALONE, what="a bucket without reports", resources=[bucket("other")]),
    Case(
        rule=ALONE,
        what="no policy",
        resources=[PLAN, bucket()],
        says="no statement of its policy is what AWS Backup's guide has",
    ),
    *(
        Case(
            rule=ALONE,
            what=what,
            resources=[PLAN, bucket(), policy(DELIVERY, {**DELIVERY, "Sid": "More", **instead})],
            says="lets more write among the reports (statement More)",
        )
        for what, instead in MORE_WRITERS
    ),
    Case(
        rule=ALONE,
        what="somebody reads",
        resources=[
            PLAN,
            bucket(),
            policy(DELIVERY, {"Effect": "Allow", "Principal": ACCOUNT, "Action": "s3:GetObject"}),
        ],
    ),
    Case(
        rule=ALONE,
        what="a policy that is not known yet",
        resources=[PLAN, bucket(), UNKNOWN_POLICY],
    ),
    Case(
        rule=ALONE,
        what="a plan that may deliver to the bucket",
        resources=[plan_to(UNKNOWN), bucket()],
    ),
    Case(
        rule=ALONE,
        what="a plan whose bucket is not known yet hides nothing of the others",
        resources=[plan_to(UNKNOWN), plan_to("other"), bucket("other")],
        says="no statement of its policy",
    ),
]
CASES = [*CLOSED, *ACLS, *ENCRYPTED, *OVER_TLS, *VERSIONED, *DELIVERED]
