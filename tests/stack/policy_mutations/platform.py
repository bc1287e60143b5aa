"""Protected properties of buckets, queues, functions, roles and what else a stack stands on."""

from __future__ import annotations

from policies.resource_types import (
    ACCESS_BLOCK,
    BUCKET_ENCRYPTION,
    BUCKET_OWNERSHIP,
    BUCKET_POLICY,
    BUCKET_VERSIONING,
    KEY,
    ROLE,
)
from policies.resources import Resource, Stack
from tests.support.policy_mutations import (
    broken,
    setting,
    unset,
    with_statement,
    without,
    without_statement,
)

BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _of_reports(resource: Resource, _: Stack) -> bool:
    return "BackupDeliversReports" in resource.get("policy")


OTHER_ROOT = "arn:aws:iam::123456789012:root"
POLICIES = (
    KEY,
    "aws:cloudwatch/eventBusPolicy:EventBusPolicy",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:sqs/queuePolicy:QueuePolicy",
)
PERMISSION = "aws:lambda/permission:Permission"

RESOURCE_POLICY_MUTATIONS = [
    broken(
        "a resource's policy lets everybody in",
        *POLICIES,
        change=with_statement("policy", Principal="*", Action="x:Read", Resource="*"),
        fails=["resource_policy_lets_nobody_in_unnamed"],
    ),
    broken(
        "a resource's policy lets another account in",
        *POLICIES,
        change=with_statement(
            "policy", Principal={"AWS": OTHER_ROOT}, Action="x:Read", Resource="*"
        ),
        fails=["resource_policy_lets_no_stranger_in"],
    ),
    broken(
        "a resource's policy lets a service in on anybody's behalf",
        *POLICIES,
        change=with_statement(
            "policy", Principal={"Service": "s3.amazonaws.com"}, Action="x:Read", Resource="*"
        ),
        fails=["service_uses_resource_for_a_named_source"],
    ),
    broken(
        "a function's permission names no source",
        PERMISSION,
        change=unset("sourceArn"),
        fails=["service_uses_resource_for_a_named_source"],
    ),
    broken(
        "a function may be invoked by everybody",
        PERMISSION,
        change=lambda permission: setting("principal", "*")(*unset("sourceArn")(permission)),
        fails=["resource_policy_lets_nobody_in_unnamed"],
    ),
    broken(
        "a role may be assumed by another account",
        ROLE,
        change=with_statement(
            "assumeRolePolicy", Principal={"AWS": OTHER_ROOT}, Action="sts:AssumeRole"
        ),
        fails=["resource_policy_lets_no_stranger_in"],
    ),
    broken(
        "a role may be assumed by a service for anybody",
        ROLE,
        change=with_statement(
            "assumeRolePolicy",
            Principal={"Service": "lambda.amazonaws.com"},
            Action="sts:AssumeRole",
        ),
        fails=["role_trusts_services_for_a_named_source"],
    ),
]
BUCKET_MUTATIONS = [
    broken(
        "a bucket has no access block", ACCESS_BLOCK, change=without, fails=["bucket_is_closed"]
    ),
    *(
        broken(
            f"{name} is off",
            ACCESS_BLOCK,
            change=setting(name, value=False),
            fails=["bucket_is_closed"],
        )
        for name in BLOCKS
    ),
    broken(
        "a bucket says nothing of ownership",
        BUCKET_OWNERSHIP,
        change=without,
        fails=["bucket_has_no_acls"],
    ),
    broken(
        "a bucket's objects are whose wrote them",
        BUCKET_OWNERSHIP,
        change=setting("rule", {"objectOwnership": "ObjectWriter"}),
        fails=["bucket_has_no_acls"],
    ),
    broken(
        "a bucket says nothing of encryption",
        *BUCKET_ENCRYPTION,
        change=without,
        fails=["bucket_is_encrypted"],
    ),
    broken(
        "a bucket says nothing of versions",
        *BUCKET_VERSIONING,
        change=without,
        fails=["bucket_is_versioned"],
    ),
    broken(
        "a bucket's versions are suspended",
        *BUCKET_VERSIONING,
        change=setting("versioningConfiguration", {"status": "Suspended"}),
        fails=["bucket_is_versioned"],
    ),
    broken(
        "a bucket takes plain HTTP",
        BUCKET_POLICY,
        change=without_statement("policy", "OnlyOverTls"),
        fails=["bucket_takes_tls_only"],
    ),
    broken(
        "a bucket of reports lets none be delivered",
        BUCKET_POLICY,
        change=without_statement("policy", "BackupDeliversReports"),
        fails=["reports_are_delivered_by_backup_alone"],
        where=_of_reports,
    ),
    broken(
        "a bucket of reports lets its account's users write reports",
        BUCKET_POLICY,
        change=with_statement(
            "policy",
            Principal="*",
            Action="s3:PutObject",
            Resource="*",
            Condition={"StringEquals": {"aws:PrincipalAccount": "${aws:ResourceAccount}"}},
        ),
        fails=["reports_are_delivered_by_backup_alone"],
        where=_of_reports,
    ),
]
PLATFORM_MUTATIONS = [*RESOURCE_POLICY_MUTATIONS, *BUCKET_MUTATIONS]
