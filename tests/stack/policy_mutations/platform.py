"""Protected properties of buckets, queues, functions, roles and what else a stack stands on."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from policies.resource_types import (
    ACCESS_BLOCK,
    ALARM,
    BUCKET_ENCRYPTION,
    BUCKET_OWNERSHIP,
    BUCKET_POLICY,
    BUCKET_VERSIONING,
    BUCKETS,
    DEMANDS,
    EVENT_RULE,
    EVENT_TARGET,
    FUNCTION,
    FUNCTION_PERMISSION,
    KEY,
    LOG_GROUP,
    QUEUE,
    ROLE,
    ROLE_POLICY,
    ROLE_POLICY_ATTACHMENT,
    SCHEDULE,
    TABLE,
    TOPIC,
    TOPIC_SUBSCRIPTION,
    VAULT,
)
from policies.resources import Resource, Stack
from tests.support.policy_mutations import (
    and_another,
    broken,
    setting,
    unset,
    with_statement,
    without,
    without_statement,
)

BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _is_not_backups(resource: Resource, _: Stack) -> bool:
    """AWS Backup's own roles are told of by a rule more."""
    return "backup-service" not in resource.name and "restore-tests" not in resource.name


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


def untagged(resource: Resource) -> Sequence[Resource]:
    """Its provider lays no tags over it."""
    provider = {name: value for name, value in resource.provider.items() if name != "defaultTags"}
    return [dataclasses.replace(resource, provider=provider)]


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
        FUNCTION_PERMISSION,
        change=unset("sourceArn"),
        fails=[
            "asynchronous_function_keeps_what_failed",
            "service_uses_resource_for_a_named_source",
        ],
    ),
    broken(
        "a function may be invoked by everybody",
        FUNCTION_PERMISSION,
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
        where=_is_not_backups,
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
        where=_is_not_backups,
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
        "a regulated bucket is encrypted with S3's own key",
        *BUCKET_ENCRYPTION,
        change=setting(
            "rules", [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]
        ),
        fails=["bucket_is_encrypted"],
        where=lambda _, stack: stack.of(DEMANDS)[0].get("demands", "bundle") == "regulated",
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
IAM_MUTATIONS = [
    broken(
        "a role may do all of a service",
        ROLE_POLICY,
        change=with_statement("policy", Action="sqs:*", Resource="arn:aws:sqs:eu-west-1:1:x"),
        fails=["iam_policy_names_its_actions"],
    ),
    broken(
        "a role may send to every queue",
        ROLE_POLICY,
        change=with_statement("policy", Action="sqs:SendMessage", Resource="*"),
        fails=["iam_policy_names_its_resources"],
    ),
    broken(
        "a role is an administrator",
        ROLE_POLICY_ATTACHMENT,
        change=setting("policyArn", "arn:aws:iam::aws:policy/AdministratorAccess"),
        fails=["no_wide_managed_policy_is_attached"],
        where=_is_not_backups,
    ),
    broken(
        "a role is an administrator by itself",
        ROLE,
        change=setting("managedPolicyArns", ["arn:aws:iam::aws:policy/AdministratorAccess"]),
        fails=["no_wide_managed_policy_is_attached"],
        where=_is_not_backups,
    ),
]
FUNCTION_MUTATIONS = [
    broken(
        "a function's runtime is no longer supported",
        FUNCTION,
        change=setting("runtime", "python3.8"),
        fails=["function_has_a_supported_runtime"],
    ),
    broken(
        "a function's environment has a key",
        FUNCTION,
        change=setting("environment", {"variables": {"WHO": "AKIAIOSFODNN7EXAMPLE"}}),
        fails=["function_environment_has_no_secret"],
    ),
    broken(
        "a function's log group is not there",
        LOG_GROUP,
        change=without,
        fails=["function_logs_to_a_group_of_its_stack"],
        where=lambda group, stack: any(
            group.urn in function.sources["loggingConfig"] for function in stack.of(FUNCTION)
        ),
    ),
]
DATA_MUTATIONS = [
    broken(
        "a queue is not encrypted",
        QUEUE,
        change=setting("sqsManagedSseEnabled", value=False),
        fails=["queue_is_encrypted"],
        where=lambda queue, _: not queue.get("kmsMasterKeyId"),
    ),
    broken(
        "a topic is not encrypted",
        TOPIC,
        change=unset("kmsMasterKeyId"),
        fails=["topic_is_encrypted"],
    ),
    broken(
        "a table has no key",
        TABLE,
        change=unset("serverSideEncryption"),
        fails=["table_has_a_key_of_its_account"],
    ),
    broken(
        "logs are kept for ever",
        LOG_GROUP,
        change=unset("retentionInDays"),
        fails=["log_group_keeps_logs_for_a_time"],
    ),
    broken(
        "a log group more has no key",
        LOG_GROUP,
        change=and_another(unset("kmsKeyId")),
        fails=["log_group_has_its_own_key"],
    ),
    broken(
        "logs are kept for a day",
        LOG_GROUP,
        change=setting("retentionInDays", 1),
        fails=["log_group_keeps_logs_for_a_time"],
        where=lambda group, _: group.get("retentionInDays") >= 365,
    ),
]
GONE = {"name": "gone", "reason": "it was there", "until": "2027-01-01"}
CHOICE_MUTATIONS = [
    broken(
        "a choice names no rule",
        DEMANDS,
        change=setting("demands", {"bundle": "baseline", "rules": {"bucket_is_tidy": {}}}),
        fails=["policy_choice_is_valid"],
    ),
    broken(
        "an exception names no resource",
        DEMANDS,
        change=setting(
            "demands",
            {"bundle": "baseline", "rules": {"bucket_is_closed": {"exceptions": [GONE]}}},
        ),
        fails=["policy_exceptions_name_resources"],
    ),
]
HOP_MUTATIONS = [
    broken(
        "an event's target has no dead-letter queue",
        EVENT_TARGET,
        change=unset("deadLetterConfig"),
        fails=["event_target_has_a_dead_letter_queue"],
        where=lambda target, _: bool(target.get("deadLetterConfig")),
    ),
    broken(
        "a queue that a function reads has no dead-letter queue",
        QUEUE,
        change=unset("redrivePolicy"),
        fails=["queue_of_a_function_has_a_dead_letter_queue"],
        where=lambda queue, _: bool(queue.get("redrivePolicy")),
    ),
    broken(
        "a subscription has no dead-letter queue",
        TOPIC_SUBSCRIPTION,
        change=unset("redrivePolicy"),
        fails=["subscription_has_a_dead_letter_queue"],
    ),
    broken(
        "a function that a clock invoked is invoked by S3",
        FUNCTION_PERMISSION,
        change=setting("principal", "s3.amazonaws.com"),
        fails=["asynchronous_function_keeps_what_failed"],
    ),
    broken(
        "a schedule has no dead-letter queue",
        SCHEDULE,
        change=lambda schedule: setting(
            "target",
            {k: v for k, v in schedule.get("target").items() if k != "deadLetterConfig"},
        )(schedule),
        fails=["schedule_has_a_dead_letter_queue"],
        where=lambda schedule, _: bool(schedule.get("target", "deadLetterConfig")),
    ),
    broken(
        "an alarm about dead letters is not there",
        ALARM,
        change=without,
        fails=["dead_letter_queue_has_an_alarm"],
        where=lambda alarm, _: alarm.get("metricName") == "ApproximateNumberOfMessagesVisible",
    ),
]


def _forwards(rule: Resource, stack: Stack) -> bool:
    return (
        "Backup Job State Change" in (rule.get("eventPattern") or "")
        and not rule.get("eventBusName")
        and any(vault.region == rule.region for vault in stack.of(VAULT))
    )


def _forwards_by(target: Resource, stack: Stack) -> bool:
    return any(_forwards(rule, stack) for rule in stack.behind(target, "rule", EVENT_RULE))


MONITORING_MUTATIONS = [
    *(
        broken(
            f"the rule that forwards {state} leaves them out",
            EVENT_RULE,
            change=lambda rule, state=state: setting(
                "eventPattern", rule.get("eventPattern").replace(f'"{state}"', '"x"')
            )(rule),
            fails=["failed_jobs_are_monitored", *told_too],
            where=_forwards,
        )
        for state, told_too in (
            ("FAILED", ["vault_notifies_of_failures"]),
            ("EXPIRED", []),
            ("ABORTED", []),
        )
    ),
    broken(
        "the rule that forwards jobs is off",
        EVENT_RULE,
        change=setting("state", "DISABLED"),
        fails=["failed_jobs_are_monitored", "vault_notifies_of_failures"],
        where=_forwards,
    ),
    broken(
        "the rule that forwards jobs has no target",
        EVENT_TARGET,
        change=without,
        fails=["failed_jobs_are_monitored", "vault_notifies_of_failures"],
        where=_forwards_by,
    ),
]
ANY_RESOURCE_MUTATIONS = [
    broken(
        "a name is too long",
        TABLE,
        change=and_another(setting("name", "n" * 300)),
        fails=["name_is_within_limits"],
    ),
    broken(
        "a provider lays no tags over a resource",
        *BUCKETS,
        VAULT,
        KEY,
        ROLE,
        change=untagged,
        fails=["resource_has_required_tags"],
    ),
    broken(
        "a table stands in a Region that nobody named",
        TABLE,
        change=and_another(setting("region", "ap-southeast-2")),
        fails=["region_is_allowed"],
    ),
    broken(
        "a stack owns the organization",
        DEMANDS,
        change=lambda demands: [
            demands,
            Resource(
                type="aws:organizations/organization:Organization", name="it", urn="it", props={}
            ),
        ],
        fails=["stack_owns_nothing_that_all_share"],
    ),
    broken(
        "a bucket goes with all that is in it",
        *BUCKETS,
        change=setting("forceDestroy", value=True),
        fails=["data_outlives_its_stack"],
        where=lambda bucket, _: not bucket.get("forceDestroy"),
    ),
]
PLATFORM_MUTATIONS = [
    *RESOURCE_POLICY_MUTATIONS,
    *BUCKET_MUTATIONS,
    *IAM_MUTATIONS,
    *FUNCTION_MUTATIONS,
    *DATA_MUTATIONS,
    *CHOICE_MUTATIONS,
    *HOP_MUTATIONS,
    *MONITORING_MUTATIONS,
    *ANY_RESOURCE_MUTATIONS,
]
