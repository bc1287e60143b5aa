"""Rules about buckets: those of reports, of the lake and of copies hold the same data."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from policies.citations import aws_guide, cis, config_rule, nist, security_hub
from policies.resource_types import (
    ACCESS_BLOCK,
    BUCKET_ENCRYPTION,
    BUCKET_OWNERSHIP,
    BUCKET_POLICY,
    BUCKET_VERSIONING,
    BUCKETS,
    REPORT_PLAN,
)
from policies.resources import UNKNOWN, NotYet, Resource, Stack, names, those
from policies.rule import Aspects, Config, Setting, over_stack
from policies.statements import Statement, has_unknown, statements

_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
_REPORTS_ROLE = re.compile(
    r"arn:aws[a-z-]*:iam::\d{12}:role/aws-service-role/reports\.backup\.amazonaws\.com(\.cn)?/"
    "AWSServiceRoleForBackupReports"
)


@over_stack(
    *BUCKETS,
    severity="critical",
    cites=[
        security_hub("S3.8"),
        nist("AC-3"),
        cis("v5.0.0 2.1.4"),
        config_rule("s3-bucket-level-public-access-prohibited"),
    ],
)
def bucket_is_closed(bucket: Resource, stack: Stack, _: Config) -> Aspects:
    """A bucket blocks public access in all four ways.

    Reports name every resource, vault and role of the organization; the lake and all copies of
    reports hold the same.
    """
    yield _has_none(bucket, stack, "BucketPublicAccessBlock", ACCESS_BLOCK)
    for block in stack.of(ACCESS_BLOCK):
        for name in _BLOCKS:
            yield _leaves_off(block, name, bucket, stack)


def _leaves_off(block: Resource, name: str, bucket: Resource, stack: Stack) -> Iterator[str]:
    if _is_about(block, bucket, stack) and block.get(name) is not True:
        yield f"its BucketPublicAccessBlock leaves {name} off; set it"


@over_stack(
    *BUCKETS,
    severity="medium",
    cites=[security_hub("S3.12"), nist("AC-3"), config_rule("s3-bucket-acl-prohibited")],
)
def bucket_has_no_acls(bucket: Resource, stack: Stack, _: Config) -> Aspects:
    """A bucket enforces its owner's ownership of all objects, and so has no access control lists.

    Else a single object may be open, or another account's, whatever the bucket's policy says.
    """
    yield _has_none(bucket, stack, "BucketOwnershipControls", BUCKET_OWNERSHIP)
    for controls in stack.of(BUCKET_OWNERSHIP):
        yield _leaves_ownership(controls, bucket, stack)


def _leaves_ownership(controls: Resource, bucket: Resource, stack: Stack) -> Iterator[str]:
    if _is_about(controls, bucket, stack):
        ownership = controls.get("rule", "objectOwnership")
        if ownership != "BucketOwnerEnforced":
            yield f"its objectOwnership is {ownership}; set BucketOwnerEnforced"


@over_stack(
    *BUCKETS,
    severity="medium",
    cites=[
        security_hub("S3.17"),
        nist("SC-28(1)"),
        config_rule("s3-default-encryption-kms"),
    ],
    settings={
        "own_key": Setting(
            what="Whether it must be a KMS key of one's own, not S3's",
            schema={"type": "boolean"},
            default=False,
            regulated=True,
        )
    },
)
def bucket_is_encrypted(bucket: Resource, stack: Stack, config: Config) -> Aspects:
    """A bucket says with which key its objects are encrypted.

    S3 encrypts all that says nothing with a key of its own, to which no policy can be written: who
    may read the bucket may read what is in it.
    """
    yield _is_not_encrypted(bucket, stack, own_key=config["own_key"])


def _is_not_encrypted(bucket: Resource, stack: Stack, *, own_key: bool) -> Iterator[str]:
    found = [
        *_with("sseAlgorithm", bucket.props, "serverSideEncryptionConfiguration"),
        *_with("sseAlgorithm", bucket.props, "serverSideEncryptionConfigurations"),
    ]
    for configuration in _about(bucket, stack, *BUCKET_ENCRYPTION):
        found += _with("sseAlgorithm", configuration.props, "rules")
    if not found:
        yield (
            f"the bucket {bucket.name} has no BucketServerSideEncryptionConfiguration; "
            "add one, with a key of yours"
        )
    elif own_key and not any(map(_is_own_key, found)):
        yield "S3's own key encrypts it; set sseAlgorithm aws:kms and kmsMasterKeyId"


def _is_own_key(encryption: Mapping[str, Any]) -> bool:
    key = encryption.get("kmsMasterKeyId")
    if UNKNOWN in (key, encryption["sseAlgorithm"]):
        raise NotYet
    return encryption["sseAlgorithm"] != "AES256" and bool(key) and "alias/aws/" not in str(key)


@over_stack(
    *BUCKETS,
    severity="medium",
    cites=[
        security_hub("S3.5"),
        nist("SC-8"),
        cis("v5.0.0 2.1.1"),
        config_rule("s3-bucket-ssl-requests-only"),
    ],
)
def bucket_takes_tls_only(bucket: Resource, stack: Stack, _: Config) -> Aspects:
    """A bucket's policy denies everybody everything that does not come over TLS.

    To the bucket as to its objects, without exception.
    """
    yield _takes_plain_http(bucket, stack)


def _takes_plain_http(bucket: Resource, stack: Stack) -> Iterator[str]:
    documents = _documents(bucket, stack)
    if not any(_denies_plain_http(one, bucket) for found in documents for one in statements(found)):
        yield (
            f"no policy of the bucket {bucket.name} denies s3:* to everybody where "
            "aws:SecureTransport is false, to the bucket and its objects; add such a statement"
        )


def _denies_plain_http(statement: Statement, bucket: Resource) -> bool:
    name = bucket.get("bucket")
    resources = {resource.rpartition(":::")[2] for resource in statement.resources}
    (condition, *more) = statement.conditions or [None]
    return (
        statement.denies
        and statement.is_for_everybody
        and not statement.all_principals_but
        and not {"*", "s3:*"}.isdisjoint(action.lower() for action in statement.actions)
        and not statement.all_actions_but
        and not statement.all_resources_but
        and ({name, f"{name}/*"} <= resources or not {"*", f"{name}*"}.isdisjoint(resources))
        and condition is not None
        and not more
        and condition.operator in ("bool", "boolifexists")
        and (condition.key, [*condition.values]) == ("aws:securetransport", ["false"])
    )


@over_stack(
    *BUCKETS,
    severity="medium",
    cites=[security_hub("S3.14"), nist("CP-9"), config_rule("s3-bucket-versioning-enabled")],
)
def bucket_is_versioned(bucket: Resource, stack: Stack, _: Config) -> Aspects:
    """A bucket keeps the versions of its objects.

    A report that is overwritten or deleted was evidence; replication needs versions too.
    """
    yield _is_not_versioned(bucket, stack)


def _is_not_versioned(bucket: Resource, stack: Stack) -> Iterator[str]:
    inline = [
        *_with("enabled", bucket.props, "versioning"),
        *_with("enabled", bucket.props, "versionings"),
    ]
    states = [one["enabled"] for one in inline]
    states += [
        versioning.get("versioningConfiguration", "status") == "Enabled"
        for versioning in _about(bucket, stack, *BUCKET_VERSIONING)
    ]
    if UNKNOWN in states:
        raise NotYet
    if not any(states):
        yield f"the bucket {bucket.name} has no BucketVersioning that is Enabled; add one"


@over_stack(
    *BUCKETS,
    severity="high",
    cites=[
        aws_guide(
            "Creating report plans", "aws-backup/latest/devguide/create-report-plan-console.html"
        ),
        nist("AU-9"),
        nist("AC-6"),
    ],
)
def reports_are_delivered_by_backup_alone(bucket: Resource, stack: Stack, _: Config) -> Aspects:
    """A bucket that report plans deliver to lets AWS Backup's reports role put objects, and no one
    else.

    As its guide has it: s3:PutObject to the bucket's objects, with the ACL
    bucket-owner-full-control. Otherwise no report is delivered, or anybody's file passes for one.
    """
    yield _is_not_delivered_to(bucket, stack)
    yield _is_written_by_others(bucket, stack)


def _is_not_delivered_to(bucket: Resource, stack: Stack) -> Iterator[str]:
    if _has_reports(bucket, stack) and not any(
        _is_delivery(one, bucket)
        for document in _documents(bucket, stack)
        for one in statements(document)
    ):
        yield (
            "no statement of its policy is what AWS Backup's guide has: the role "
            "AWSServiceRoleForBackupReports puts objects (s3:PutObject) with the ACL "
            "bucket-owner-full-control; add it"
        )


def _is_written_by_others(bucket: Resource, stack: Stack) -> Iterator[str]:
    if not _has_reports(bucket, stack):
        return
    for document in _documents(bucket, stack):
        for one in statements(document):
            if one.allows and one.covers("s3:PutObject") and not _is_delivery(one, bucket):
                yield f"its policy lets more write among the reports (statement {one.called})"


def _is_delivery(statement: Statement, bucket: Resource) -> bool:
    conditions = [(one.operator, one.key, [*one.values]) for one in statement.conditions]
    name = bucket.get("bucket")
    return (
        statement.allows
        and [kind for kind, _ in statement.principals] == ["AWS"]
        and _REPORTS_ROLE.fullmatch(statement.principals[0][1]) is not None
        and [action.lower() for action in statement.actions] == ["s3:putobject"]
        and not statement.all_actions_but
        and not statement.all_resources_but
        and all(one.rpartition(":::")[2].startswith(f"{name}/") for one in statement.resources)
        and conditions == [("stringequals", "s3:x-amz-acl", ["bucket-owner-full-control"])]
    )


def _has_reports(bucket: Resource, stack: Stack) -> bool:
    path = ("reportDeliveryChannel", "s3BucketName")
    return bool(
        those(stack.of(REPORT_PLAN), lambda plan: names(stack, plan, path, bucket, "bucket"))
    )


def _documents(bucket: Resource, stack: Stack) -> Sequence[Any]:
    """The bucket's policies. Raises NotYet where any part of them is unknown."""
    found = [policy.get("policy") for policy in _about(bucket, stack, BUCKET_POLICY)]
    documents = [*found, bucket.get("policy")]
    if has_unknown(documents):
        raise NotYet
    return documents


def _has_none(bucket: Resource, stack: Stack, called: str, type_: str) -> Iterator[str]:
    if not _about(bucket, stack, type_):
        yield f"the bucket {bucket.name} has no {called}; add one"


def _about(bucket: Resource, stack: Stack, *types: str) -> list[Resource]:
    """Raises NotYet where none is about the bucket, and one still may be."""
    return those(stack.of(*types), lambda one: _is_about(one, bucket, stack))


def _is_about(resource: Resource, bucket: Resource, stack: Stack) -> bool:
    return names(stack, resource, ("bucket",), bucket, "bucket")


def _with(key: str, props: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The structures below a property that have a key, however deep: the SDK's spellings differ.
    Raises NotYet where one is unknown."""
    return [*_deep(key, props.get(name))]


def _deep(key: str, value: Any) -> Iterator[Mapping[str, Any]]:
    if value is UNKNOWN:
        raise NotYet
    if isinstance(value, list):
        for one in cast("list[Any]", value):
            yield from _deep(key, one)
    elif isinstance(value, Mapping):
        structure = cast("Mapping[str, Any]", value)
        if key in structure:
            yield structure
        else:
            for one in structure.values():
                yield from _deep(key, one)
